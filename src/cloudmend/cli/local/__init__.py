"""`cloudmend local`: the embedded AWS in the foreground."""
