"""Each case that the evaluator and its oracle are known to decide otherwise, and who is right by AWS's pages.

The random cases of test_oracle.py leave these out. The pages are those of the IAM User Guide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Caller, Policies
from local.iam.cases import HOME, OTHER, Case
from local.iam.oracle import answers
from local.iam.policies import ALL, NONE, allow, policy
from local.iam.rows import FEDERATED, ROLE, ROOT, USER
from local.iam.test_oracle import in_words

QUEUE = f"arn:aws:sqs:us-east-1:{HOME}:work"
BUCKET_KEY = "arn:aws:s3:::data/a"


class Difference(NamedTuple):
    """A case, both decisions, and the reason."""

    why: str
    ours: str
    theirs: str
    policies: Policies
    context: dict[str, Any]
    caller: Caller = USER
    action: str = "s3:GetObject"
    resource: str = BUCKET_KEY


LAXER = ("Allowed", "ImplicitlyDenied")
STRICTER = ("ImplicitlyDenied", "Allowed")
DIFFERENCES = [
    Difference(
        "Condition operators, IP address: /0 is a range in CIDR notation as others are",
        *LAXER,
        Policies([allow(IpAddress={"aws:SourceIp": "0.0.0.0/0"})]),
        {"aws:SourceIp": "198.51.100.7"},
    ),
    Difference(
        "Condition operators, IP address: NotIpAddress is all addresses but the given, those of IPv6 among them",
        *LAXER,
        Policies([allow(NotIpAddress={"aws:SourceIp": "198.51.100.7"})]),
        {"aws:SourceIp": "2001:db8::1"},
    ),
    Difference(
        "Condition operators, Date: a time may be given in seconds since 1970",
        *LAXER,
        Policies([allow(DateLessThan={"aws:CurrentTime": "1800000000"})]),
        {"aws:CurrentTime": "2026-11-29T05:00:00Z"},
    ),
    Difference(
        "Multivalued context keys: ForAllValues holds for a null data set, such as an empty text",
        *LAXER,
        Policies([policy({**ALL, "Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-mine/"}}})]),
        {"aws:PrincipalOrgPaths": [""]},
    ),
    Difference(
        "Variables, special characters: ${*} can be used in any string where a variable can, so in StringEquals",
        *LAXER,
        Policies([allow(StringEquals={"aws:PrincipalTag/team": "red${*}"})]),
        {"aws:PrincipalTag/team": "red*"},
    ),
    Difference(
        "Variables, note: before version 2012-10-17 a variable is a text like others",
        *STRICTER,
        Policies(
            [
                policy(
                    {**ALL, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}}},
                    version="2008-10-17",
                )
            ]
        ),
        {"aws:PrincipalTag/team": "bob"},
    ),
    Difference(
        "Variables, principal key values: a match with a key that is not present fails, under ArnNotLike too",
        *STRICTER,
        Policies([allow(ArnNotLike={"aws:PrincipalArn": "arn:aws:sts::*:user/${aws:PrincipalTag/none}"})]),
        {},
    ),
    Difference(
        "the same in NotResource",
        *STRICTER,
        Policies([policy({"Effect": "Allow", "Action": "*", "NotResource": QUEUE[:-4] + "${aws:PrincipalTag/none}*"})]),
        {},
        action="sqs:SendMessage",
        resource=QUEUE,
    ),
    Difference(
        "Policy evaluation logic: a session policy does not limit what a policy grants to the session itself",
        *LAXER,
        Policies(session=[allow("sqs:*")], resource=policy({**ALL, "Principal": {"AWS": ROLE.arn}})),
        {},
        ROLE,
    ),
    Difference(
        "Sharing through RAM: EC2's resources have no policies, and another account shares them without one",
        *LAXER,
        Policies([policy(ALL)]),
        {},
        action="ec2:GetManagedPrefixListEntries",
        resource=f"arn:aws:ec2:us-east-1:{OTHER}:prefix-list/pl-1",
    ),
    Difference(
        "NotPrincipal: the account of the principal has to be named too",
        "ExplicitlyDenied",
        "Allowed",
        Policies([policy(ALL)], resource=policy({**ALL, "Effect": "Deny", "NotPrincipal": {"AWS": USER.arn}})),
        {},
    ),
    Difference(
        "Policy evaluation logic: the trust policy of a role has to allow the principal; a role without one has none",
        *STRICTER,
        Policies([policy(ALL)]),
        {},
        action="sts:AssumeRole",
        resource=f"arn:aws:iam::{HOME}:role/target",
    ),
    Difference(
        "Resource control policies deny by any Resource that a Deny of another policy can name",
        "ExplicitlyDenied",
        "Allowed",
        Policies(
            [policy(ALL)],
            rcps=[
                [
                    policy({**ALL, "Principal": "*"}),
                    policy({"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "arn:aws:sqs:*"}),
                ]
            ],
        ),
        {},
        action="sqs:SendMessage",
        resource=QUEUE,
    ),
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.why)
def test_a_known_difference_is_as_it_is_named(difference: Difference) -> None:
    request = AccessRequest(difference.action, difference.resource, difference.context)
    case = Case(request, difference.caller, difference.policies)
    assert in_words(evaluate(request, difference.caller, difference.policies)) == difference.ours
    assert answers([case.simulation()])[0]["result"] == difference.theirs


def test_the_root_user_has_full_access_without_a_policy_and_the_oracle_gives_it_none() -> None:
    case = Case(AccessRequest("s3:GetObject", BUCKET_KEY), ROOT, Policies())
    assert evaluate(case.request, case.caller, case.policies).allowed
    assert answers([case.simulation() | {"identityPolicies": []}])[0]["result"] == "ImplicitlyDenied"


def test_a_session_of_get_federation_token_without_a_session_policy_may_do_nothing_and_the_oracle_lets_it() -> None:
    case = Case(AccessRequest("s3:GetObject", BUCKET_KEY), FEDERATED, Policies([policy(ALL)]))
    assert in_words(evaluate(case.request, case.caller, case.policies)) == "ImplicitlyDenied"
    assert answers([case.simulation()])[0]["result"] == "Allowed"


def test_service_control_policies_do_not_bind_the_management_account_and_the_oracle_knows_none() -> None:
    closed = Policies([policy(ALL)], scps=[[policy(NONE)]])
    case = Case(AccessRequest("s3:GetObject", BUCKET_KEY), replace(USER, management=True), closed)
    assert evaluate(case.request, case.caller, case.policies).allowed
    assert answers([case.simulation()])[0]["result"] == "ExplicitlyDenied"
