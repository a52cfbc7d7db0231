"""A target of the engine, and the end of its walk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from cloudmend.core import contract
from cloudmend.core.call import Call
from cloudmend.core.ledger import Entry
from cloudmend.core.model import ApiCall, Resource, Status, Step
from cloudmend.core.standing import StandingFound, UnitState

# If a finding was mended so many times within the hour before, its resource is flapping.
FLAPPING_AFTER: Final = 2
FLAP_WINDOW: Final = timedelta(hours=1)


class Target(Struct, frozen=True, kw_only=True):
    """A control and a resource, and the call that led there. `swept`: no event did.

    `named` are the parts that the event named, if a read need not wait for them any more. `unit` is the sweep's
    knowledge of the whole unit. Without it, the walk reads the ledger for the resource alone.
    """

    control: contract.Control[Any]
    resource: Resource
    cause: ApiCall
    swept: bool = False
    named: tuple[str, ...] = ()
    unit: UnitState | None = None

    @property
    def opened(self) -> tuple[str, ...]:
        """The parts that the call opened, as far as the event names them."""
        return self.named or self.resource.parts

    @property
    def account(self) -> str:
        """The account of the resource, as far as it is known."""
        return self.resource.account or self.cause.account


class Ended(Struct, frozen=True, kw_only=True):
    """The end of a walk, for the record. `again`: another part is at fault by now, and is mended next.

    `told` is the sentence to use if the findings and steps have none; for a failure, it is the problem. `notes` maps a
    part to the reason why it was mended in another way than planned.
    """

    target: Target
    status: Status
    told: str = ""
    decision: str = ""  # the line of the policy that applied
    findings: tuple[contract.Finding, ...] = ()
    remaining: tuple[contract.Finding, ...] = ()
    planned: tuple[Step, ...] = ()  # what would have been done
    steps: tuple[Step, ...] = ()  # what was done
    notes: Mapping[str, str] = {}
    undo: tuple[Call, ...] = ()  # what takes that back, in order
    errors: tuple[str, ...] = ()
    entry: Entry | None = None
    flaps: int = 0
    budget_spent: bool = False
    retry_at: datetime | None = None
    late: str = ""  # what AWS does not show yet of what the event tells, in a sentence
    unreadable: tuple[str, ...] = ()  # exemptions
    ledger_unreadable: tuple[str, ...] = ()
    exempt_aside: bool = False  # parts are exempt by themselves
    unsure: bool = False  # whether a write took effect is not known, so that the entry stays open
    view: contract.View | None = None  # what was seen last
    settings: Any = None  # by which that was judged
    again: bool = False
    given_up: bool = False  # nothing was done, and the next walk goes on: nobody is told
    baseline: tuple[contract.Finding, ...] = ()  # left as it was before cloudmend
    only_baseline: bool = False  # nothing else is at fault: `findings` are the same
    spared: tuple[contract.Finding, ...] = ()  # left as it is by an exemption of the part
    stood: Callable[[], StandingFound | None] | None = None  # what stood before; None: that was not asked

    @property
    def is_flapping(self) -> bool:
        return self.flaps >= FLAPPING_AFTER

    @property
    def tags_left_out(self) -> bool:
        """True if the before-image was stored without tags, because the ledger had no room for them."""
        return bool(self.entry and self.entry.intent.tags_left_out)
