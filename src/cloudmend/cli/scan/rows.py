"""The rows of a scan, from what a look found."""

from __future__ import annotations

from collections.abc import Iterator

from cloudmend.cli.scan.report import Row, outcome
from cloudmend.core.ending import why_of
from cloudmend.engine.look import Fate, Look


def rows_of(found: Look) -> Iterator[Row]:
    """Yield a row for each part at fault of a resource."""
    return (_row(found, fate) for fate in found.fates)


def _row(found: Look, fate: Fate) -> Row:
    control, resource, finding = found.target.control, found.target.resource, fate.finding
    return Row(
        account=resource.account,
        region=resource.region,
        control=control.id,
        severity=control.severity,
        type=control.resource.type,
        noun=control.resource.noun,
        resource=resource.id,
        name=resource.name,
        place=found.state.labels.get("vpc", "") if found.state else "",
        part=finding.part,
        value=fate.before,
        why=why_of([finding], finding.part),
        witness=finding.witness,
        action=fate.decision.action,
        outcome=outcome(fate.decision, fate.edit),
        after=fate.edit.after if fate.edit else "",
        details=fate.details,
        reach=found.reach,
    )
