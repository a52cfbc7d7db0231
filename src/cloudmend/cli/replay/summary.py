"""The findings of a replay, counted one by one, and the exemptions that they suggest.

An episode is a part at fault, from the call that put it at fault to the call that ended that. Only its seconds and its
habit are kept. An exemption is suggested for what seems to be open on purpose.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from cloudmend.cli.replay.calls import Reading
from cloudmend.core.escaping import cut, terminal
from cloudmend.core.model import Attribution
from cloudmend.core.policy.model import Action

LEFT_OPEN: Final = timedelta(days=7)
REOPENED: Final = 3  # times that the same finding was opened
_DAY: Final = 86_400  # seconds
_NAMED: Final = 3  # principals that a suggestion names
_FOREIGN: Final = 200  # characters of each


class Episode(Struct, frozen=True, kw_only=True):
    """A part while it was at fault: what cloudmend would have done at once, and how long it stood open.

    The words for the callers that opened and closed it may be the callers' own.
    """

    control: str
    account: str
    region: str
    resource: str  # its id; of old records, its name
    label: str  # how a sentence calls the resource
    part: str
    opening: str  # its value in words: tcp/22 from 0.0.0.0/0
    why: str
    action: Action
    outcome: str  # what would have been done, and the line of the policy that says so
    event_id: str
    event_name: str
    opened: datetime
    opened_by: Attribution
    principal: str  # ARN of the role or of whoever else opened it
    person: str  # whom to ask about it: the person where the record names one, else the principal; may be empty
    by_stranger: bool  # the principal is of another account than the resource, or not known
    is_older: bool  # than the records: how long it was open before is not known
    note: str = ""  # what else the records do not tell of it, in a sentence
    has_id: bool = True  # False: only the resource's name is known
    closed: datetime | None = None
    closed_by: Attribution | None = None
    closed_with: str = ""  # the name of the call
    seconds_open: int = 0  # until it was closed, else until the records end


class UnjudgedCalls(Struct, frozen=True, kw_only=True):
    """Calls that a control watches, and that a replay cannot judge; `why` stands after "because"."""

    control: str
    calls: int
    why: str


class RecordGaps(Struct, frozen=True, kw_only=True):
    """The gaps of the records."""

    older_parts: int = 0  # changes of parts that the records do not tell the opening of
    nameless: int = 0  # calls that name no resource
    not_judged: tuple[UnjudgedCalls, ...] = ()
    caveats: tuple[str, ...] = ()  # what of the policy the records are too poor for


class Suggestion(Struct, frozen=True, kw_only=True):
    """A resource, and why it may be open on purpose under a control."""

    control: str  # its id
    resource: str
    reasons: tuple[str, ...]
    principals: tuple[str, ...]  # ARNs of those who opened it, the first few

    @property
    def toml(self) -> str:
        """A block for the policy file. It is refused until its owner, reason and expiry are filled in."""
        told = (*self.reasons, *(f"by {principal}" for principal in self.principals))
        comments = "".join(f"# {cut(terminal(line), _FOREIGN)}\n" for line in told)
        scope = f'control = "{self.control}"\nresource = "{self.resource}"'
        return f'{comments}[[exemption]]\n{scope}\nowner = ""\nreason = ""\nexpires = ""\n'


class Subject(NamedTuple):
    """The subject of an exemption: a control, and the id of a resource."""

    control: str
    resource: str


class Habit(Struct):
    """The history of one finding: how often it was opened, how long at most, and by whom. Mutable: it grows."""

    subject: Subject
    opening: str
    has_id: bool = True
    times: int = 0
    longest: int = 0  # seconds
    principals: list[str] = []
    by_stranger: bool = False  # at least once

    def add(self, episode: Episode) -> None:
        """Count one more opening."""
        self.times += 1
        self.longest = max(self.longest, episode.seconds_open)
        self.by_stranger |= episode.by_stranger
        if episode.principal not in self.principals and len(self.principals) < _NAMED:
            self.principals.append(episode.principal)

    @property
    def reason(self) -> str:
        """The reason why it seems to be meant; empty if it does not."""
        often = f"opened {self.times} times" if self.times >= REOPENED else ""
        long = f"left open for {self.longest // _DAY} days" if self.longest >= LEFT_OPEN.total_seconds() else ""
        told = ", ".join(filter(None, (often, long)))
        return f"{self.opening}: {told}" if told else ""


def suggestions(habits: Iterable[Habit]) -> tuple[Suggestion, ...]:
    """Return one for each resource that has a finding which seems to be meant, the likeliest first.

    There is none for a resource without a known id, nor if a stranger opened something of it: an exemption would keep
    that open.
    """
    meant: dict[Subject, list[Habit]] = {}
    strange = set()
    for habit in habits:
        if habit.by_stranger:
            strange.add(habit.subject)
        if habit.reason and habit.has_id:
            meant.setdefault(habit.subject, []).append(habit)
    own = [subject for subject in meant if subject not in strange]
    return tuple(_suggestion(subject, meant) for subject in sorted(own, key=lambda each: (_weight(meant[each]), each)))


def _weight(habits: Iterable[Habit]) -> tuple[int, int]:
    """Return a sort key, smaller if the finding is likelier to be meant: opened more often, or open for longer."""
    return (-sum(habit.times for habit in habits), -max(habit.longest for habit in habits))


def _suggestion(subject: Subject, meant: Mapping[Subject, list[Habit]]) -> Suggestion:
    habits = meant[subject]
    principals = dict.fromkeys(principal for habit in habits for principal in habit.principals if principal)
    reasons = tuple(habit.reason for habit in habits)
    return Suggestion(
        control=subject.control, resource=subject.resource, reasons=reasons, principals=tuple(principals)[:_NAMED]
    )


class Opener(Struct, kw_only=True):
    """A person to ask about findings, and how many there are. Mutable: it grows."""

    person: str  # the person where the records name one, else the ARN of the role or the user; may be empty
    through: str  # what, by the last of the calls
    hint: str  # how its owner keeps it from doing so again
    findings: int = 0
    still_open: int = 0
    is_stranger: bool = False  # of another account than a resource that it opened, or not known

    def add(self, episode: Episode) -> None:
        """Count one more finding."""
        self.findings += 1
        self.still_open += episode.closed is None
        self.is_stranger |= episode.by_stranger
        self.through, self.hint = episode.opened_by.through, episode.opened_by.hint


class Summary(Struct, frozen=True, kw_only=True):
    """A summary of the findings. `version` changes when programs that read it must change."""

    version: int = 3
    read: Reading
    since: datetime | None  # the first call of interest
    findings: int
    would_close: int
    would_report: int
    exempt: int
    by_strangers: int  # findings that somebody of another account opened, or nobody knows who
    still_open: int
    median_seconds_open: int | None  # of those that were closed
    longest_seconds_open: int | None  # of all
    openers: tuple[Opener, ...]  # whom to talk to, first those whose findings are still open, then those with most
    untold: RecordGaps
    exemptions: tuple[Suggestion, ...]


class Tally:
    """A tally. It grows with each finding: eight bytes of time, and what is kept of each habit and principal."""

    def __init__(self) -> None:
        self._actions: Counter[str] = Counter()
        self._openers: dict[str, Opener] = {}
        self._habits: dict[tuple[str, ...], Habit] = {}
        self._seconds_until_closed = array("q")
        self._still_open = 0
        self._by_strangers = 0
        self._longest: int | None = None

    def add(self, episode: Episode) -> None:
        """Count one more finding."""
        self._actions[episode.action] += 1
        self._by_strangers += episode.by_stranger
        self._longest = max(episode.seconds_open, self._longest or 0)
        if episode.closed:
            self._seconds_until_closed.append(episode.seconds_open)
        else:
            self._still_open += 1
        if episode.action != "exempt":
            by = episode.opened_by
            opener = Opener(person=episode.person, through=by.through, hint=by.hint)
            self._openers.setdefault(episode.person, opener).add(episode)
            self._habit(episode).add(episode)

    def _habit(self, episode: Episode) -> Habit:
        place = (episode.control, episode.account, episode.region, episode.resource, episode.opening)
        subject = Subject(episode.control, episode.resource)
        return self._habits.setdefault(place, Habit(subject, episode.opening, episode.has_id))

    def summary(self, read: Reading, *, since: datetime | None, untold: RecordGaps) -> Summary:
        """Return what all findings come to."""
        closed = self._seconds_until_closed
        return Summary(
            read=read,
            since=since,
            findings=self._actions.total(),
            would_close=self._actions["fix"],
            would_report=self._actions["observe"],
            exempt=self._actions["exempt"],
            by_strangers=self._by_strangers,
            still_open=self._still_open,
            median_seconds_open=int(median(closed)) if closed else None,
            longest_seconds_open=self._longest,
            openers=tuple(
                sorted(self._openers.values(), key=lambda each: (-each.still_open, -each.findings, each.person))
            ),
            untold=untold,
            exemptions=suggestions(self._habits.values()),
        )


def finding_line(episode: Episode) -> str:
    """Return a finding as a line."""
    return json.dumps({"kind": "finding", **msgspec.to_builtins(episode)}) + "\n"


def summary_line(summary: Summary) -> str:
    """Return the summary as a line, with its exemptions as blocks for the policy file too."""
    told = msgspec.to_builtins(summary)
    exemptions = [{**msgspec.to_builtins(exemption), "toml": exemption.toml} for exemption in summary.exemptions]
    return json.dumps({"kind": "summary", **told, "exemptions": exemptions}) + "\n"
