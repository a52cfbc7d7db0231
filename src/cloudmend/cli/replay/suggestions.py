"""Suggest exemptions before cloudmend is switched on: for findings that seem to be open on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from msgspec import Struct

from cloudmend.cli.replay.episode import Episode
from cloudmend.core.escaping import cut, terminal

LEFT_OPEN: Final = timedelta(days=7)
REOPENED: Final = 3  # times that the same finding was opened

_DAY: Final = 86_400  # seconds
_NAMED: Final = 3  # principals that a suggestion names
_FOREIGN: Final = 200  # characters of each


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
