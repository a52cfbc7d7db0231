"""What cloudmend keeps on this machine, for use from a laptop without a stack."""
