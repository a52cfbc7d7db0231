"""`cloudmend exempt`: what is left open on purpose, for a while."""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.aws.world import connection
from cloudmend.cli.ledgers import StackNotifier, find_ledger, open_ledger
from cloudmend.cli.messages import again, exempted
from cloudmend.cli.screen import Screen
from cloudmend.cli.subjects import Subject, named_resources
from cloudmend.controls import by_id, ids
from cloudmend.core.contract import Control, State, View
from cloudmend.core.errors import CloudmendError, InputError, LedgerError
from cloudmend.core.escaping import terminal
from cloudmend.core.exempting import ExemptionRequest, Where, parse_duration
from cloudmend.core.ledger import Ledger
from cloudmend.core.ledger_records import Exemptions, TimedExemption
from cloudmend.core.model import SWEEP, ApiCall, Resource
from cloudmend.core.notice.event import NoticeRequest
from cloudmend.core.planning import judge, mark
from cloudmend.core.ports import Reader
from cloudmend.core.stored import encode
from cloudmend.core.ulid import SHORTEST, typed

_SHOWN: Final = 5  # parts in a message


class _Found(Struct, frozen=True):
    """A resource that is there, under one control."""

    control: Control[Any]
    resource: Resource
    state: State


def add(
    named: str,
    *,
    part: str,
    control: str,
    duration: str,
    reason: str,
    owner: str,
    ledger: str,
    region: str | None,
    resource_region: str | None,
) -> TimedExemption:
    """Add an exemption of a resource. `part` is an id, or a mark; empty for all of it. Raises CloudmendError."""
    lasting, subjects = parse_duration(duration), _watched(named, control)
    here, there = connection(region), connection(resource_region or region)
    caller = here.caller()
    grounds = ExemptionRequest(owner=owner or caller, reason=reason, duration=lasting, caller=caller)
    found = _found(named, subjects, there.gateway, there.region, here.identity().account)
    parts = _marks(part, found, here.clock.now()) if part else None
    where = Where(
        group=found.resource.id,
        name=found.state.labels.get("name", ""),
        account=found.state.owner or found.resource.account,
        region=there.region,
        control=found.control.id,
    )
    exemption = grounds.exemption(f"exempt-{secrets.token_hex(4)}", where, here.clock.now(), parts)
    open_ledger(ledger, region).exempt(exemption)
    StackNotifier(ledger, region).tell(NoticeRequest(exemption=exemption.id))
    return exemption


def _watched(named: str, control: str) -> Sequence[Subject]:
    """Return what a text may name, under one control or all. Raises InputError."""
    subjects = named_resources(named)
    if control and control not in ids():
        raise InputError(f"There is no control {control!r}. There are: {', '.join(ids())}.")
    if not (chosen := [each for each in subjects if control in ("", each.control.id)]):
        raise InputError(f"{named} is no {by_id(control).resource.noun}, and {control} watches nothing else.")
    return chosen


def _found(named: str, subjects: Sequence[Subject], reader: Reader, region: str, account: str) -> _Found:
    """Return the one resource that is there. Raises InputError, and CloudmendError for one that cannot be read.

    `account` is the caller's: the resource's, unless its ARN names another.
    """
    there = list(_existing(subjects, reader, region, account))
    if not there:
        nouns = " or ".join(dict.fromkeys(each.control.resource.noun for each in subjects))
        raise InputError(f"There is no {nouns} {named} in {region}. Nothing was changed. Is it in another Region?")
    if len(there) > 1:
        several = " and ".join(f"a {each.control.resource.noun} ({each.control.id})" for each in there)
        raise InputError(f"{named} is the name of {several}. Nothing was changed. Choose one with --control.")
    return there[0]


def _existing(subjects: Sequence[Subject], reader: Reader, region: str, account: str) -> Iterator[_Found]:
    for each in subjects:
        own, noun = each.resource.account or account, each.control.resource.noun
        resource = msgspec.structs.replace(each.resource, region=region, account=own)
        try:
            state = each.control.read(resource, reader, each.control.settings())
        except CloudmendError as error:
            if len(subjects) == 1:
                raise
            raise CloudmendError(
                f"{noun} {resource.id}: {error} Nothing was changed. If you mean another kind of resource, "
                "choose its control with --control."
            ) from error
        if state:
            yield _Found(each.control, resource, state)


def _marks(part: str, found: _Found, now: datetime) -> tuple[str, ...]:
    """Return the marks of a part: of its id, or as it was typed, also if it is not there yet. Raises InputError."""
    control, state = found.control, found.state
    if part in state.parts:
        own = mark(control, part, state.parts[part])
        return (min(control.marks(state)[part], key=len),) if control.marks else (_faults(part, found, now) or (own,))
    if control.parse_mark and not (control.part_ids and re.fullmatch(control.part_ids.pattern, part, re.ASCII)):
        return (control.parse_mark(part),)
    some = ", ".join(sorted(state.parts)[:_SHOWN]) or "none"
    raise InputError(f"{found.resource.id} has no part {part!r}. Nothing was changed. Its parts: {some}.")


def _faults(part: str, found: _Found, now: datetime) -> tuple[str, ...]:
    """Return the marks of what is at fault in a part: a policy is one part, and has a mark for each statement."""
    cause = ApiCall(event_id="", source="cloudmend", name=SWEEP, time=None, account="", region=found.resource.region)
    view = View(resource=found.resource, state=found.state, cause=cause, now=now)
    judged = judge(found.control, view, found.control.settings()).counted
    return tuple(dict.fromkeys(each.mark for each in judged if each.part == part))


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
