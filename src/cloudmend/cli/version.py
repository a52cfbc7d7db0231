"""`cloudmend version`."""

from __future__ import annotations

import sys

from cloudmend.core.version import CODE_VERSION


def version() -> None:
    """Print the version.

    Example: cloudmend version
    """
    sys.stdout.write(f"cloudmend {CODE_VERSION}\n")
