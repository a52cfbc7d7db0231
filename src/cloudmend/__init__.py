"""cloudmend mends AWS accounts by itself: what was opened to the world is narrowed and proved closed."""
