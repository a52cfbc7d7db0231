"""A record's rules before and after its mend."""

from __future__ import annotations

from msgspec import Struct

from cloudmend.controls.security_group_ingress.facts import Rule
from cloudmend.core.ledger import Entry


class Line(Struct, frozen=True, kw_only=True):
    """One ingress rule in words. `after` is empty where it was revoked; `did` is empty where it was left alone."""

    rule: str
    description: str
    before: str
    after: str
    did: str


def difference(entry: Entry) -> tuple[Line, ...]:
    """All ingress rules of the before-image, those that were changed first. An open intent has changed none yet."""
    edits = {edit.part: edit for edit in entry.ended.record.edits} if entry.ended else {}
    lines = []
    for rule in filter(lambda each: each.is_ingress, map(Rule, entry.intent.before["SecurityGroupRules"])):
        edit = edits.get(rule.id)
        lines.append(
            Line(
                rule=rule.id,
                description=str(rule.row.get("Description", "")),
                before=str(rule),
                after=edit.after if edit else str(rule),
                did=edit.did if edit else "",
            )
        )
    return tuple(sorted(lines, key=lambda line: not line.did))
