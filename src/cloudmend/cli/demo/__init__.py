"""`cloudmend demo`: the walkthrough on the embedded AWS."""
