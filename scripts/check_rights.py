"""Least privilege as an experiment: each right of the stack's roles is taken away, and some request has to be denied.

The tests of the deployed stack run once, and each request that a role makes is kept. Then every statement of the
role's policies, every action of a statement, and every resource of it is left out in turn, and the requests are
evaluated again. A right whose loss denies none of them is printed: it is not used, or no test uses it.

Run from the root of the repository: .venv/bin/python scripts/check_rights.py
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pytest

from cloudmend.local.iam import enforce
from cloudmend.local.iam.evaluate import Decision, evaluate
from cloudmend.local.iam.request import AccessRequest, Caller, Policies, Policy

TESTS: Final = (
    "tests/walkthrough/test_deployed.py",
    "tests/walkthrough/test_deployed_baseline.py",
    "tests/walkthrough/test_deployed_controls.py",
    "tests/walkthrough/test_rights_by_region.py",
    "tests/walkthrough/test_rights_without_controls.py",
    "tests/walkthrough/test_stack_invoked.py",
)
# The recorder imports cloudmend before pytest, whose plug-in of that name then cannot be rewritten.
_OPTIONS: Final = ("-q", "-p", "no:cacheprovider", "-W", "ignore:Module already imported")
# cloudmend-SweepRole-XXXXXXXXXXXX, of a stack that is called cloudmend
_ROLE: Final = re.compile(r"role/cloudmend-(\w+)-\w+$")
_MOMENT: Final = frozenset({"aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime", "aws:UserAgent"})
_LISTS: Final = ("Action", "Resource")
# What the same right has in each stack: its Region in an ARN, and the end of the name of a resource.
_OWN: Final = re.compile(r"(?<=:)[a-z]{2}-[a-z]+-\d(?=:)|(?<=-)[A-Z0-9]{12}\b")


class Asked(NamedTuple):
    """A request that a role's policies allowed."""

    request: AccessRequest
    caller: Caller
    policies: Policies


class Right(NamedTuple):
    """A part of a policy of a role: a statement, or one of its actions or resources."""

    role: str  # "SweepRole"
    statement: str  # its Sid
    part: str  # "", "Action ec2:DescribeRegions", "Resource arn:aws:sqs:...:111122223333:*"


class Recorder:
    """A plugin of pytest that keeps each request of the stack's roles once."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, str], Asked] = {}

    def pytest_configure(self) -> None:
        """Take the place of the evaluation."""
        enforce.evaluate = self.decided  # type: ignore[attr-defined]

    def decided(self, request: AccessRequest, caller: Caller, policies: Policies) -> Decision:
        """Return the decision, and keep the request if it is one of the stack's roles and was allowed."""
        decision = evaluate(request, caller, policies)
        if decision.allowed and _ROLE.search(caller.issuer):
            keys = {key: value for key, value in request.context.items() if key not in _MOMENT}
            said = json.dumps([request.action, request.resource, keys], sort_keys=True, default=str)
            self.asked.setdefault((caller.issuer, said), Asked(request, caller, policies))
        return decision


def unnoticed(asked: Iterable[Asked]) -> set[Right]:
    """Return the rights whose loss denies none of the requests."""
    found: dict[Right, bool] = {}
    for each in asked:
        for number, policy in enumerate(each.policies.identity):
            for right, text in _reduced(_role_of(each.caller), policy.text):
                if not found.get(right):
                    found[right] = not _still_allowed(each, number, text)
    return {right for right, noticed in found.items() if not noticed}


def _still_allowed(asked: Asked, number: int, text: str) -> bool:
    identity = list(asked.policies.identity)
    identity[number] = Policy(identity[number].name, text)
    return evaluate(asked.request, asked.caller, replace(asked.policies, identity=identity)).allowed


def _role_of(caller: Caller) -> str:
    match = _ROLE.search(caller.issuer)
    return match[1] if match else caller.issuer


_REDUCED: dict[tuple[str, str], list[tuple[Right, str]]] = {}


def _reduced(role: str, text: str) -> list[tuple[Right, str]]:
    """Return a policy without each of its rights, in turn."""
    if (role, text) not in _REDUCED:
        document = json.loads(text)
        statements: list[Mapping[str, Any]] = document["Statement"]
        _REDUCED[role, text] = [
            (Right(role, statements[place].get("Sid", f"statement {place + 1}"), part), json.dumps(reduced))
            for place, part, reduced in _without_each(document, statements)
        ]
    return _REDUCED[role, text]


def _without_each(
    document: Mapping[str, Any], statements: list[Mapping[str, Any]]
) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    for place, statement in enumerate(statements):
        if statement["Effect"] != "Allow":
            continue
        before, after = statements[:place], statements[place + 1 :]
        yield place, "", {**document, "Statement": [*before, *after]}
        for name in _LISTS:
            values = statement[name] if isinstance(statement[name], list) else ()
            for value in values:
                kept = {**statement, name: [each for each in values if each != value]}
                if kept[name]:
                    yield place, f"{name} {_OWN.sub('...', value)}", {**document, "Statement": [*before, kept, *after]}


def main() -> int:
    recorder = Recorder()
    status = pytest.main([*_OPTIONS, *(sys.argv[1:] or TESTS)], plugins=[recorder])
    found = sorted(unnoticed(recorder.asked.values()))
    for right in found:
        sys.stdout.write(f"{right.role}: {right.statement} {right.part}\n")
    sys.stdout.write(f"{len(recorder.asked)} requests; no test notices the loss of {len(found)} rights.\n")
    return int(status) or int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
