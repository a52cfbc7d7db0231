"""The rules that a stored mend changed: read from the ledger, and trusted only if the record agrees with itself.

Programs other than cloudmend can write to a ledger, and an undo opens what the ledger says. The ledger therefore holds
a mend four times: as its before-image, its requests, the commands that undo it, and the edits of its record, with
commands of their own. If somebody changes one of the four, the others contradict it. This module shares no code with
the planner.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.groups import FIELDS, GROUP, Rule
from cloudmend.controls.security_group_ingress.plan import check_effect, effects
from cloudmend.controls.security_group_ingress.recorded import (
    Contradiction,
    ListState,
    Return,
    fields_of,
    given_back,
    list_before,
    tags_of,
)
from cloudmend.core.errors import UndoRefused, UnsafePlan
from cloudmend.core.model import Edit, Intent, Record

_GROUP_ID: Final = re.compile(r"sg-[0-9a-f]{8,17}", re.ASCII)


class MendedRule(Struct, frozen=True, kw_only=True):
    """A rule before the mend, and the rule after the mend: None if the mend revoked the rule, or found it gone."""

    before: Rule
    left: Rule | None
    elsewhere: bool  # somebody else had removed it first
    has_tags: bool  # whether it is known which tags it had
    prefix_list: ListState | None  # which it referred to, as it was


def mended_rules(intent: Intent, record: Record) -> tuple[MendedRule, ...]:
    """Return the rules. Raises UndoRefused if the record contradicts itself, or names a rule of another group."""
    with _believed(intent):
        return tuple(_mended(intent, record))


@contextmanager
def _believed(intent: Intent) -> Iterator[None]:
    """Raise UndoRefused in place of any error in the reading of a stored mend."""
    try:
        yield
    except Contradiction as error:
        raise _refused(intent, str(error)) from None
    except UnsafePlan:
        raise _refused(intent, "its requests are not those that a mend makes from its before-image") from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        shape = f"a part of it does not have the shape that cloudmend stores ({type(error).__name__}: {error})"
        raise _refused(intent, shape) from error


def _refused(intent: Intent, problem: str) -> UndoRefused:
    return UndoRefused(
        f"The record of this mend cannot be trusted: {problem}. It may have been changed in the ledger. Nothing was "
        f"changed. Look up in CloudTrail what was done to {intent.resource.label}, and restore it by hand."
    )


def _mended(intent: Intent, record: Record) -> Iterator[MendedRule]:
    changed = _intended(intent)
    edits = _edits(record, changed)
    _check_same("record's commands", _returns(intent, edits, changed), _about(changed, intent, record))
    for rule_id, (before, after) in changed.items():
        edit = edits.get(rule_id)
        yield MendedRule(
            before=_compared(before),
            left=None if edit and not edit.after else after,
            elsewhere=edit is None and _is_told_for_sure(record, changed),
            has_tags=not intent.tags_left_out,
            prefix_list=list_before(before.prefix_list_id, intent.before) if before.prefix_list_id else None,
        )


Changed = Mapping[str, tuple[Rule, Rule | None]]  # by id: a rule before the mend, and as the request would leave it


def _intended(intent: Intent) -> Changed:
    changed = _changed(intent)
    everything = (_return(intent, before, after) for before, after in changed.values())
    _check_same("commands that take it back", everything, given_back(intent.undo, intent))
    return changed


def _changed(intent: Intent) -> Changed:
    """Return the changed rules, as the requests and the before-image show them.

    Raises Contradiction unless each is an ingress rule of the intent's own group, and is narrowed only, and once.
    """
    group_id = intent.resource.id
    if intent.resource.type != GROUP or not _GROUP_ID.fullmatch(group_id):
        raise Contradiction(
            f"it is about {intent.resource.type} {intent.resource.label}, which is not a security group"
        )
    rows = intent.before["SecurityGroupRules"]
    rules = {rule.id: rule for rule in map(Rule, rows)}
    if len(rules) != len(rows):
        raise Contradiction("its before-image holds a rule twice")
    changed: dict[str, tuple[Rule, Rule | None]] = {}
    for request in intent.requests:
        if request.params["GroupId"] != group_id:
            raise Contradiction(f"it changed {request.params['GroupId']}, and is about {group_id}")
        for rule_id, after in effects(request, rules):
            _check_own(rules[rule_id], intent)
            _check_shape(rules[rule_id], after)
            check_effect(rules[rule_id], after)
            changed[rule_id] = rules.pop(rule_id), after
    return changed


def _check_own(rule: Rule, intent: Intent) -> None:
    group_id, owner = rule.row["GroupId"], rule.row.get("GroupOwnerId", intent.account)
    if group_id != intent.resource.id:
        raise Contradiction(f"{rule.id} is a rule of {group_id}, and the record is about {intent.resource.id}")
    if intent.account not in ("", owner):
        raise Contradiction(f"{rule.id} belongs to account {owner}, and the record belongs to {intent.account}")


def _check_shape(*rules: Rule | None) -> None:
    """Raise TypeError for a value that is no text, no number and not absent. To Python, True is a number."""
    for value in (value for rule in rules if rule for value in fields_of(rule)):
        if value is not None and type(value) not in (str, int):
            raise TypeError(f"{value!r} in a rule")


def _edits(record: Record, changed: Changed) -> Mapping[str, Edit]:
    """Return the edits by the ids of their rules.

    An edit of a rule that the intent does not name belongs to a later mend, which has its own record.
    """
    edits: dict[str, Edit] = {}
    for edit in record.edits:
        if edit.part not in changed:
            continue
        before, after = changed[edit.part]
        if edit.part in edits or edit.before != str(before) or edit.after not in ("", str(after or "")):
            raise Contradiction(
                f"its edit of {edit.part} says {edit.before} -> {edit.after or 'revoked'}, it was {before}"
            )
        edits[edit.part] = edit
    return edits


def _is_told_for_sure(record: Record, changed: Changed) -> bool:
    """Return whether the record claims all that was done: it ended well, and is this mend's own (decision 22)."""
    return record.status == "mended" and all(edit.part in changed for edit in record.edits)


def _compared(rule: Rule) -> Rule:
    """Return the rule with only the fields that were compared: undo makes a request from it."""
    told = {key: rule.row[key] for key in ("SecurityGroupRuleId", "IsEgress", *FIELDS) if key in rule.row}
    tags = [{"Key": key, "Value": value} for key, value in tags_of(rule)]
    return Rule({**told, "Tags": tags} if tags else told)


def _return(intent: Intent, before: Rule, after: Rule | None) -> Return:
    """Return the change that restores a narrowed rule, or a revoked one if `after` is None."""
    if after is None:
        return Return(intent.resource.id, "", fields_of(before), tags_of(before))
    return Return(intent.resource.id, before.id, fields_of(before))


def _returns(intent: Intent, edits: Mapping[str, Edit], changed: Changed) -> Iterator[Return]:
    for rule_id, edit in edits.items():
        before, after = changed[rule_id]
        yield _return(intent, before, after if edit.after else None)


def _about(changed: Changed, intent: Intent, record: Record) -> Iterator[Return]:
    """Yield what the record's own commands say of the rules that the intent changed."""
    revoked = {_return(intent, before, None) for before, _ in changed.values()}
    for each in given_back(record.undo, intent):
        if each.rule_id in changed or each in revoked:
            yield each


def _check_same(what: str, expected: Iterable[Return], found: Iterable[Return]) -> None:
    if Counter(expected) != Counter(found):
        raise Contradiction(f"the {what} and the rules in its before-image are not the same")
