"""The command line: a folder for each command, and the files of the repository that commands use.

A folder's own module is the command with its options; it imports what the command does when it runs. The files are
the template, the sample event, and the scripts of the walkthrough.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parents[1]
_CLONE: Final = PACKAGE.parents[1]


def is_clone() -> bool:
    """Return whether cloudmend runs from a clone of its repository, and not from an installed package."""
    return (_CLONE / "pyproject.toml").is_file() and (_CLONE / "template.yaml").is_file()


def repository() -> Path:
    """Return the folder with the files: the clone, or the copies that an installed package brings."""
    return _CLONE if is_clone() else PACKAGE / "repository"
