"""`cloudmend records`: what a ledger holds."""
