"""One mend while it is under way: what is known so far, so that any end of it gives a whole record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.attribution import attribute
from cloudmend.core.control import Control
from cloudmend.core.ledger import WITHOUT_TAGS, Entry
from cloudmend.core.left_behind import Traces
from cloudmend.core.model import (
    ApiCall,
    Edit,
    Facts,
    Finding,
    Intent,
    Outcome,
    Plan,
    Recency,
    Record,
    Request,
    Resource,
    Status,
)
from cloudmend.core.version import CODE_VERSION

# A door that is mended for the third time within an hour: somebody, or something, fights.
FIGHT: Final = 2

_UNSURE: Final = "Whether its write took effect is not known; the next try or sweep finds out, and tells of it."
_TAGS: Final = ("Tags", "TagSpecifications")

_NAMED: Final = 5  # resources of other accounts that a sentence names
_AGAIN: Final = "It is tried again."


class Case(Struct, kw_only=True):
    """Grows as the mend goes on; the only thing in the core that is not frozen."""

    control: Control
    resource: Resource
    cause: ApiCall
    region: str
    account: str
    run_by: str = ""  # ARN of the person who runs cloudmend by hand
    swept: bool = False  # no event led here
    seen: datetime | None = None  # when AWS was asked
    recency: Recency = Recency()
    unseen: Mapping[str, str] = {}  # by part, in words: what the event tells of, and AWS did not show then
    findings: tuple[Finding, ...] = ()
    exempt_parts: frozenset[str] = frozenset()
    exemptions_unreadable: tuple[str, ...] = ()
    ledger_unreadable: tuple[str, ...] = ()
    decision: str = ""
    flaps: int = 0  # how often the same door was mended within the hour before
    budget_spent: bool = False
    retry_at: datetime | None = None  # when it is tried again by itself
    entry: Entry | None = None
    tags_left_out: bool = False  # of the before-image, for want of room
    outcomes: list[Outcome] = []
    is_unsure: bool = False  # whether a write took effect is not known yet
    found: Traces = Traces()  # of the writes that had no answer, seen in the proof
    remaining: tuple[Finding, ...] = ()
    is_last: bool = False  # nobody looks again after this one

    @property
    def reopened(self) -> bool:
        """Whether all that was at fault is closed, and something else was opened meanwhile: to be looked at next."""
        own = {finding.part for finding in self.due}
        left = {finding.part for finding in self.remaining if finding.is_due}
        return bool(left) and not self.is_last and own.isdisjoint(left)

    @property
    def due(self) -> tuple[Finding, ...]:
        """What a mend is to close of what was found."""
        return tuple(finding for finding in self.findings if finding.is_due)

    def is_about(self, intent: Intent) -> bool:
        """Whether an intent is one of the same control, at the same resource."""
        return (intent.control, intent.region, intent.resource.id) == (self.control.id, self.region, self.resource.id)

    @property
    def fights(self) -> bool:
        return self.flaps >= FIGHT

    def intent(self, facts: Facts, plan: Plan, policy_hash: str) -> Intent:
        """What is about to be done, with the before-image and the commands that take it back."""
        return Intent(
            control=self.control.id,
            resource=self.resource,
            account=self.account,
            region=self.region,
            event_id=self.cause.event_id,
            event_name=self.cause.name,
            actor=self.cause.actor,
            run_by=self.run_by,
            seen=self.seen,
            policy_hash=policy_hash,
            findings=self.findings,
            decision=self.decision,
            code_version=CODE_VERSION,
            before=_without_tags(facts.image) if self.tags_left_out else facts.image,
            tags_left_out=self.tags_left_out,
            requests=tuple(change.request for change in plan.changes),
            undo=self._commands(request for change in plan.changes for request in change.inverse),
        )

    def clean(self, told: str, now: datetime) -> Record:
        aside = ", exempt ones aside" if self.exempt_parts else ""
        return self._record("clean", f"{self.resource.label}: {told}{aside}.", now)

    def not_seen(self, told: str, now: datetime) -> Record:
        """Where nothing is at fault, but AWS lags behind the event; the case knows when it is looked at again."""
        self.decision = f"it is looked at again at {self.retry_at:%H:%M:%S} UTC"
        return self._record("observed", f"{self.resource.label}: {told}. {self._unchanged()}", now)

    def left_to_owners(self, others: Sequence[Resource], account: str, now: datetime) -> Record:
        """Of what a target stands for, that which other accounts own: nobody here can see it."""
        named = ", ".join(f"{each.id} of account {each.account}" for each in others[:_NAMED])
        more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
        self.decision = f"cloudmend acts in account {account} alone; have it run there too, or tell the owners"
        told = f"it also leads to what other accounts own, which was not looked at: {named}{more}"
        return self._record("observed", f"{self.resource.label}: {told}. {self._unchanged()}", now)

    def gone(self, now: datetime) -> Record:
        return self._record("gone", f"{self.resource.label} does not exist in {self.region}: nothing to close.", now)

    def exempt(self, now: datetime) -> Record:
        """What is at fault and left open on purpose."""
        told = "; ".join(finding.why for finding in self.findings)
        return self._record("exempt", f"{self.resource.label}: left open, {self.decision}. {told}.", now)

    def observed(self, plan: Plan, now: datetime) -> Record:
        """What would have been done, and what is only reported."""
        edits = tuple(edit for change in plan.changes for edit in change.edits)
        told = "; ".join([*(f"would have {edit.did}" for edit in edits), *_reported(self.findings)])
        return self._record("observed", f"{self.resource.label}: {told}. {self._unchanged()}", now, edits)

    def unknown(self, now: datetime) -> Record:
        """Where nothing is known to be at fault, and of something it is not known: reported, or to be tried again."""
        self.decision = "; ".join(sorted({finding.restraint or finding.wait for finding in self.findings}))
        if any(finding.wait for finding in self.findings):
            return self.failed(f"{'; '.join(_reported(self.findings))}. {_AGAIN}", now)
        return self.observed(Plan(()), now)

    def ended(self, now: datetime) -> Record:
        """After the proof: mended where nothing due remains, else open; failed where the next try may know more."""
        if any(left.is_due for left in self.remaining) and not self.reopened:
            left = "; ".join(finding.why for finding in self.remaining)
            return self._record("open", f"{self.resource.label} is STILL OPEN: {left}.", now, self._edits())
        told = "; ".join(edit.did for edit in self._edits()) or "somebody else closed it first"
        told += f". Besides, {'; '.join(reported)}" if (reported := _reported(self.remaining)) else ""
        if any(finding.wait for finding in self.remaining) and not self.reopened:
            return self.failed(f"{told}. {_AGAIN}", now)
        more = " Something else was opened meanwhile, and is looked at next." if self.reopened else ""
        more += f" {WITHOUT_TAGS}" if self.tags_left_out else ""
        return self._record("mended", f"{self.resource.label}: {told}.{self._fight()}{more}", now, self._edits())

    def failed(self, problem: str, now: datetime) -> Record:
        """An error before the proof: what was done until then is told."""
        told = f"{problem} {_UNSURE}" if self.is_unsure else problem
        return self._record("failed", f"{self.resource.label}: {told}", now, self._edits(), (told,))

    def _unchanged(self) -> str:
        return self.decision if self.budget_spent else f"Nothing was changed: {self.decision}."

    def _fight(self) -> str:
        """Who opens it again and again, and how to stop that."""
        if not self.fights:
            return ""
        by = attribute(self.cause.actor)
        return (
            f" It was opened {self.flaps + 1} times within the hour, so it was revoked instead of narrowed. "
            f"This time by {by.who}, through {by.through}. {by.hint}".rstrip()
        )

    def _edits(self) -> tuple[Edit, ...]:
        return (*(edit for outcome in self._changed() for edit in outcome.change.edits), *self.found.edits)

    def _changed(self) -> Iterable[Outcome]:
        return (outcome for outcome in self.outcomes if outcome.changed)

    @property
    def unanswered(self) -> frozenset[str]:
        """The parts of the writes that had no answer."""
        silent = (outcome.change for outcome in self.outcomes if not outcome.answered)
        return frozenset(edit.part for change in silent for edit in change.edits)

    def _undo(self) -> Iterable[Request]:
        yield from (request for outcome in self._changed() for request in outcome.change.inverse)
        yield from self.found.undo

    def _commands(self, requests: Iterable[Request]) -> tuple[str, ...]:
        if self.tags_left_out:
            requests = (Request(each.action, _without_tags(each.params)) for each in requests)
        return tuple(request.command(self.region) for request in requests)

    def _record(
        self, status: Status, summary: str, now: datetime, edits: tuple[Edit, ...] = (), errors: tuple[str, ...] = ()
    ) -> Record:
        bad = status in ("open", "failed")
        return Record(
            status=status,
            control=self.control.id,
            resource=self.resource,
            account=self.account,
            region=self.region,
            event_id=self.cause.event_id,
            event_name=self.cause.name,
            actor=self.cause.actor,
            attribution=attribute(self.cause.actor),
            run_by=self.run_by,
            summary=summary,
            decision=self.decision,
            findings=self.findings,
            edits=edits,
            remaining=self.remaining,
            errors=errors + tuple(outcome.error for outcome in self.outcomes if outcome.error),
            undo=self._commands(self._undo()),
            entry_id=self.entry.id if self.entry else "",
            flaps=self.flaps,
            severity="high" if bad or self.fights else "normal",
            missed=self.swept and bool(self.due) and status in ("mended", "open", "failed"),
            budget_spent=self.budget_spent,
            retry_at=self.retry_at,
            exemptions_unreadable=self.exemptions_unreadable,
            ledger_unreadable=self.ledger_unreadable,
            seconds_since_call=round((now - self.cause.time).total_seconds(), 3) if self.cause.time else None,
        )


def _reported(findings: Iterable[Finding]) -> list[str]:
    """Of what no mend closes, why."""
    return [finding.why for finding in findings if not finding.is_due]


def _without_tags(value: Any) -> Any:
    """An answer or a request of AWS without what its names say are tags."""
    if isinstance(value, Mapping):
        return {name: _without_tags(each) for name, each in value.items() if name not in _TAGS}
    return [_without_tags(each) for each in value] if isinstance(value, list | tuple) else value
