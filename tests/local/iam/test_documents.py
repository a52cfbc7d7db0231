"""Actions, resources, and the grammar of policies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from cloudmend.local.iam.documents import MalformedPolicy, parse_policy
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Policies
from local.iam.policies import ALL, allow, policy
from local.iam.rows import USER

QUEUE = "arn:aws:sqs:us-east-1:111122223333:work"
OBJECT = "arn:aws:s3:::data/home/bob/a.txt"


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("*", "s3:GetObject", True),
        ("s3:*", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),  # Action: neither the service's case counts, nor the action's
        ("s3:Get*", "s3:GetObject", True),
        ("s3:*Object", "s3:GetObject", True),
        ("S3:get*", "s3:GetObject", True),
        ("s3:GetObjec?", "s3:GetObject", True),
        ("s3:Get", "s3:GetObject", False),
        ("s3:GetObject*", "s3:PutObject", False),
        ("ec2:*", "s3:GetObject", False),
    ],
)
def test_an_action_is_named_by_wildcards_and_without_regard_to_case(pattern: str, action: str, expected: bool) -> None:
    request = AccessRequest(action, "*")
    assert evaluate(request, USER, Policies([allow(pattern)])).allowed is expected
    others = policy({"Effect": "Allow", "NotAction": [pattern], "Resource": "*"})
    assert evaluate(request, USER, Policies([others])).allowed is not expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", QUEUE, True),
        (QUEUE, QUEUE, True),
        (QUEUE.upper().replace("ARN:AWS", "arn:aws"), QUEUE, False),  # Resource: case counts
        ("arn:aws:sqs:*:*:work", QUEUE, True),
        ("arn:aws:sqs:us-*:111122223333:w??k", QUEUE, True),
        ("arn:*:sqs:*:*:*", QUEUE, True),
        ("arn:aws:sqs:us-east-1:*", QUEUE, True),  # Resource: a * at the end goes beyond the colons
        ("arn:aws:sqs*", QUEUE, True),
        ("arn:aws:s3:::data/*/a.txt", OBJECT, True),  # a slash is a character like others
        ("arn:aws:s3:::data/home/${aws:username}/*", OBJECT, True),
        ("arn:aws:s3:::data/home/${aws:username, 'bob'}/*", OBJECT, True),
        ("arn:aws:s3:::data/home/${aws:SourceIdentity, 'bob'}/*", OBJECT, True),
        ("arn:aws:s3:::data/home/ada/*", OBJECT, False),
        ("*", "*", True),
        ("arn:aws:ec2:*:*:*", "*", False),  # an action without a resource
    ],
)
def test_a_resource_is_named_segment_by_segment(pattern: str, resource: str, expected: bool) -> None:
    request = AccessRequest("s3:GetObject", resource)
    assert evaluate(request, USER, Policies([allow(resource=pattern)])).allowed is expected
    others = policy({"Effect": "Allow", "Action": "*", "NotResource": pattern})
    assert evaluate(request, USER, Policies([others])).allowed is not expected


@pytest.mark.parametrize(
    "pattern",
    [
        "arn:aws:sqs:*:work",  # too few segments
        "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:work",  # Variables: only after the fifth colon
        "arn:aws:sqs:us-east-1:111122223333:${aws:SourceIdentity}",  # Variables: a key that is absent
    ],
)
def test_what_can_be_compared_with_nothing_allows_nothing_in_resource_nor_in_not_resource(pattern: str) -> None:
    others = policy({"Effect": "Allow", "Action": "*", "NotResource": pattern})
    for held in (allow(resource=pattern), others):
        assert not evaluate(AccessRequest("sqs:SendMessage", QUEUE), USER, Policies([held])).allowed


def without(*names: str, **given: Any) -> dict[str, Any]:
    return {key: value for key, value in (ALL | given).items() if key not in names}


MALFORMED = [
    ("{nope", "is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
    (
        '{"Version": "2012-10-17", "Statement": [], "Statement": []}',
        "is not JSON: the key 'Statement' stands twice in one object.",
    ),
    ("[]", ": [] is not an object."),
    ("{}", ": it has no Statement."),
    ({"Version": "2012-10-18", "Statement": []}, ": Version is '2012-10-18', not 2008-10-17 or 2012-10-17."),
    ({"Statement": [], "Satement": []}, ": 'Satement' is not an element of a policy."),
    ({"Statement": ["x"]}, ", statement 1: 'x' is not an object."),
    ({"Statement": [ALL, {**ALL, "Efect": ""}]}, ", statement 2: 'Efect' is not an element of a policy."),
    ({"Statement": {**ALL, "Effect": "allow"}}, ", statement 1: Effect is 'allow', not 'Allow' or 'Deny'."),
    ({"Statement": without("Effect")}, ", statement 1: Effect is None, not 'Allow' or 'Deny'."),
    ({"Statement": {**ALL, "Sid": ["a"]}}, ", statement 1: Sid is not a text."),
    ({"Statement": without("Action")}, ", statement 1: it has neither Action nor NotAction."),
    ({"Statement": {**ALL, "NotAction": "*"}}, ", statement 1: it has both Action and NotAction."),
    ({"Statement": without("Resource")}, ", statement 1: it has neither Resource nor NotResource."),
    ({"Statement": {**ALL, "Principal": "*"}}, ", statement 1: only the policy of a resource names principals."),
    ({"Statement": {**ALL, "NotPrincipal": "*"}}, ", statement 1: only the policy of a resource names principals."),
    ({"Statement": {**ALL, "Action": []}}, ", statement 1: Action is neither a text nor a list of texts."),
    ({"Statement": {**ALL, "Action": [["a"]]}}, ", statement 1: Action is neither a text nor a list of texts."),
    ({"Statement": {**ALL, "Action": "Get*"}}, ", statement 1: Action 'Get*' is not SERVICE:ACTION."),
    ({"Statement": {**ALL, "Action": "*:Get"}}, ", statement 1: Action '*:Get' is not SERVICE:ACTION."),
    ({"Statement": {**ALL, "Resource": "data"}}, ", statement 1: Resource 'data' is neither an ARN nor '*'."),
    (
        {"Statement": {**ALL, "Condition": []}},
        ", statement 1: Condition is not an object of operators, each an object of keys.",
    ),
    (
        {"Statement": {**ALL, "Condition": {"StringEquals": "x"}}},
        ", statement 1: Condition is not an object of operators, each an object of keys.",
    ),
    (
        {"Statement": {**ALL, "Condition": {"StringEqual": {"k": "x"}}}},
        ", statement 1: 'StringEqual' is not a condition operator.",
    ),
    (
        {"Statement": {**ALL, "Condition": {"NullIfExists": {"k": "x"}}}},
        ", statement 1: 'NullIfExists' is not a condition operator.",
    ),
    (
        {"Statement": {**ALL, "Condition": {"ForAnyValue:Null": {"k": "true"}}}},
        ", statement 1: 'ForAnyValue:Null' is not a condition operator.",
    ),
    (
        {"Statement": {**ALL, "Condition": {"Some:StringEquals": {"k": "x"}}}},
        ", statement 1: 'Some:StringEquals' is not a condition operator.",
    ),
    (
        {"Statement": {**ALL, "Condition": {"StringEquals": {"k": [{}]}}}},
        ", statement 1: Condition.StringEquals.k has a value that is neither text, nor number, nor boolean.",
    ),
]


@pytest.mark.parametrize(("document", "said"), MALFORMED)
def test_a_malformed_policy_is_an_error_that_names_the_place_and_the_fault(document: Any, said: str) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(text, "arn:aws:iam::aws:policy/X", of_resource=False)
    separator = "" if said.startswith((":", ",")) else " "
    assert str(refused.value) == f"The policy arn:aws:iam::aws:policy/X{separator}{said}"


def test_brackets_that_are_nested_too_deep_are_an_error_too() -> None:
    with pytest.raises(MalformedPolicy, match="The policy p is not JSON: "):
        parse_policy("[" * 100_000, "p", of_resource=False)


NO_PRINCIPAL = "Principal is neither '*' nor an object with AWS, CanonicalUser, Federated, Service."


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (ALL, "it has neither Principal nor NotPrincipal."),
        ({**ALL, "Principal": "*", "NotPrincipal": "*"}, "it has both Principal and NotPrincipal."),
        ({**ALL, "Principal": {}}, NO_PRINCIPAL),
        ({**ALL, "Principal": "111122223333"}, NO_PRINCIPAL),
        ({**ALL, "NotPrincipal": {"Aws": "*"}}, f"Not{NO_PRINCIPAL}"),
        ({**ALL, "Principal": {"AWS": []}}, "Principal.AWS is neither a text nor a list of texts."),
    ],
)
def test_the_policy_of_a_resource_names_principals(statement: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(json.dumps({"Statement": statement}), "of the key", of_resource=True)
    assert str(refused.value) == f"The policy of the key, statement 1: {said}"


def test_a_trust_policy_needs_no_resource() -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": USER.arn}, "Action": "sts:AssumeRole"}
    request = AccessRequest("sts:AssumeRole", "arn:aws:iam::111122223333:role/target")
    assert evaluate(request, USER, Policies(resource=policy(trust))).allowed


def test_a_resource_is_named_by_one_of_several_and_spared_by_each() -> None:
    names = ["arn:aws:sqs:*:*:other", QUEUE]
    request = AccessRequest("sqs:SendMessage", QUEUE)
    for element, expected in (("Resource", True), ("NotResource", False)):
        held = policy({"Effect": "Allow", "Action": "*", element: names})
        assert evaluate(request, USER, Policies([held])).allowed is expected


def test_every_policy_that_aws_manages_follows_the_grammar() -> None:
    policies = json.loads(aws_managed_policies_data)
    assert len(policies) > 1500
    assert all(parse_policy(json.dumps(each["Document"]), name, False) for name, each in policies.items())


def test_a_policy_can_have_an_id_and_one_statement_without_a_list() -> None:
    text = json.dumps({"Version": "2012-10-17", "Id": "an id", "Statement": {**ALL, "Sid": "Only"}})
    assert [statement.name for statement in parse_policy(text, "p", of_resource=False)] == ["Only"]


def test_several_names_with_wildcards_are_alternatives() -> None:
    several = policy({"Effect": "Allow", "Action": ["s3:Get*", "s3:Put*", "sqs:*"], "Resource": "*"})
    actions = ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage")
    allowed = [evaluate(AccessRequest(action, "*"), USER, Policies([several])).allowed for action in actions]
    assert allowed == [True, True, False, True]
