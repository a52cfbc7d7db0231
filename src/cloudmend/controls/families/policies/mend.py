"""The mend of a public policy: one more condition in each statement that strangers can use.

A condition that is added admits less, whatever else the statement says. Order, Sids, and all other statements stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.decide import Admission
from cloudmend.controls.families.policies.document import statements_of
from cloudmend.controls.families.policies.domains import SOURCES
from cloudmend.core.model import Json

# The operators that compare a key with one text. A statement may have a condition with one of them already.
_OPERATORS: Final = ("StringEquals", "StringLike", "StringEqualsIgnoreCase")
_DEPUTY: Final = (
    "it admits an AWS service. Whether that service sends aws:SourceAccount is not known, and without it the condition "
    "cuts the service off"
)
_SERVED: Final = (
    "AWS services use it, as its conditions say. Whether they send aws:SourceAccount is not known, and without it the "
    "condition cuts them off"
)
_FEDERATED: Final = (
    "users of an identity provider have no account to be narrowed to: add a condition that names your repository, "
    "project, or pool"
)
_CROWDED: Final = "it has three conditions on the key already: edit it by hand"


class Narrowed(Struct, frozen=True):
    """A policy with its narrowed statements, and the reasons why statements are only to be narrowed by a person.

    Such a statement is narrowed in the document as it would be right, if there is a way.
    """

    policy: Json
    reasons: Mapping[int, str]  # by the statement's place in the policy


def narrowed(policy: Json, found: Iterable[Admission], owner: Owner) -> Narrowed:
    """Return the policy with each of these statements narrowed to the owner: its organization, or else its account."""
    statements = [*statements_of(policy)]
    reasons = {}
    for admission in found:
        statement = statements[admission.place]
        key, value, reason = _condition(admission, statement, owner)
        changed = _with(statement, key, value) if key else None
        statements[admission.place] = changed or statement
        if reason or changed is None:
            reasons[admission.place] = reason or _CROWDED
    is_list = isinstance(policy["Statement"], list)
    return Narrowed({**policy, "Statement": statements if is_list else statements[0]}, reasons)


def _condition(admission: Admission, statement: Json, owner: Owner) -> tuple[str, str, str]:
    """Return the key and the value of the condition to add, empty if none helps, and why a person has to add it."""
    if admission.request and admission.request.stranger.kind == "federated":
        return "", "", _FEDERATED
    if admission.kind == "deputy" or _serves_services(statement):
        return "aws:SourceAccount", owner.account, _DEPUTY if admission.kind == "deputy" else _SERVED
    if owner.organization:
        return "aws:PrincipalOrgID", owner.organization, ""
    return "aws:PrincipalAccount", owner.account, ""


def _serves_services(statement: Json) -> bool:
    """Return whether the statement has a condition on the resource for which an AWS service asks."""
    keys = {key.lower() for each in (statement.get("Condition") or {}).values() for key in each}
    return not keys.isdisjoint(SOURCES)


def _with(statement: Json, key: str, value: str) -> dict[str, Any] | None:
    """Return a statement with one more condition; None if no operator is free for the key."""
    conditions = statement.get("Condition") or {}
    for operator in _OPERATORS:
        spelled = next((each for each in conditions if each.lower() == operator.lower()), operator)
        keys = conditions.get(spelled, {})
        if key.lower() not in map(str.lower, keys):
            return {**statement, "Condition": {**conditions, spelled: {**keys, key: value}}}
    return None
