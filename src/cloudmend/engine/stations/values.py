"""The values that pass between the stations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.contract import Finding, State, View
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger_records import Exemptions, LedgerRecord
from cloudmend.core.model import Step
from cloudmend.core.planning import Covers, Plan
from cloudmend.core.policy.model import Decision, Mode
from cloudmend.core.ports import Call
from cloudmend.core.standing import Before, StandingFound
from cloudmend.core.target import Outcome, Target

Answer = Callable[[], State | None]
NOT_SURE: Final = "the ledger does not say whether it was there before cloudmend, and the next look asks again"


class Recent(Struct, frozen=True):
    """The mends begun at a resource within FLAP_WINDOW, by its control, and why some of them cannot be read."""

    entries: tuple[LedgerRecord, ...] = ()
    unreadable: tuple[str, ...] = ()


class Known(Struct, frozen=True):
    """The answers of the ledger and the switch. Each call blocks until its answer has arrived."""

    exemptions: Callable[[], Exemptions]
    recent: Callable[[], Recent]
    mode: Callable[[], Mode | None]
    before: Callable[[], Before]  # for a resource at fault: it may ask for the unit
    stood: Callable[[], StandingFound | None]


class Situation(Struct, frozen=True, kw_only=True):
    """A target, its state (None: it is gone), and the known facts about it. The state was requested at `seen`."""

    target: Target
    state: State | None
    known: Known
    seen: datetime


def failed(target: Target, error: Exception, **more: Any) -> Outcome:
    """Return the end of a target that an error stopped."""
    return Outcome(target=target, status="failed", told=sentence(error), **more)


def sentence(error: Exception) -> str:
    """Return the sentence that reports an error. For an unforeseen error, the sentence says that cloudmend crashed."""
    return str(error) if isinstance(error, CloudmendError) else f"cloudmend crashed: {type(error).__name__}: {error}"


class Exempt(Struct, frozen=True):
    """A finding that a timed exemption leaves as it is, and the sentence of that exemption."""

    finding: Finding
    why: str


class Verdict(Struct, frozen=True, kw_only=True):
    """The findings at a resource, and what becomes of them.

    `findings` are those that count, or all if the resource is exempt as a whole. `plan` mends those that are due. It is
    None if none is due, if the resource is exempt, if the control only reports, and as long as AWS does not show a mend
    that it accepted. `pending` is the entry of that mend.
    """

    target: Target
    view: View
    settings: Any
    decision: Decision
    findings: tuple[Finding, ...]
    exempt: tuple[Exempt, ...] = ()
    baseline: tuple[Finding, ...] = ()  # what was there before cloudmend, and is left as it is
    baseline_why: str = ""  # since when, and what mends it
    is_baseline: bool = False  # nothing else is at fault
    covers: Covers  # by exemptions and by the baseline
    recent: tuple[LedgerRecord, ...]
    pending: LedgerRecord | None = None
    plan: Plan | None = None
    flaps: int = 0  # how often the same was mended within FLAP_WINDOW
    unreadable: tuple[str, ...] = ()  # exemptions
    ledger_unreadable: tuple[str, ...] = ()


class Planned(Struct, frozen=True, kw_only=True):
    """A plan with its target, and the facts known when it was made. `entry` is set once the intent is stored."""

    target: Target
    plan: Plan
    findings: tuple[Finding, ...]  # also those that it does not mend
    covers: Covers
    decision: str
    recent: tuple[LedgerRecord, ...]
    flaps: int
    seen: datetime
    unreadable: tuple[str, ...] = ()  # exemptions
    ledger_unreadable: tuple[str, ...] = ()
    baseline: tuple[Finding, ...] = ()  # left as it was before cloudmend
    spared: tuple[Finding, ...] = ()  # left as it is by an exemption of the part
    agreed: bool = False  # a person agreed to it: nothing else may be done
    entry: LedgerRecord | None = None
    busy: str = ""  # another run is at it, so nothing is written

    def ended(self, status: Any, **more: Any) -> Outcome:
        """Return an end of it, with all that is known."""
        known: dict[str, Any] = {
            "decision": self.decision,
            "findings": self.findings,
            "entry": self.entry,
            "flaps": self.flaps,
            "unreadable": self.unreadable,
            "ledger_unreadable": self.ledger_unreadable,
            "exempt_aside": bool(self.plan.view.exempt),
            "baseline": self.baseline,
            "spared": self.spared,
            "view": self.plan.view,
            "settings": self.plan.settings,
        }
        return Outcome(target=self.target, status=status, **{**known, **more})


def clean(target: Target, state: State | None, settings: Any, **more: Any) -> Outcome:
    """Return the end of a look that found nothing, which says what was looked at."""
    control = target.control
    told = control.clear(target.resource, state, settings) if control.clear else f"no finding of {control.id}"
    return Outcome(target=target, status="clean", told=told, **more)


class Written(Struct, frozen=True, kw_only=True):
    """The result of a plan's writes. `steps` were done; `silent` had no answer, and may have been done.

    `notes` say why parts were mended in another way. `deferred`: the state refused some of the writes.
    """

    planned: Planned
    steps: tuple[Step, ...] = ()
    silent: tuple[Step, ...] = ()
    notes: Mapping[str, str] = {}
    undo: tuple[Call, ...] = ()
    errors: tuple[str, ...] = ()
    deferred: bool = False
