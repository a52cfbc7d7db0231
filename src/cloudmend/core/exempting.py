"""Timed exemptions: who asked for one, why, and until when."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.contract import Control
from cloudmend.core.errors import InputError
from cloudmend.core.guidance import guided
from cloudmend.core.ledger_records import TimedExemption
from cloudmend.core.model import END_EXEMPTION, EXEMPT, Actor, Attribution, Record, Resource, Words

LONGEST: Final = timedelta(days=30)  # what shall stay open for longer belongs in the policy, where it is reviewed

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_DURATION: Final = re.compile(r"([0-9]{1,4})([mhd])")


class Where(Struct, frozen=True, kw_only=True):
    """A resource, its place, and the control that leaves it open. A field that is not known is empty."""

    group: str
    name: str = ""
    account: str = ""
    region: str = ""
    control: str = ""


class ExemptionRequest(Struct, frozen=True, kw_only=True):
    """A request for an exemption: the reason, and the owner. `caller` is the ARN of the person who asks."""

    owner: str
    reason: str
    duration: timedelta
    caller: str

    def __post_init__(self) -> None:
        if not (self.owner.strip() and self.reason.strip()):
            raise InputError("An exemption needs an owner and a reason. Say why with --reason.")
        if not timedelta() < self.duration <= LONGEST:
            raise InputError(
                f"An exemption lasts from a minute to {LONGEST.days} days, such as 2h. For a longer time, add an "
                "exemption to the policy file."
            )

    def exemption(
        self, exemption_id: str, where: Where, now: datetime, parts: tuple[str, ...] | None = None
    ) -> TimedExemption:
        """Return an exemption of the parts with these values; None: of the whole resource."""
        return TimedExemption(
            id=exemption_id,
            group=where.group,
            name=where.name,
            account=where.account,
            region=where.region,
            control=where.control,
            parts=parts,
            owner=self.owner,
            reason=self.reason,
            expires=now + self.duration,
            created=now,
            created_by=self.caller,
        )


def left_open(exemption: TimedExemption, control: Control[Any] | None) -> str:
    """Return the part of a resource that an exemption leaves open, in words.

    `control` has the words, if it is known.
    """
    if exemption.is_whole:
        return (control.words if control else Words()).whole
    if control and control.marks is None and not exemption.rule:  # its marks are digests, which say nothing to people
        return "what an undo restored"
    return exemption.rule or "; ".join(exemption.parts or ())


def exemption_record(exemption: TimedExemption, control: Control[Any]) -> Record:
    """Return the record of an exemption that a person made, or ended early."""
    by = (exemption.ended_by or "somebody unknown") if exemption.ended else exemption.created_by
    resource = Resource(type=control.resource.type, id=exemption.group, name=exemption.name)
    until = f"until {exemption.expires:%Y-%m-%d %H:%M} UTC: {exemption.reason} ({exemption.owner})"
    left = left_open(exemption, control)
    told = f"{left} is left open {until}"
    if exemption.ended:
        told = f"{left} is no longer exempt, so the next event or sweep closes it; it was exempt {until}"
    record = Record(
        status="exempt",
        control=control.id,
        resource=resource,
        account=exemption.account,
        region=exemption.region,
        event_id="",
        event_name=END_EXEMPTION if exemption.ended else EXEMPT,
        actor=Actor(arn=by),
        attribution=Attribution(who=by, through="cloudmend exempt", where="unknown"),
        run_by=exemption.ended_by if exemption.ended else exemption.created_by,
        summary=f"{control.resource.named(resource)}: {told}.",
        exemption_id=exemption.id,
    )
    return guided(record, control)


def parse_duration(text: str) -> timedelta:
    """Return the duration for a text such as 30m, 2h or 3d. Raises InputError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is not a duration. Write minutes, hours or days, such as 30m, 2h or 3d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
