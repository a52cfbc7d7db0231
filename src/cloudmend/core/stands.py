"""The findings that stand at a resource after a look at it, and when people are notified of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from cloudmend.core.baseline import old_marks
from cloudmend.core.contract import Finding
from cloudmend.core.model import Notice
from cloudmend.core.standing import (
    Fault,
    Stand,
    StandingFinding,
    StandingFound,
    StandingResource,
    is_news,
    merged,
    next_revision,
)
from cloudmend.core.target import Ended

_CLEAR: Final = ("clean", "gone")
_STANDS: Final = ("observed", "exempt", "pending", "deferred")


def faults_of(ended: Ended) -> tuple[Fault, ...] | None:
    """Return what is at fault after a look, with what became of each; None if the look could not tell."""
    aside = (*_faults(ended.baseline, "baseline"), *_faults(ended.spared, "exempt"))
    if ended.status in _CLEAR:
        return aside if ended.status == "clean" else ()
    if ended.given_up or not (ended.findings or ended.remaining or ended.status == "mended"):
        return None
    found = () if ended.only_baseline else tuple(_left(ended))
    return (*(each for each in found if not _is_aside(each, aside, found)), *aside)


def _left(ended: Ended) -> Iterator[Fault]:
    """Yield what counts and is not mended."""
    left = ended.remaining if ended.status in ("mended", "open") else ended.remaining or ended.findings
    for finding in left:
        yield Fault(finding.part, finding.why, finding.mark, _status(ended, finding))


def _status(ended: Ended, finding: Finding) -> Stand:
    if ended.status == "mended":
        return "open" if finding.is_due else "observed"
    if finding.restraint or ended.status in _CLEAR:
        return "observed"
    return "deferred" if finding.wait else ended.status  # type: ignore[return-value]


def _faults(findings: tuple[Finding, ...], status: Stand) -> tuple[Fault, ...]:
    return tuple(Fault(each.part, each.why, each.mark, status) for each in findings)


def _is_aside(fault: Fault, aside: tuple[Fault, ...], found: tuple[Fault, ...]) -> bool:
    """Return whether it is left as it is: by its mark, or by one that names its part more closely."""
    marks = {each.mark for each in found}
    return any(each.mark == fault.mark or (each.part == fault.part and each.mark not in marks) for each in aside)


def notice_of(ended: Ended, stood: StandingResource | None, faults: tuple[Fault, ...], now: datetime) -> Notice:
    """Return when people are notified: at once, in the digest of a sweep, or not again for now.

    At once: the result of a mend, what is looked at again by itself, and what an event sees for the first time. A sweep
    does so for a critical control only.
    """
    if ended.status not in _STANDS or ended.budget_spent or ended.retry_at or ended.late:
        return "now"
    told = stood if stood and stood.told else None
    known = {finding.mark for finding in told.findings} if told else set()
    is_new = not {fault.mark for fault in faults} <= known
    if ended.target.swept:
        at_once = ended.status == "observed" and not ended.only_baseline and _is_critical(ended)
        return ("now" if at_once else "digest") if is_new else "held"
    if ended.only_baseline:
        return "held"
    return "now" if ended.status == "exempt" or is_news(told, faults, now) else "held"


def _is_critical(ended: Ended) -> bool:
    return ended.target.control.severity == "critical"


def stands_after(
    ended: Ended, found: StandingFound | None, faults: tuple[Fault, ...], notice: Notice, region: str, now: datetime
) -> StandingResource | None:
    """Return what stands by now; None if nothing does. `found` is what stood; `region` is where the resource is."""
    was = found if isinstance(found, StandingResource) else None
    findings = merged(was, faults, now)
    if not findings:
        return None
    target = ended.target
    told, held = (was.told, was.held) if was else (None, 0)
    if notice == "held":
        held += not target.swept  # a sweep counts for its whole unit
    else:
        told, held = (now if notice == "now" else None), 0  # the digest is still to come
    return StandingResource(
        account=target.account,
        region=region,
        control=target.control.id,
        resource=msgspec.structs.replace(target.resource, parts=()),
        findings=findings,
        seen=now,
        told=told,
        held=held,
        old=_old(ended, was),
        revision=next_revision(found),
    )


def with_others(ended: Ended, faults: tuple[Fault, ...], added: Iterable[StandingFinding]) -> tuple[Fault, ...]:
    """Return the faults, and those that another look kept meanwhile. The event knows better what its call opened."""
    known, own = {each.mark for each in faults}, {*ended.target.opened, *(step.part for step in ended.steps)}
    others = (each for each in added if each.mark not in known and each.part not in own)
    return (*faults, *(Fault(each.part, each.why, each.mark, each.status) for each in others))


def _old(ended: Ended, was: StandingResource | None) -> tuple[str, ...]:
    """Return the marks of what is older than cloudmend; where the look has no view, those that are known."""
    if ended.view:
        return old_marks(ended.target.control, ended.view)
    return was.old if was else ()
