"""Doors, counted one by one as they come: nothing is kept of a door but its seconds and its habit."""

from __future__ import annotations

from array import array
from collections import Counter
from datetime import datetime
from statistics import median

from msgspec import Struct

from cloudmend.core.replay.door import Door
from cloudmend.core.replay.reading import Reading
from cloudmend.core.replay.suggestion import Habit, Suggestion, suggestions


class Summary(Struct, frozen=True, kw_only=True):
    """What the doors come to. `version` changes when a reader of it would have to."""

    version: int = 1
    read: Reading
    since: datetime | None  # the first call that changed a group
    doors: int
    would_close: int
    would_report: int
    exempt: int
    still_open: int
    median_seconds_open: int | None  # of the doors that were closed
    longest_seconds_open: int | None  # of all
    opened_by: dict[str, int]  # doors by the ARN of who opened them, those with most first
    older_rules: int  # changes of rules that the records do not tell the opening of
    prefix_lists: int  # changes of prefix lists, which were not judged
    nameless: int  # calls that tell no group
    caveats: tuple[str, ...]  # what of the policy the records are too poor for
    exemptions: tuple[Suggestion, ...]


class Tally:
    """Grows with each door: eight bytes of time, and what is kept of each habit and principal."""

    def __init__(self) -> None:
        self._actions: Counter[str] = Counter()
        self._principals: Counter[str] = Counter()
        self._habits: dict[tuple[str, ...], Habit] = {}
        self._seconds_until_closed = array("q")
        self._still_open = 0
        self._longest: int | None = None

    def add(self, door: Door) -> None:
        self._actions[door.action] += 1
        self._principals[door.principal] += 1
        self._longest = max(door.seconds_open, self._longest or 0)
        if door.closed:
            self._seconds_until_closed.append(door.seconds_open)
        else:
            self._still_open += 1
        if door.action != "exempt":
            place = (door.account, door.region, door.group, door.opening)
            self._habits.setdefault(place, Habit(door.group, door.opening)).add(door)

    def summary(
        self,
        read: Reading,
        *,
        since: datetime | None,
        older_rules: int,
        prefix_lists: int,
        nameless: int,
        caveats: tuple[str, ...],
    ) -> Summary:
        closed = self._seconds_until_closed
        return Summary(
            read=read,
            since=since,
            doors=self._actions.total(),
            would_close=self._actions["fix"],
            would_report=self._actions["observe"],
            exempt=self._actions["exempt"],
            still_open=self._still_open,
            median_seconds_open=int(median(closed)) if closed else None,
            longest_seconds_open=self._longest,
            opened_by=dict(self._principals.most_common()),
            older_rules=older_rules,
            prefix_lists=prefix_lists,
            nameless=nameless,
            caveats=caveats,
            exemptions=suggestions(self._habits.values()),
        )
