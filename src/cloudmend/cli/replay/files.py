"""Choose the files to read and their order, and count what was read of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from cloudmend.core.errors import InputError

STDIN: Final = "-"

# Files of CloudTrail's and of people's own; CloudWatch Logs' exports (000000.gz), and what Firehose writes.
_TAKEN: Final = re.compile(
    r".*\.(json|jsonl|ndjson|csv)(\.gz)?|\d+\.gz|.*-\d{4}(-\d\d){5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.gz)?",
    re.IGNORECASE,
)
_OTHER: Final = re.compile(r"CloudTrail-(Digest|Insight)")  # what CloudTrail puts beside a trail's files
_ELSEWHERE: Final = re.compile(r"(?P<bucket>s3://\S+)|arn:|[a-z0-9+.-]+://", re.IGNORECASE)


class Files(Struct, frozen=True):
    """The files to read, in order; the number of other files in the folders; and folders without CloudTrail's files."""

    names: tuple[str, ...]
    ignored: int = 0
    unread: tuple[UnreadableFile, ...] = ()


def find(paths: Sequence[str]) -> Files:
    """Return those of a folder by their names, sorted, which is by time; - is standard input. Raises InputError."""
    found = [_files(path) for path in paths]
    return Files(
        tuple(name for each in found for name in each.names),
        sum(each.ignored for each in found),
        tuple(unread for each in found for unread in each.unread),
    )


def size(name: str) -> int:
    """Return the size in bytes; 0 if it is not known, as for a pipe."""
    return Path(name).stat().st_size if Path(name).is_file() else 0


def _files(path: str) -> Files:
    if path == STDIN or (Path(path).exists() and not Path(path).is_dir()):
        return Files((path,))
    if not Path(path).is_dir():
        raise InputError(_missing(path))
    names = sorted(str(file) for file in Path(path).rglob("*") if file.is_file())
    taken = tuple(name for name in names if _TAKEN.fullmatch(Path(name).name) and not _OTHER.search(name))
    ignored = len(names) - len(taken)
    return Files(taken, ignored, () if taken else (UnreadableFile(file=path, error=_empty(ignored)),))


def _missing(path: str) -> str:
    """A sentence that says what to do instead; an address of S3's is one of a bucket."""
    elsewhere = _ELSEWHERE.match(path)
    if not elsewhere:
        return f"There is no file or folder {path}. Pass a trail's files, a folder of them, or - for standard input."
    source = shlex.quote(path) if elsewhere["bucket"] else "s3://BUCKET/PREFIX"
    is_file = elsewhere["bucket"] and _TAKEN.fullmatch(path.rpartition("/")[2])
    copy = f"aws s3 cp {source} trail/" if is_file else f"aws s3 sync {source} trail"
    return (
        f"{path} is not on this machine, and replay reads nothing from AWS. Copy it first: {copy} and then run: "
        "cloudmend replay trail"
    )


def _empty(others: int) -> str:
    if not others:
        return "The folder is empty."
    return (
        f"None of the {others:,} files in the folder has a name that ends in .json, .jsonl, .ndjson or .csv, with or "
        "without .gz. Pass a file by its name to read it all the same."
    )


class UnreadableFile(Struct, frozen=True, kw_only=True):
    """A file that could not be read whole, or a folder without any file; and why."""

    file: str
    error: str


class Reading(Struct, kw_only=True):
    """The progress of reading files. Mutable: it grows."""

    files: int = 0
    ignored_files: int = 0  # in folders: what is no CloudTrail file by its name
    records: int = 0
    calls: int = 0  # that controls watch, or that end what they find; each once
    failed: int = 0  # calls that AWS refused
    repeated: int = 0  # delivered more than once
    not_understood: int = 0
    first_not_understood: str = ""
    until: datetime | None = None  # the latest moment that a record tells
    unread: list[UnreadableFile] = []

    @property
    def is_whole(self) -> bool:
        """True if there was something to read, and all of it was read and understood."""
        return bool(self.records) and not self.unread and not self.not_understood

    def note(self, problem: str, records: int = 1) -> None:
        """Count records that cannot be understood, the first of them because of the problem."""
        self.not_understood += records
        self.first_not_understood = self.first_not_understood or problem

    def reach(self, moment: datetime) -> None:
        self.until = max(moment, self.until or moment)
