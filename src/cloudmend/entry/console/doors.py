"""What is open now, and what the ledger says about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from cloudmend.core.ledger import Exemptions, TimedExemption
from cloudmend.core.scan import Row, Unread
from cloudmend.entry.console.surroundings import Surroundings
from cloudmend.entry.scanning import read


class Door(Struct, frozen=True):
    """A rule at fault, and the exemption in the ledger that leaves it open, if one does."""

    row: Row
    exemption: TimedExemption | None

    @property
    def action(self) -> str:
        """fix, observe or exempt."""
        return "exempt" if self.exemption else self.row.action


class Doors(Struct, frozen=True, kw_only=True):
    """All of them as they were at one moment. What could not be read is told, and hides nothing else."""

    at: datetime
    regions: tuple[str, ...]
    found: tuple[Door, ...]
    unread: tuple[Unread, ...]
    unreadable: tuple[str, ...]  # exemptions; they exempt nothing

    @property
    def counted(self) -> int:
        """How many are not left open on purpose."""
        return sum(door.action != "exempt" for door in self.found)


def look(around: Surroundings) -> Doors:
    """Asks AWS and the ledger. Raises CloudmendError where the ledger cannot be read."""
    now = around.clock.now()
    exemptions = around.ledger.exemptions(now)
    report = read(around.readers, around.policy, now, quiet=True)
    return Doors(
        at=now,
        regions=report.regions,
        found=tuple(Door(row, next(_exemptions_of(row, exemptions), None)) for row in report.rows),
        unread=report.unread,
        unreadable=exemptions.unreadable,
    )


def _exemptions_of(row: Row, exemptions: Exemptions) -> Iterator[TimedExemption]:
    return (each for each in exemptions.held if each.group == row.group and each.rule in ("", row.rule))
