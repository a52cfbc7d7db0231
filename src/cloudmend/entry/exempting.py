"""`cloudmend exempt`: what is left open on purpose, for a while."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from cloudmend.aws.world import connection
from cloudmend.core.errors import LedgerError
from cloudmend.core.escaping import terminal
from cloudmend.core.exempting import Grounds, parse_duration
from cloudmend.core.ledger import Exemptions, TimedExemption
from cloudmend.core.stored import encode
from cloudmend.entry.ledgers import find_ledger, open_ledger
from cloudmend.entry.screen import Screen
from cloudmend.entry.wording import again, exempted


def add(
    group: str, *, rule: str, duration: str, reason: str, owner: str, ledger: str, region: str | None
) -> TimedExemption:
    """Raises CloudmendError."""
    lasting = parse_duration(duration)
    here = connection(region)
    caller = here.caller()
    grounds = Grounds(owner=owner or caller, reason=reason, duration=lasting, caller=caller)
    exemption = grounds.exemption(f"exempt-{secrets.token_hex(4)}", group, here.clock.now(), rule)
    open_ledger(ledger, region).exempt(exemption)
    return exemption


def tell(exemptions: Iterable[TimedExemption], *, as_json: bool) -> None:
    """One a line: in words, or as they are stored."""
    for each in exemptions:
        if as_json:
            sys.stdout.write(f"{encode(each).decode()}\n")
        else:
            Screen().say(terminal(each.id), "exempts", exempted(each))


def show(ledger: str, region: str | None, *, as_json: bool) -> int:
    """The exit code: 1 where one cannot be read. Raises CloudmendError."""
    searched = find_ledger(ledger, region)
    found = searched.ledger.exemptions(datetime.now(UTC)) if searched.ledger else Exemptions(())
    tell(found.held, as_json=as_json)
    if not found.held:
        sys.stderr.write(f"cloudmend: {terminal(searched.nothing('No exemption holds'))}\n")
    sys.stderr.writelines(f"cloudmend: {terminal(problem)}\n" for problem in found.unreadable)
    return 1 if found.unreadable else 0


def remove(exemption_id: str, ledger: str, region: str | None) -> None:
    """Raises CloudmendError."""
    searched = find_ledger(ledger, region)
    if not (searched.ledger and searched.ledger.remove_exemption(exemption_id)):
        held = again("exempt", "list", ledger=ledger, region=region)
        raise LedgerError(searched.nothing(f"There is no exemption {exemption_id}", f"{held} shows those that hold."))
    sys.stdout.write(f"{exemption_id} is removed: the next event or sweep closes what it left open.\n")
