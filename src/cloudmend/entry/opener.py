"""Find who opened what `cloudmend fix` closes, from the recorded mends, because no event says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Entries, Entry, Ledger, key_of
from cloudmend.core.model import Actor

_UNKNOWN: Final = Actor()
_EVER: Final = datetime.min.replace(tzinfo=UTC)

Rules = Mapping[str, Rule]  # by id, as they are now


def opener_of(facts: GroupFacts, parts: Sequence[str], ledger: Ledger, region: str) -> Actor:
    """Whoever undid the last mend of one of these rules; or else opened it before a mend that could not close it.

    Nobody where the rule was changed since, or where the ledger cannot be read: then it is not known.
    """
    rules = {rule.id: rule for rule in facts.ingress if rule.id in parts}
    try:
        place = key_of(facts.account, region, CONTROL.id, facts.group_id)
        entries = list(Entries(ledger.recent(place, _EVER)))
    except CloudmendError:
        return _UNKNOWN
    told = (_opener(entry, rules) for entry in reversed(entries) if _is_about(entry, rules))
    return next(told, _UNKNOWN)


def _is_about(entry: Entry, rules: Rules) -> bool:
    restored = entry.undone.record.edits if entry.undone else ()
    named = {finding.part for finding in entry.intent.findings} | {edit.part for edit in restored}
    return not named.isdisjoint(rules)


def _opener(entry: Entry, rules: Rules) -> Actor:
    if entry.undone:
        restored = {(edit.part, edit.after) for edit in entry.undone.record.edits}
        is_still_so = not restored.isdisjoint((rule.id, str(rule)) for rule in rules.values())
        return entry.undone.record.actor if is_still_so else _UNKNOWN
    if entry.state == "DONE":  # it was closed, and somebody opened it again since
        return _UNKNOWN
    closed = {edit.part for edit in entry.ended.record.edits} if entry.ended else set()
    before = {row["SecurityGroupRuleId"]: row for row in entry.intent.before.get("SecurityGroupRules", ())}
    was_never_closed = any(before.get(rule.id) == rule.row for rule in rules.values() if rule.id not in closed)
    return entry.intent.actor if was_never_closed else _UNKNOWN
