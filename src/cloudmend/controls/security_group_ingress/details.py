"""The details that a look reports of a rule at fault, beside its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudmend.controls.security_group_ingress.explain import public_addresses
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import State


def details(state: State, part: str, settings: Settings) -> Mapping[str, Any]:
    """Return the ports, the source, the description as its author typed it, and the number of public addresses.

    That number is None if the source could not be read. It is left out of a state that is only parts.
    """
    rule, facts = Rule(state.parts[part]), state.context
    counted = {"public_addresses": public_addresses(rule, facts, settings)} if isinstance(facts, GroupFacts) else {}
    return {
        "ports": str(rule.traffic),
        "source": rule.source,
        "description": str(rule.row.get("Description", "")),
        **counted,
    }
