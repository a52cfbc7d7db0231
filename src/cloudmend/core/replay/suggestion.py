"""Suggest exemptions before cloudmend is switched on: for findings that seem to be open on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from msgspec import Struct

from cloudmend.core.escaping import cut, terminal
from cloudmend.core.replay.door import Door

LEFT_OPEN: Final = timedelta(days=7)
REOPENED: Final = 3  # times that the same door was opened

_DAY: Final = 86_400  # seconds
_NAMED: Final = 3  # principals that a suggestion names
_FOREIGN: Final = 200  # characters of each


class Suggestion(Struct, frozen=True, kw_only=True):
    """A group, and why it may be open on purpose."""

    control: str  # its id
    group: str
    reasons: tuple[str, ...]
    principals: tuple[str, ...]  # ARNs of those who opened it, the first few

    @property
    def toml(self) -> str:
        """A block for the policy file. It is refused until its owner, reason and expiry are filled in."""
        told = (*self.reasons, *(f"by {principal}" for principal in self.principals))
        comments = "".join(f"# {cut(terminal(line), _FOREIGN)}\n" for line in told)
        scope = f'control = "{self.control}"\nresource = "{self.group}"'
        return f'{comments}[[exemption]]\n{scope}\nowner = ""\nreason = ""\nexpires = ""\n'


class Habit(Struct):
    """How often the same finding of a group was opened, for how long at most, and by whom. Mutable: it grows."""

    group: str
    opening: str
    times: int = 0
    longest: int = 0  # seconds
    principals: list[str] = []
    by_stranger: bool = False  # at least once

    def add(self, door: Door) -> None:
        self.times += 1
        self.longest = max(self.longest, door.seconds_open)
        self.by_stranger |= door.by_stranger
        if door.principal not in self.principals and len(self.principals) < _NAMED:
            self.principals.append(door.principal)

    @property
    def reason(self) -> str:
        """Why it seems to be meant; empty where it does not."""
        often = f"opened {self.times} times" if self.times >= REOPENED else ""
        long = f"left open for {self.longest // _DAY} days" if self.longest >= LEFT_OPEN.total_seconds() else ""
        told = ", ".join(filter(None, (often, long)))
        return f"{self.opening}: {told}" if told else ""


def suggestions(control: str, habits: Iterable[Habit]) -> tuple[Suggestion, ...]:
    """One for each group that has a door which seems to be meant, the likeliest first.

    None for a group that only the name is known of, nor for one of which a stranger opened a door: an exemption would
    keep that open.
    """
    meant: dict[str, list[Habit]] = {}
    strange = set()
    for habit in habits:
        if habit.by_stranger:
            strange.add(habit.group)
        if habit.reason and habit.group.startswith("sg-"):
            meant.setdefault(habit.group, []).append(habit)
    own = [group for group in meant if group not in strange]
    return tuple(
        _suggestion(control, group, meant) for group in sorted(own, key=lambda group: (_weight(meant[group]), group))
    )


def _weight(habits: Iterable[Habit]) -> tuple[int, int]:
    """Less where it is likelier to be meant: it was opened more often, or was open for longer."""
    return (-sum(habit.times for habit in habits), -max(habit.longest for habit in habits))


def _suggestion(control: str, group: str, meant: Mapping[str, list[Habit]]) -> Suggestion:
    principals = dict.fromkeys(principal for habit in meant[group] for principal in habit.principals if principal)
    reasons = tuple(habit.reason for habit in meant[group])
    return Suggestion(control=control, group=group, reasons=reasons, principals=tuple(principals)[:_NAMED])
