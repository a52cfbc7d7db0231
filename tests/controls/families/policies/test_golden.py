"""Each golden policy has its answer, a request that proves it, and a mend that closes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.decide import Admission, admissions
from cloudmend.controls.families.policies.mend import narrowed
from cloudmend.controls.families.policies.words import command, reason
from controls.families.policies.cases import OWNER, Golden, allow, golden, on, policy, trust

CASES = list(golden())
MINE = Owner(OWNER)
A_SERVICE = "an AWS service that acts for any AWS account"
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/orders"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"  # noqa: S105 - an ARN
EVERYBODY = "anybody, without credentials, may call s3:GetObject on arn:aws:s3:::b/any"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_answer_is_the_golden_one(case: Golden) -> None:
    found = admissions(case.policy, MINE)

    kinds = {each.kind for each in found}
    assert ("public" if "public" in kinds else "deputy" if kinds else "private") == case.answer
    assert all(each.request for each in found)


@pytest.mark.parametrize("owner", [MINE, Owner(OWNER, "o-mine")], ids=["account", "organization"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_mend_adds_a_condition_and_leaves_nothing_public(case: Golden, owner: Owner) -> None:
    before = json.dumps(case.policy)
    found = admissions(case.policy, owner)

    mended = narrowed(case.policy, found, owner)

    left = [each for each in admissions(mended.policy, owner) if each.place not in mended.reasons]
    assert not left
    assert json.dumps(case.policy) == before
    assert _without_what_was_added(mended.policy, case.policy) == case.policy


def _without_what_was_added(after: Any, before: Any) -> Any:
    """Take away every key that was not there before, at any depth; a Condition that was not there goes whole."""
    if isinstance(before, dict):
        return {key: _without_what_was_added(after[key], value) for key, value in before.items()}
    if isinstance(before, list):
        assert len(after) == len(before)
        return [_without_what_was_added(one, other) for one, other in zip(after, before, strict=True)]
    return after


def only(*statements: Any, owner: Owner = MINE) -> Admission:
    (found,) = admissions(policy(*statements), owner)
    return found


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (allow(), EVERYBODY),
        (allow(on("StringEquals", "aws:Referer", "x")), f"{EVERYBODY} if aws:Referer is x"),
        (
            allow(on("StringNotEquals", "aws:SourceVpce", "vpce-1")),
            f"{EVERYBODY} if the request has no aws:SourceVpce",
        ),
        (
            allow(Principal={"Service": "sns.amazonaws.com"}),
            "sns.amazonaws.com that acts for any AWS account may call s3:GetObject on arn:aws:s3:::b/any",
        ),
        (
            allow(on("ArnLike", "aws:SourceArn", "arn:aws:s3:::*")),
            f"{A_SERVICE} may call s3:GetObject on arn:aws:s3:::b/any if aws:SourceArn is arn:aws:s3:::any",
        ),
        (trust(AWS="*"), "any AWS account may call sts:AssumeRole"),
        (
            trust(Federated="cognito-identity.amazonaws.com"),
            "any Cognito identity pool may call sts:AssumeRoleWithWebIdentity",
        ),
    ],
)
def test_the_request_is_told_in_words(statement: Any, told: str) -> None:
    assert reason(only(statement)) == told


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        (allow(), "aws s3 cp s3://b/any - --no-sign-request"),
        (allow(Action="s3:*", Resource="arn:aws:s3:::b"), "aws s3 ls s3://b --no-sign-request"),
        (allow(on("StringLike", "aws:PrincipalTag/a", "*")), ""),
        (
            allow(Action="sqs:*", Resource="arn:aws:sqs:eu-west-1:111122223333:orders"),
            f"aws sqs receive-message --queue-url {QUEUE_URL} --region eu-west-1 --no-sign-request",
        ),
        (
            allow(Action="secretsmanager:GetSecretValue", Resource=SECRET),
            f"aws secretsmanager get-secret-value --secret-id {SECRET} --region eu-west-1",
        ),
    ],
)
def test_the_request_is_a_command_where_the_cli_can_make_it(statement: Any, line: str) -> None:
    request = only(statement).request

    assert request
    assert command(request) == line
