"""`cloudmend replay`: what cloudmend would have done about the calls in CloudTrail's files. It only reads.

Three steps: the files are read once and their few calls of interest are put in order on disk (`sorted_calls`);
the calls are followed, resource by resource, as if cloudmend had watched (`episodes`); the findings are shown (`table`,
or JSON).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Final

from cloudmend.cli.replay.calls import STDIN, Reading, find, size
from cloudmend.cli.replay.episodes import Episodes
from cloudmend.cli.replay.sorted_calls import Shown, SortedCalls, read
from cloudmend.cli.replay.summary import Episode, Summary, Tally, finding_line, summary_line
from cloudmend.controls import every
from cloudmend.core.errors import CloudmendError
from cloudmend.core.escaping import terminal
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.policy.model import Policy

NOWHERE: Final = Resource(type="AWS::Region")
_UNREAD: Final = 10  # the most files that the terminal lists


def replay(paths: Sequence[str], policy: Policy, *, as_json: bool) -> int:
    """Write the findings and their summary. Raises InputError.

    Return the exit code: 0 if there was something to read and all of it was understood, otherwise 1.
    """
    files = find(paths)
    with closing(SortedCalls()) as calls:
        with _progress(files.names) as shown:
            reading = read(files, calls, shown)
        replayed = ReplayOutput(calls, reading, policy)
        _write(replayed, as_json=as_json)
    _tell_unread(reading)
    return 0 if reading.is_whole else 1


def _tell_unread(reading: Reading) -> None:
    """Report the first unread files only: in a folder of other files, none can be read."""
    for unread in reading.unread[:_UNREAD]:
        name = "standard input" if unread.file == STDIN else unread.file
        sys.stderr.write(f"cloudmend: {terminal(name)}: {terminal(unread.error)}\n")
    if more := len(reading.unread[_UNREAD:]):
        sys.stderr.write(f"cloudmend: The same holds for {more:,} more files; --json lists all.\n")


class ReplayOutput:
    """The findings, as an iterator, and then their summary."""

    def __init__(self, calls: SortedCalls, reading: Reading, policy: Policy) -> None:
        self._calls = calls
        self._reading = reading
        self._episodes = Episodes(every(), policy)
        self._policy = policy
        self._tally = Tally()

    def __iter__(self) -> Iterator[Episode]:
        """Yield those that were closed, in the order in which they were, then those that are still open."""
        for episode in self._all():
            self._tally.add(episode)
            yield episode

    @property
    def summary(self) -> Summary:
        """The summary of the findings, after all have been read."""
        episodes = self._episodes
        return self._tally.summary(self._reading, since=episodes.since, untold=episodes.untold)

    @property
    def all_clear(self) -> str:
        """The part of a sentence that says what holds if there is no finding."""
        followed = self._episodes.followed
        told = [each.clear(NOWHERE, None, self._policy.settings_of(each)) for each in followed if each.clear]
        others = ", ".join(each.id for each in followed if not each.clear)
        return "; ".join([*told, *([f"no finding of {others}"] if others else [])]) or "nothing was judged"

    def _all(self) -> Iterator[Episode]:
        for time, call in self._calls:
            yield from self._closed_by(call, time)
        if self._reading.until:
            yield from self._episodes.still_open(self._reading.until)

    def _closed_by(self, call: ApiCall, time: datetime) -> tuple[Episode, ...]:
        try:
            return tuple(self._episodes.take(call, time))
        except CloudmendError as error:
            self._reading.note(str(error))
            return ()


def _write(replayed: ReplayOutput, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.writelines(finding_line(episode) for episode in replayed)
        sys.stdout.write(summary_line(replayed.summary))
    else:
        from cloudmend.cli.replay.table import longest, print_replay  # rich: --json does not wait for it

        episodes = longest(replayed)
        print_replay(episodes, replayed.summary, replayed.all_clear)


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
