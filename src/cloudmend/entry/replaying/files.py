"""Which files to read, and in which order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from cloudmend.core.errors import InputError

STDIN: Final = "-"

_TAKEN: Final = re.compile(r".*\.(json|jsonl|ndjson)(\.gz)?", re.IGNORECASE)
_OTHER: Final = re.compile(r"CloudTrail-(Digest|Insight)")  # what CloudTrail puts beside a trail's files


class Files(Struct, frozen=True):
    """Those to read, in order, and how many in the folders are none of CloudTrail's."""

    names: tuple[str, ...]
    ignored: int


def find(paths: Sequence[str]) -> Files:
    """Those of a folder by their names, sorted, which is by time; - is standard input. Raises InputError."""
    found = [_files(path) for path in paths]
    return Files(tuple(name for each in found for name in each.names), sum(each.ignored for each in found))


def size(name: str) -> int:
    """In bytes; 0 where that is not known, as of a pipe."""
    return Path(name).stat().st_size if Path(name).is_file() else 0


def _files(path: str) -> Files:
    if path == STDIN or (Path(path).exists() and not Path(path).is_dir()):
        return Files((path,), 0)
    if not Path(path).is_dir():
        raise InputError(f"There is no file or folder {path}. Pass a trail's files, a folder of them, or - for stdin.")
    names = sorted(str(file) for file in Path(path).rglob("*") if file.is_file())
    taken = tuple(name for name in names if _TAKEN.fullmatch(Path(name).name) and not _OTHER.search(name))
    return Files(taken, len(names) - len(taken))
