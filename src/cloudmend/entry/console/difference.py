"""A record's rules before and after its mend."""

from __future__ import annotations

from msgspec import Struct

from cloudmend.controls.security_group_ingress.facts import Rule
from cloudmend.core.ledger import Entry


class Line(Struct, frozen=True, kw_only=True):
    """One rule in words. `after` is empty where it was revoked, and as before where it was left alone."""

    rule: str
    description: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def difference(entry: Entry) -> tuple[Line, ...]:
    """What was changed, and then the ingress rules of the before-image that were not. An open intent changed none."""
    edits = {edit.part: edit for edit in entry.ended.record.edits} if entry.ended else {}
    rows = entry.intent.before.get("SecurityGroupRules", ())
    told = {row["SecurityGroupRuleId"]: str(row.get("Description", "")) for row in rows}
    alone = [rule for rule in map(Rule, rows) if rule.is_ingress and rule.id not in edits]
    return (
        *(Line(rule=e.part, description=told.get(e.part, ""), before=e.before, after=e.after) for e in edits.values()),
        *(Line(rule=r.id, description=told[r.id], before=str(r), after=str(r)) for r in alone),
    )
