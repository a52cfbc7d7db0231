"""cloudmend mends AWS accounts by itself: what was opened to the world is narrowed, proved closed, and can be undone."""
