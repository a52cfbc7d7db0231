"""Policies in the form in which they are compared: AWS writes the same policy in more than one way."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from cloudmend.core.model import Json

# An account, which AWS shows as its root. Everybody is an account for EventBridge.
_ROOT: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}|\*):root")
_SETS: Final = ("Action", "NotAction", "Resource", "NotResource")
_PRINCIPALS: Final = ("Principal", "NotPrincipal")


def comparable(text: str) -> Any:
    """Return a policy in the form in which it equals another that says the same; the text itself if it is no policy.

    The order of statements counts, and the order of texts in them does not. A text is the list of it.
    """
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(policy, dict) or "Statement" not in policy:
        return policy
    return {**policy, "Statement": [comparable_statement(each) for each in _listed(policy["Statement"])]}


def comparable_statement(statement: Any) -> Any:
    """Return a statement in the form in which it equals another that says the same."""
    if not isinstance(statement, dict):
        return statement
    made = {key: value for key, value in statement.items() if key != "Condition"}
    made |= {key: _texts(made[key]) for key in _SETS if key in made}
    made |= {key: _principals(made[key]) for key in _PRINCIPALS if key in made}
    condition = statement.get("Condition")
    return {**made, "Condition": _conditions(condition)} if condition else made


def _principals(value: Any) -> Any:
    by_word = value if isinstance(value, dict) else {"AWS": value}
    return {word: sorted(_ROOT.sub(r"\1", each) for each in _texts(names)) for word, names in by_word.items()}


def _conditions(condition: Any) -> Any:
    if not isinstance(condition, dict):
        return condition
    return {operator: _keys(keys) for operator, keys in condition.items()}


def _keys(keys: Json) -> Any:
    return {key: _texts(values) for key, values in keys.items()} if isinstance(keys, dict) else keys


def _texts(value: Any) -> list[str]:
    """Return the texts of an element, sorted, each once."""
    return sorted({each if isinstance(each, str) else json.dumps(each) for each in _listed(value)})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
