"""A file for each command: thin, it reads its arguments, calls the house, and exits.

What a command needs is imported when it runs, so that no other waits for it.
"""
