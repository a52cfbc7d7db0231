"""A replay's knowledge of a resource policy: the text that calls leave, by CloudTrail's records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from cloudmend.controls.families.policies.document import statements_of
from cloudmend.core.contract import Followed, Following, State, Trigger
from cloudmend.core.errors import EventError
from cloudmend.core.events import mapping
from cloudmend.core.model import ApiCall, Json, Resource

POLICY: Final = "Policy"  # the one part: the text


def following(calls: Iterable[Trigger], says: Callable[[ApiCall, str], str]) -> Following[Any]:
    """Return a way to follow a policy. `says` returns its text after a call, given that before; empty: none is known.

    It raises EventError.
    """

    def step(before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
        text = says(call, before.parts[POLICY] if before else "")
        return Followed(State({POLICY: text}) if text else None)

    return Following(calls=tuple(calls), step=step)


def policy_of(call: ApiCall, value: Any) -> str:
    """Return the policy that a call sets; empty if it takes the policy away. Raises EventError.

    AWS records the text. Events that are made by hand have an object in its place.
    """
    policy = value if isinstance(value, str) else json.dumps(value)
    statements = statements_of(mapping(policy)) if mapping(policy) else [None]
    if policy and not all(isinstance(each, dict) for each in statements):
        raise EventError(f"Event {call.event_id} ({call.name}) sets a policy that cannot be read.")
    return policy


def with_statement(text: str, statement: Json) -> str:
    """Return a policy with one more statement, which replaces the one with the same Sid."""
    policy = mapping(text)
    others = [each for each in _statements(policy) if each.get("Sid") != statement["Sid"]]
    return json.dumps({**policy, "Statement": [*others, statement]})


def without_statement(text: str, sid: Any) -> str:
    """Return a policy without the statement of a Sid; empty if it was the last one."""
    policy = mapping(text)
    left = [each for each in _statements(policy) if each.get("Sid") != sid]
    return json.dumps({**policy, "Statement": left}) if left else ""


def _statements(policy: Json) -> list[Any]:
    return statements_of(policy) if policy else []
