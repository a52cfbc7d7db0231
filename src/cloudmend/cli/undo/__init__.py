"""`cloudmend undo`: takes a mend back."""
