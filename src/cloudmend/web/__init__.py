"""Pages: the report of a scan as one file, and the console."""
