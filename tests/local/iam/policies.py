"""Short ways to write policies and decisions in tests."""

from __future__ import annotations

import json
from typing import Any

from cloudmend.local.iam.evaluate import Decision
from cloudmend.local.iam.request import Policy

ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NONE: dict[str, Any] = {**ALL, "Effect": "Deny"}


def policy(*statements: dict[str, Any], version: str = "2012-10-17", name: str = "a policy") -> Policy:
    """A policy of these statements."""
    return Policy(name, json.dumps({"Version": version, "Statement": statements}))


def allow(action: str = "*", resource: str = "*", **condition: Any) -> Policy:
    """A policy that allows an action on a resource, under a condition."""
    given = {"Condition": condition} if condition else {}
    return policy({"Effect": "Allow", "Action": action, "Resource": resource, **given})


def granted_to(*names: str, effect: str = "Allow", **condition: Any) -> Policy:
    """The policy of a resource that allows or denies everything to these AWS principals."""
    given = {"Condition": condition} if condition else {}
    return policy({**ALL, "Effect": effect, "Principal": {"AWS": names}, **given})


def in_words(decision: Decision) -> str:
    """The decision, and the kind of policy that made it: "allowed by identity", "no scp", "denied by session"."""
    if decision.allowed:
        return f"allowed by {decision.kind}"
    return f"denied by {decision.kind}" if decision.explicit else f"no {decision.kind}"
