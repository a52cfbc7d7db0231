"""`cloudmend exempt`: what is left open on purpose, for a while."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec

from cloudmend.aws.world import connection
from cloudmend.cli.ledgers import StackNotifier, find_ledger, open_ledger
from cloudmend.cli.messages import again, exempted
from cloudmend.cli.screen import Screen
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.marks import check_group_id, find_group, mark_named
from cloudmend.core.errors import CloudmendError, LedgerError
from cloudmend.core.escaping import terminal
from cloudmend.core.exempting import ExemptionRequest, Where, parse_duration
from cloudmend.core.ledger import Ledger
from cloudmend.core.ledger_records import Exemptions, TimedExemption
from cloudmend.core.notice.event import NoticeRequest
from cloudmend.core.stored import encode
from cloudmend.core.ulid import SHORTEST, typed


def add(
    group: str,
    *,
    rule: str,
    duration: str,
    reason: str,
    owner: str,
    ledger: str,
    region: str | None,
    group_region: str | None,
) -> TimedExemption:
    """Add an exemption. `rule` is an id, or a rule in words; empty for the whole group. Raises CloudmendError."""
    lasting = parse_duration(duration)
    check_group_id(group)
    here, there = connection(region), connection(group_region or region)
    caller = here.caller()
    grounds = ExemptionRequest(owner=owner or caller, reason=reason, duration=lasting, caller=caller)
    row = find_group(group, there.gateway, there.region)
    parts = (mark_named(rule, group, there.gateway),) if rule else None
    where = Where(group=group, name=row["GroupName"], account=row["OwnerId"], region=there.region, control=CONTROL.id)
    exemption = grounds.exemption(f"exempt-{secrets.token_hex(4)}", where, here.clock.now(), parts)
    open_ledger(ledger, region).exempt(exemption)
    StackNotifier(ledger, region).tell(NoticeRequest(exemption=exemption.id))
    return exemption


def tell(exemptions: Iterable[TimedExemption], *, as_json: bool) -> None:
    """Write one exemption a line: in words, or as JSON in its stored form."""
    for each in exemptions:
        if as_json:
            sys.stdout.write(f"{encode(each).decode()}\n")
        else:
            Screen().say(terminal(each.id), "exempts", exempted(each), hang=2)


def show(ledger: str, region: str | None, *, as_json: bool) -> int:
    """Write the active exemptions. Return the exit code: 1 if one cannot be read. Raises CloudmendError."""
    searched = find_ledger(ledger, region)
    found = searched.ledger.exemptions(datetime.now(UTC)) if searched.ledger else Exemptions(())
    tell(found.held, as_json=as_json)
    sys.stderr.writelines(f"cloudmend: {terminal(problem)}\n" for problem in found.problems)
    if not found.held:
        none = "No exemption that can be read is active" if found.unreadable else "No exemption is active"
        sys.stderr.write(f"cloudmend: {terminal(searched.nothing(none))}\n")
    return 1 if found.unreadable else 0


def remove(exemption_id: str, ledger: str, region: str | None) -> None:
    """End an exemption. Raises CloudmendError."""
    searched, stack = find_ledger(ledger, region), StackNotifier(ledger, region)
    exemption_id = _meant(exemption_id, searched.ledger)
    found = searched.ledger and end(
        exemption_id, searched.ledger, stack, lambda: connection(region).caller(), datetime.now(UTC)
    )
    if not found:
        held = again("exempt", "list", ledger=ledger, region=region)
        raise LedgerError(searched.nothing(f"There is no exemption {exemption_id}", f"{held} shows the active ones."))
    sys.stdout.write(f"{exemption_id} is removed. The next event or sweep mends what it left open.\n")


def _meant(text: str, ledger: Ledger | None) -> str:
    """Return the id of the exemption, active or unreadable, that begins with `text`; if there is none, `text` itself.

    Raises CloudmendError, also if several ids begin so.
    """
    if ledger is None or len(text) < SHORTEST:
        return text
    known = ledger.exemptions(datetime.now(UTC))
    ids = [*(each.id for each in known.held), *(each.id for each in known.unreadable)]
    found = [each for each in ids if each.startswith((text, typed(text)))]
    if text in found or not found:
        return text
    if len(found) > 1:
        raise LedgerError(
            f"{len(found)} exemptions have an id that begins with {text}: {', '.join(sorted(found))}. Pass more "
            "characters of one."
        )
    return found[0]


def end(exemption_id: str, ledger: Ledger, stack: StackNotifier, caller: Callable[[], str], now: datetime) -> bool:
    """End an exemption; return whether there was one.

    The ledger keeps an active exemption, with the person who ended it and the time. It removes an exemption that cannot
    be read or has expired.
    """
    held = {exemption.id: exemption for exemption in ledger.exemptions(now).held}
    if exemption := held.get(exemption_id):
        ledger.exempt(msgspec.structs.replace(exemption, ended=now, ended_by=_known(caller)))
        stack.tell(NoticeRequest(exemption=exemption_id))
        return True
    return ledger.remove_exemption(exemption_id)


def _known(caller: Callable[[], str]) -> str:
    """Return the person who ends an exemption; empty if unknown, because an unknown caller must not stop the end."""
    try:
        return caller()
    except CloudmendError:
        return ""
