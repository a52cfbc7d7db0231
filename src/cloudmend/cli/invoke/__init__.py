"""`cloudmend invoke`: an event handled here, or by a deployed function."""
