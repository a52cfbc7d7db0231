"""Check that the ledger's items can be read, and that mends that did not end are completed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from cloudmend.core.doctor.check import Answer, Verdict
from cloudmend.core.escaping import plain
from cloudmend.core.ledger import Entries, Exemptions, Found
from cloudmend.core.scan import plural

_FORGOTTEN: Final = timedelta(days=1)  # a mend that did not end is completed by the next try, or by a sweep
_TEXT: Final = 400  # characters of a problem


def records(open_intents: Iterable[Found], exemptions: Exemptions, now: datetime) -> Answer:
    """Judge the mends that did not end, and the exemptions."""
    entries = Entries(open_intents)
    left = [entry for entry in entries if entry.opened < now - _FORGOTTEN]
    unread = [*(each.problem for each in entries.unreadable), *exemptions.unreadable]
    if unread:
        others = f" {len(unread) - 1:,} more cannot be read." if len(unread) > 1 else ""
        verdict: Verdict = "broken" if entries.unreadable else "warning"
        return Answer(verdict, f"{plain(unread[0], _TEXT)}{others}")
    if left:
        return Answer(
            "warning",
            f"{plural(len(left), 'mend')} did not end, and no sweep completed them. The oldest is {left[0].id}. "
            "Check that the sweep looks at its Region, and read the sweep's last errors.",
        )
    return Answer("ok", "All exemptions in the ledger, and all mends that did not end, can be read.")
