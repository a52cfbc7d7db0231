"""`cloudmend replay`: what cloudmend would have done about the calls in CloudTrail's files. It only reads.

Three steps: the files are read once and their few calls of interest are put in order on disk (reading, sorting);
the calls are followed, group by group, as if cloudmend had watched (doors); the doors are shown (table, or JSON).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Final

from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.errors import CloudmendError
from cloudmend.core.escaping import terminal
from cloudmend.core.model import ApiCall
from cloudmend.core.policy import Policy
from cloudmend.core.replay import Door, Reading, Summary, Tally, door_line, summary_line
from cloudmend.entry.replaying.doors import Doors
from cloudmend.entry.replaying.files import STDIN, find, size
from cloudmend.entry.replaying.reading import Shown, read
from cloudmend.entry.replaying.sorting import SortedCalls

_UNREAD: Final = 10  # files of which the terminal is told


def replay(paths: Sequence[str], policy: Policy, *, as_json: bool) -> int:
    """Write the doors and what they come to. Raises InputError.

    Returns the exit code: 0 where there was something to read and all of it was read and understood, else 1.
    """
    files = find(paths)
    with closing(SortedCalls()) as calls:
        with _progress(files.names) as shown:
            reading = read(files, calls, shown)
        replayed = Replayed(calls, reading, policy)
        _write(replayed, as_json=as_json)
    _tell_unread(reading)
    return 0 if reading.is_whole else 1


def _tell_unread(reading: Reading) -> None:
    """The first of them: a folder of something else has as many as it has files."""
    for unread in reading.unread[:_UNREAD]:
        name = "standard input" if unread.file == STDIN else unread.file
        sys.stderr.write(f"cloudmend: {terminal(name)}: {terminal(unread.error)}\n")
    if more := len(reading.unread[_UNREAD:]):
        sys.stderr.write(f"cloudmend: The same holds for {more:,} more files; --json lists all.\n")


class Replayed:
    """The findings, as an iterator, and then their summary."""

    def __init__(self, calls: SortedCalls, reading: Reading, policy: Policy) -> None:
        self._calls = calls
        self._reading = reading
        self._doors = Doors(policy)
        self.all_clear = CONTROL.all_clear(None, policy)
        self._tally = Tally(CONTROL.id)

    def __iter__(self) -> Iterator[Door]:
        """Yield those that were closed, in the order in which they were, then those that are still open."""
        for door in self._all():
            self._tally.add(door)
            yield door

    @property
    def summary(self) -> Summary:
        doors = self._doors
        return self._tally.summary(
            self._reading,
            since=doors.since,
            older_rules=doors.older_rules,
            prefix_lists=doors.prefix_lists,
            nameless=doors.nameless,
            caveats=doors.caveats,
        )

    def _all(self) -> Iterator[Door]:
        for time, call in self._calls:
            yield from self._closed_by(call, time)
        if self._reading.until:
            yield from self._doors.still_open(self._reading.until)

    def _closed_by(self, call: ApiCall, time: datetime) -> tuple[Door, ...]:
        try:
            return tuple(self._doors.take(call, time))
        except CloudmendError as error:
            self._reading.note(str(error))
            return ()


def _write(replayed: Replayed, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.writelines(door_line(door) for door in replayed)
        sys.stdout.write(summary_line(replayed.summary))
    else:
        from cloudmend.entry.replaying.table import longest, print_replay  # rich: --json does not wait for it

        doors = longest(replayed)
        print_replay(doors, replayed.summary, replayed.all_clear)


@contextmanager
def _progress(files: Sequence[str]) -> Iterator[Shown]:
    """On a terminal, how much was read."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Reading", total=sum(map(size, files)) or None)
        yield lambda done: progress.update(task, completed=done)
