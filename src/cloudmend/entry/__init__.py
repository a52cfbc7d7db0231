"""The entry points: the Lambda handlers and the command line. They hold little code."""
