"""`cloudmend fix`: closes what is open, after the plan was shown and agreed to."""
