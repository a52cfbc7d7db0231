"""`cloudmend version`."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version


def version() -> None:
    """Print the version.

    Example: cloudmend version
    """
    sys.stdout.write(f"cloudmend {installed_version('cloudmend')}\n")
