"""The findings as of now, and what cloudmend would do about them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from cloudmend.core.scan import Report
from cloudmend.entry.console.surroundings import Surroundings
from cloudmend.entry.scanning import Controls, look_everywhere, report_of
from cloudmend.entry.standing import Brief, Standing


class Doors(Struct, frozen=True, kw_only=True):
    """The findings as they were at one moment. `unreadable` are exemptions that exempt nothing, each as a sentence."""

    at: datetime
    report: Report
    controls: Controls
    unreadable: tuple[str, ...]


def look(around: Surroundings) -> Doors:
    """Ask AWS and the ledger. Raises CloudmendError if the ledger cannot be read."""
    now = around.clock.now()
    exemptions = around.ledger.exemptions(now)
    standing = Standing(exemptions=exemptions, ledger=around.ledger)
    brief = Brief(around.policy, now, standing, account=around.account())
    report = report_of(look_everywhere(around.readers, around.controls, brief, quiet=True))
    return Doors(at=now, report=report, controls=around.controls, unreadable=exemptions.unreadable)
