"""The ledger on this machine, for use without a stack."""
