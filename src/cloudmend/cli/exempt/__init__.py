"""`cloudmend exempt`: what is left open on purpose, for a while."""
