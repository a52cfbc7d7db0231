"""One mend while it is under way: what is known so far, so that any end of it gives a whole record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from cloudmend.core.control import Control
from cloudmend.core.model import (
    ApiCall,
    Change,
    Edit,
    Facts,
    Finding,
    Intent,
    Outcome,
    Plan,
    Record,
    Resource,
    Status,
)


class Case(Struct, kw_only=True):
    """Grows as the mend goes on; the only thing in the core that is not frozen."""

    control: Control
    resource: Resource
    cause: ApiCall
    region: str
    account: str
    findings: tuple[Finding, ...] = ()
    outcomes: list[Outcome] = []
    remaining: tuple[Finding, ...] = ()

    def intent(self, facts: Facts, plan: Plan) -> Intent:
        """What is about to be done, with the before-image and how to take all of it back."""
        return Intent(
            control=self.control.id,
            resource=self.resource,
            account=self.account,
            region=self.region,
            event_id=self.cause.event_id,
            event_name=self.cause.name,
            actor=self.cause.actor,
            before=facts.image,
            requests=tuple(change.request for change in plan.changes),
            undo=self._undo(plan.changes),
        )

    def clean(self, now: datetime) -> Record:
        return self._record("clean", f"{self.resource.id}: nothing is open to the world.", now)

    def gone(self, now: datetime) -> Record:
        return self._record("gone", f"{self.resource.id} does not exist in {self.region}: nothing to close.", now)

    def observed(self, plan: Plan, now: datetime) -> Record:
        """What would have been done."""
        edits = tuple(edit for change in plan.changes for edit in change.edits)
        told = "; ".join(f"would have {edit.did}" for edit in edits)
        return self._record(
            "observed", f"{self.resource.id}: {told}. Mode is observe: nothing was changed.", now, edits
        )

    def ended(self, now: datetime) -> Record:
        """After the proof: mended where nothing remains at fault, else open."""
        if self.remaining:
            left = "; ".join(finding.why for finding in self.remaining)
            return self._record("open", f"{self.resource.id} is STILL OPEN: {left}.", now, self._edits())
        told = "; ".join(edit.did for edit in self._edits()) or "somebody else closed it first"
        return self._record("mended", f"{self.resource.id}: {told}.", now, self._edits())

    def failed(self, problem: str, now: datetime) -> Record:
        """An error before the proof: what was done until then is told."""
        return self._record("failed", f"{self.resource.id}: {problem}", now, self._edits(), (problem,))

    def _edits(self) -> tuple[Edit, ...]:
        return tuple(edit for outcome in self._changed() for edit in outcome.change.edits)

    def _changed(self) -> Iterable[Outcome]:
        return (outcome for outcome in self.outcomes if outcome.changed)

    def _undo(self, changes: Iterable[Change]) -> tuple[str, ...]:
        return tuple(request.command(self.region) for change in changes for request in change.inverse)

    def _record(
        self,
        status: Status,
        summary: str,
        now: datetime,
        edits: tuple[Edit, ...] = (),
        errors: tuple[str, ...] = (),
    ) -> Record:
        return Record(
            status=status,
            control=self.control.id,
            resource=self.resource,
            account=self.account,
            region=self.region,
            event_id=self.cause.event_id,
            event_name=self.cause.name,
            actor=self.cause.actor,
            summary=summary,
            findings=self.findings,
            edits=edits,
            remaining=self.remaining,
            errors=errors + tuple(outcome.error for outcome in self.outcomes if outcome.error),
            undo=self._undo(outcome.change for outcome in self._changed()),
            seconds_since_call=round((now - self.cause.time).total_seconds(), 3) if self.cause.time else None,
        )
