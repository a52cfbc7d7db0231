"""Where the outside calls in: the Lambda handlers and the command line. Thin."""
