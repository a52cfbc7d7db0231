"""The handlers over an account in memory: the command line is held against what they do."""

from lambda_.conftest import deployed

__all__ = ["deployed"]
