"""Count findings one by one: only the seconds and the habit of a finding are kept."""

from __future__ import annotations

from array import array
from collections import Counter
from datetime import datetime
from statistics import median

from msgspec import Struct

from cloudmend.core.replay.door import Door
from cloudmend.core.replay.reading import Reading
from cloudmend.core.replay.suggestion import Habit, Suggestion, suggestions


class Opener(Struct, kw_only=True):
    """A person to ask about findings, and how many there are. Mutable: it grows."""

    person: str  # the person where the records name one, else the ARN of the role or the user; may be empty
    through: str  # what, by the last of the calls
    hint: str  # how its owner keeps it from doing so again
    doors: int = 0
    still_open: int = 0
    is_stranger: bool = False  # of another account than a group that it opened, or not known

    def add(self, door: Door) -> None:
        self.doors += 1
        self.still_open += door.closed is None
        self.is_stranger |= door.by_stranger
        self.through, self.hint = door.opened_by.through, door.opened_by.hint


class Summary(Struct, frozen=True, kw_only=True):
    """A summary of the findings. `version` changes when programs that read it must change."""

    version: int = 2
    read: Reading
    since: datetime | None  # the first call that changed a group
    doors: int
    would_close: int
    would_report: int
    exempt: int
    by_strangers: int  # doors that somebody of another account opened, or nobody knows who
    still_open: int
    median_seconds_open: int | None  # of the doors that were closed
    longest_seconds_open: int | None  # of all
    openers: tuple[Opener, ...]  # whom to talk to, first those whose doors are still open, then those with most
    older_rules: int  # changes of rules that the records do not tell the opening of
    prefix_lists: int  # changes of prefix lists, which were not judged
    nameless: int  # calls that tell no group
    caveats: tuple[str, ...]  # what of the policy the records are too poor for
    exemptions: tuple[Suggestion, ...]


class Tally:
    """A tally. It grows with each finding: eight bytes of time, and what is kept of each habit and principal."""

    def __init__(self, control: str) -> None:
        self._control = control
        self._actions: Counter[str] = Counter()
        self._openers: dict[str, Opener] = {}
        self._habits: dict[tuple[str, ...], Habit] = {}
        self._seconds_until_closed = array("q")
        self._still_open = 0
        self._by_strangers = 0
        self._longest: int | None = None

    def add(self, door: Door) -> None:
        self._actions[door.action] += 1
        self._by_strangers += door.by_stranger
        self._longest = max(door.seconds_open, self._longest or 0)
        if door.closed:
            self._seconds_until_closed.append(door.seconds_open)
        else:
            self._still_open += 1
        if door.action != "exempt":
            by = door.opened_by
            opener = Opener(person=door.person, through=by.through, hint=by.hint)
            self._openers.setdefault(door.person, opener).add(door)
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
            by_strangers=self._by_strangers,
            still_open=self._still_open,
            median_seconds_open=int(median(closed)) if closed else None,
            longest_seconds_open=self._longest,
            openers=tuple(
                sorted(self._openers.values(), key=lambda each: (-each.still_open, -each.doors, each.person))
            ),
            older_rules=older_rules,
            prefix_lists=prefix_lists,
            nameless=nameless,
            caveats=caveats,
            exemptions=suggestions(self._control, self._habits.values()),
        )
