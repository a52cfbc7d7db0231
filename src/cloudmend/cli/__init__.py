"""The command line: `main` finds a command, and each feature is a folder with its command and its pure modules."""
