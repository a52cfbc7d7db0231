"""The records that were read, and those that could not be."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Unread(Struct, frozen=True, kw_only=True):
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
    unread: list[Unread] = []

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
