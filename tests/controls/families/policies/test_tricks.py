"""Policies that are hard to judge or to read: each trick has its answer, bad input its error, and the search an end."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from random import Random
from types import FrameType
from typing import Any

import pytest

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.decide import admissions
from cloudmend.controls.families.policies.document import parse
from cloudmend.controls.families.policies.mend import narrowed
from cloudmend.controls.families.policies.words import command, reason
from cloudmend.core.errors import InputError
from controls.families.policies.cases import OWNER, allow, deny, golden, on, policy
from controls.families.policies.tricks import ORG, TRICKS

MINE = Owner(OWNER)


@pytest.mark.parametrize(("answer", "statements"), [each[1:] for each in TRICKS], ids=[each[0] for each in TRICKS])
def test_a_trick_has_its_answer(answer: str, statements: list[Any]) -> None:
    kinds = {each.kind for each in admissions(policy(*statements), MINE)}

    assert ("public" if "public" in kinds else "deputy" if kinds else "private") == answer


UNREADABLE = [
    ({"Statement": None}, "number 1 of the policy cannot be read: None is no object"),
    ({}, "The policy has no Statement"),
    (policy(allow(), "x"), "number 2"),  # type: ignore[arg-type]
    (policy(allow(Effect="allow")), "Effect is 'allow'"),
    (policy(allow(Action=None)), "neither Action nor NotAction"),
    (policy(allow(Principal=None)), "it names no Principal"),
    (policy(allow(Principal=7)), "Principal is 7"),
    (policy(allow(Action=[None])), "Action is neither a text nor a list of texts"),
    (policy(allow([1])), "Condition is no object"),
    (policy(allow({"StringEquals": 1})), "Condition.StringEquals is no object"),
    (policy(allow(on("StringIs", "a", "b"))), "'StringIs' is no operator"),
    (policy(allow(on("NullIfExists", "a", "true"))), "'NullIfExists' is no operator"),
    (policy(allow(on("ForAllValues:Null", "a", "true"))), "'ForAllValues:Null' is no operator"),
    (policy(allow(on("StringEquals", "a", {}))), "Condition.StringEquals.a is neither a text nor"),
    (policy(allow(on("StringEquals", "a", "\ufdd2"))), "Condition.StringEquals.a has a character that Unicode keeps"),
]


@pytest.mark.parametrize(("document", "said"), UNREADABLE, ids=[said for _, said in UNREADABLE])
def test_a_policy_that_cannot_be_read_is_refused_with_the_place(document: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        admissions(document)

    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("[" * 100_000, "is not JSON"),
        ('{"Statement": [], "Statement": []}', "'Statement' stands twice"),
    ],
)
def test_a_text_that_is_no_policy_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text)

    assert said in str(error.value)


_JUNK: list[Any] = [
    None,
    True,
    0,
    -1.5,
    10**30,
    float("nan"),
    "",
    "*",
    "${",
    "${a}",
    "arn:",
    "\ud800",
    [],
    {},
    [[]],
    [{}],
    {"": ""},
]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container in a document, with each of its keys or places."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, inner in items:
        yield value, place
        yield from _places(inner)


def test_junk_anywhere_in_a_policy_is_read_or_refused() -> None:
    random = Random(16)  # noqa: S311 - no secret
    documents = [case.policy for case in golden()] + [policy(*statements) for _, _, statements in TRICKS]
    refused = 0
    for _ in range(1500):
        document = copy.deepcopy(random.choice(documents))
        for _ in range(random.choice((1, 1, 2, 3))):
            container, place = random.choice(list(_places(document)))
            container[place] = copy.deepcopy(random.choice(_JUNK))
        try:
            found = admissions(document, MINE)
        except InputError:
            refused += 1
            continue
        narrowed(document, found, MINE)
        assert all(reason(each) and (each.request is None or command(each.request) is not None) for each in found)
    assert 300 < refused < 1200


def test_a_text_is_parsed() -> None:
    assert parse('{"Statement": []}') == {"Statement": []}


def test_a_statement_whose_conditions_leave_no_room_is_left_to_a_person() -> None:
    crowded = {each: {"aws:PrincipalAccount": "*"} for each in ("StringNotEquals", "StringLike")}
    crowded |= {each: {"aws:PrincipalAccount": "anonymous"} for each in ("StringEquals", "stringequalsignorecase")}
    whole = policy(allow(crowded))

    mended = narrowed(whole, admissions(whole, MINE), MINE)

    assert mended.policy == whole
    assert mended.reasons == {0: "it has three conditions on the key already: edit it by hand"}


def test_a_key_that_nobody_reads_may_be_nested_deeply() -> None:
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]

    assert admissions({**policy(allow()), "Id": deep})


def _statements(number: int) -> list[Any]:
    allows = [allow(on("StringLike", "aws:UserAgent", f"a{each}*")) for each in range(number)]
    closed = [allow(on("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::*:role/{each}")) for each in range(number // 4)]
    denies = [
        deny(
            {
                **on("StringNotLike", "aws:Referer", f"https://*.{each}.example/*"),
                **on("Bool", "aws:SecureTransport", "true"),
            }
        )
        for each in range(number // 4)
    ]
    return [*allows, *closed, *denies, deny(on("StringNotLikeIfExists", ORG, ["o-mine", "o-*"]))]


def _steps(number: int) -> int:
    """The calls of functions that a policy with so many statements takes."""
    whole, steps = policy(*_statements(number)), 0

    def step(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal steps
        steps += event == "call"

    sys.setprofile(step)
    try:
        admissions(whole, MINE)
    finally:
        sys.setprofile(None)
    return steps


def test_the_steps_grow_with_the_statements_times_the_denies() -> None:
    few, many = _steps(40), _steps(80)

    assert many < 4.5 * few


@pytest.mark.parametrize(
    "statements",
    [
        [allow(on("StringLike", "aws:PrincipalAccount", f"*{each}*{each + 1}*")) for each in range(60)]
        + [deny(on("StringLike", "aws:PrincipalAccount", f"*{each}{each + 1}")) for each in range(50)],
        [allow(on("StringEquals", f"aws:RequestTag/{each}", f"${{aws:RequestTag/{each + 1}}}")) for each in range(60)]
        + [deny(on("StringEquals", f"aws:RequestTag/{each}", f"${{aws:RequestTag/{each + 1}}}")) for each in range(50)],
        [allow(), *[deny(on("StringLike", "aws:Referer", f"{each}*")) for each in range(2000)]],
    ],
    ids=["accounts", "variables", "Denies"],
)
def test_a_policy_that_is_too_hard_comes_to_an_end_and_is_called_public(statements: list[Any]) -> None:
    found = admissions(policy(*statements), MINE)

    assert found
    assert {each.kind for each in found} == {"public"}


_CIRCLE = {"aws:Referer": "a${aws:UserAgent}", "aws:UserAgent": "a${aws:Referer}"}
_CIRCLE_OF_PEOPLE = {"aws:PrincipalArn": "*${aws:userid}x", "aws:userid": "*${aws:PrincipalArn}x"}


@pytest.mark.parametrize(
    "statements",
    [
        [allow({"StringEquals": _CIRCLE})],
        [
            allow(
                on("StringLike", "aws:PrincipalAccount", "5*") | on("ArnLike", "aws:PrincipalArn", "arn:aws:iam::6*:*")
            )
        ],
        [allow(on("StringLike", ORG, "*-MINE")), deny(on("StringNotEqualsIgnoreCase", ORG, "o-mine"))],
        # Of services, one could; of people, it is not known: the worse answer counts.
        [allow({"StringLikeIfExists": _CIRCLE_OF_PEOPLE} | on("StringNotEquals", "aws:PrincipalType", "Anonymous"))],
    ],
    ids=["variables in a circle", "an account of two kinds", "an organization in capitals", "people and services"],
)
def test_what_was_not_decided_is_public_and_said(statements: list[Any]) -> None:
    (found,) = admissions(policy(*statements), MINE)

    assert (found.kind, found.request) == ("public", None)
    assert reason(found) == "it has too many conditions and Denies to rule out that a stranger can use it"
