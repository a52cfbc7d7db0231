"""Which policies decide a request. Each row names the page of the IAM User Guide that says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudmend.local.iam.evaluate import evaluate, is_unlimited
from cloudmend.local.iam.request import AccessRequest, Caller, Policies, Policy
from local.iam.cases import HOME
from local.iam.policies import ALL, NONE, granted_to, in_words, policy
from local.iam.rows import (
    ACCOUNT,
    ADA,
    ANY,
    FEDERATED,
    FOREIGN,
    FULL,
    NEVER,
    NOBODY,
    OBJECT,
    OTHERS,
    ROLE,
    ROOT,
    SERVICE,
    USER,
    Row,
)

ROWS = [
    Row("evaluation logic: by default all requests are denied", OBJECT, USER, Policies(), "no identity"),
    Row("evaluation logic: an identity policy suffices", OBJECT, USER, Policies([ANY]), "allowed by identity"),
    Row("evaluation logic: one of several", OBJECT, USER, Policies([OTHERS, ANY]), "allowed by identity"),
    Row("evaluation logic: a denial wins", OBJECT, USER, Policies([ANY, NEVER]), "denied by identity"),
    Row("evaluation logic: the root user has full access", OBJECT, ROOT, Policies(), "allowed by identity"),
    Row("SCPs: they bind the root user", OBJECT, ROOT, Policies(scps=[FULL, [OTHERS]]), "no scp"),
    Row(
        "evaluation logic: a resource's denial",
        OBJECT,
        ROOT,
        Policies(resource=granted_to("*", effect="Deny")),
        "denied by resource",
    ),
    # The resource's policy in the same account
    Row(
        "resource policies: a user's ARN suffices",
        OBJECT,
        USER,
        Policies(resource=granted_to(USER.arn)),
        "allowed by resource",
    ),
    Row(
        "resource policies: a user's ARN, whatever the boundary",
        OBJECT,
        USER,
        Policies(boundary=OTHERS, resource=granted_to(USER.arn)),
        "allowed by resource",
    ),
    Row(
        "resource policies: a user's ARN, but a denial in the boundary",
        OBJECT,
        USER,
        Policies(boundary=NEVER, resource=granted_to(USER.arn)),
        "denied by boundary",
    ),
    Row(
        "resource policies: a role's ARN suffices",
        OBJECT,
        ROLE,
        Policies(resource=granted_to(ROLE.issuer)),
        "allowed by resource",
    ),
    Row(
        "resource policies: a role's ARN within the boundary",
        OBJECT,
        ROLE,
        Policies(boundary=OTHERS, resource=granted_to(ROLE.issuer)),
        "no boundary",
    ),
    Row(
        "resource policies: a role's ARN within the session policy",
        OBJECT,
        ROLE,
        Policies(session=[OTHERS], resource=granted_to(ROLE.issuer)),
        "no session",
    ),
    Row(
        "resource policies: a session's ARN, whatever the boundary and session policy",
        OBJECT,
        ROLE,
        Policies(boundary=OTHERS, session=[OTHERS], resource=granted_to(ROLE.arn)),
        "allowed by resource",
    ),
    Row(
        "resource policies: everybody, whatever the boundary",
        OBJECT,
        ROLE,
        Policies(boundary=OTHERS, session=[ANY], resource=granted_to("*")),
        "allowed by resource",
    ),
    # No page says so; the stricter of two readings.
    Row(
        "resource policies: everybody, within the session policy",
        OBJECT,
        ROLE,
        Policies(session=[OTHERS], resource=granted_to("*")),
        "no session",
    ),
    Row(
        "resource policies: a federated user's ARN",
        OBJECT,
        FEDERATED,
        Policies(boundary=OTHERS, session=[OTHERS], resource=granted_to(FEDERATED.arn)),
        "allowed by resource",
    ),
    Row(
        "resource policies: the user's ARN behind a federated user",
        OBJECT,
        FEDERATED,
        Policies(session=[OTHERS], resource=granted_to(FEDERATED.issuer)),
        "no session",
    ),
    Row(
        "principal: the account delegates to its administrators",
        OBJECT,
        USER,
        Policies(resource=granted_to(HOME)),
        "no identity",
    ),
    Row(
        "principal: the account's root user",
        OBJECT,
        ROOT,
        Policies(resource=granted_to(ACCOUNT)),
        "allowed by identity",
    ),
    Row(
        "principal: another session of the role",
        OBJECT,
        ROLE,
        Policies(resource=granted_to(ROLE.arn + "2")),
        "no identity",
    ),
    Row(
        "principal: no wildcard for a part of an ARN",
        OBJECT,
        USER,
        Policies(resource=granted_to(f"arn:aws:iam::{HOME}:user/*")),
        "no identity",
    ),
    Row(
        "principal: the unique id of the user",
        OBJECT,
        USER,
        Policies(resource=granted_to("AIDABOB")),
        "allowed by resource",
    ),
    Row(
        "resource policies: it allows other actions only",
        OBJECT,
        USER,
        Policies(resource=policy({**ALL, "Action": "sqs:*", "Principal": "*"})),
        "no identity",
    ),
    Row(
        "principal: the account of a federated user",
        OBJECT,
        FEDERATED,
        Policies(session=[ANY], resource=granted_to(HOME)),
        "no identity",
    ),
    Row(
        "principal: the unique id of a role, within the session policy",
        OBJECT,
        ROLE,
        Policies(session=[OTHERS], resource=granted_to("AROAEXAMPLE")),
        "no session",
    ),
    Row(
        "principal: another canonical user",
        FOREIGN,
        replace(USER, canonical="79a5"),
        Policies([ANY], resource=policy({**ALL, "Principal": {"CanonicalUser": "80b6"}})),
        "no resource",
    ),
    Row("principal: nobody, and no owner is named", replace(OBJECT, owner=""), NOBODY, Policies(), "no resource"),
    Row(
        "principal: the canonical user of the account",
        FOREIGN,
        replace(USER, canonical="79a5"),
        Policies([ANY], resource=policy({**ALL, "Principal": {"CanonicalUser": "79a5"}})),
        "allowed by identity",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.page)
def test_the_policies_decide_as_the_page_says(row: Row) -> None:
    assert in_words(evaluate(row.request, row.caller, row.policies)) == row.decision


ALL_NAMES = [USER.arn, HOME]
ALL_OF_ROLE = [ROLE.arn, ROLE.issuer, ACCOUNT]


@pytest.mark.parametrize(
    ("caller", "names", "boundary", "decision"),
    [
        (USER, ALL_NAMES, None, "allowed by identity"),
        (USER, [USER.arn], None, "denied by resource"),  # the account is missing
        (USER, [HOME], None, "denied by resource"),
        (USER, ALL_NAMES, ANY, "denied by resource"),  # always with a boundary
        (ROLE, ALL_OF_ROLE, None, "allowed by identity"),
        (ROLE, ALL_OF_ROLE[1:], None, "denied by resource"),  # the session is missing
        (ROOT, [ACCOUNT], None, "allowed by identity"),
        (ADA, ALL_NAMES, None, "denied by resource"),
        (NOBODY, ALL_NAMES, None, "denied by resource"),
        (SERVICE, ALL_NAMES, None, "denied by resource"),
        (USER, ["*"], None, "allowed by identity"),
    ],
)
def test_not_principal_denies_all_whose_names_are_not_all_listed(
    caller: Caller, names: list[str], boundary: Policy | None, decision: str
) -> None:
    held = policy({**NONE, "NotPrincipal": {"AWS": names}})
    assert in_words(evaluate(OBJECT, caller, Policies([ANY], boundary, resource=held))) == decision


def test_not_principal_with_allow_names_the_world_but_those_listed() -> None:
    held = Policies(resource=policy({**ALL, "NotPrincipal": {"AWS": ADA.arn}}))
    assert [in_words(evaluate(OBJECT, caller, held)) for caller in (USER, NOBODY, ADA)] == [
        "allowed by resource"
    ] * 2 + ["no identity"]


def test_the_decision_names_the_policy_and_the_statement() -> None:
    first, second = policy(ALL, name="first"), policy(ALL, {**NONE, "Sid": "Never"}, {**NONE}, name="second")
    allowed = evaluate(OBJECT, USER, Policies([first]))
    denied = evaluate(OBJECT, USER, Policies([first, second]))
    assert (allowed.policy, allowed.statement) == ("first", "statement 1")
    assert (denied.policy, denied.statement) == ("second", "Never")


@pytest.mark.parametrize("action", ["sts:GetCallerIdentity", "sts:GetSessionToken"])
def test_no_policy_denies_what_needs_no_right(action: str) -> None:
    assert evaluate(AccessRequest(action, "*"), USER, Policies([NEVER], NEVER, scps=[[NEVER]])).allowed


MALFORMED = [
    Policy("no JSON", "{"),
    Policy("no statement", "{}"),
    policy({**ALL, "Condition": {"Equals": {"aws:username": "ada"}}}),
    policy({**NONE, "Condition": {"Equals": {"aws:username": "ada"}}}),
    Policy("deep", "[" * 100_000),
]


@pytest.mark.parametrize("malformed", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_policy_grants_nothing_and_stops_no_other(malformed: Policy) -> None:
    def decided(**policies: Any) -> str:
        return in_words(evaluate(OBJECT, USER, Policies(**policies)))

    assert decided(identity=[malformed]) == "no identity"
    assert decided(identity=[malformed, ANY]) == "allowed by identity"
    assert decided(identity=[ANY], boundary=malformed) == "no boundary"
    assert decided(identity=[ANY], session=[malformed]) == "no session"
    assert decided(identity=[ANY], scps=[[malformed]]) == "no scp"
    assert decided(identity=[ANY], rcps=[[malformed]]) == "no rcp"
    assert decided(identity=[ANY], resource=malformed) == "allowed by identity"
    assert in_words(evaluate(FOREIGN, USER, Policies([ANY], resource=malformed))) == "no resource"


UNLIMITED = [
    (USER, Policies([ANY])),
    (USER, Policies([OTHERS, ANY], ANY, session=[ANY], scps=[FULL, FULL])),
    (ROOT, Policies()),
    (FEDERATED, Policies([ANY], session=[ANY])),
    (replace(USER, management=True), Policies([ANY], scps=[[NEVER]])),
]
LIMITED = [
    (USER, Policies()),
    (USER, Policies([OTHERS])),
    (USER, Policies([policy({**ALL, "Action": "s3:*"}), policy({**ALL, "Action": "ec2:*"})])),
    (USER, Policies([policy({**ALL, "Resource": "arn:aws:s3:::data"})])),
    (USER, Policies([policy({"Effect": "Allow", "NotAction": "*", "Resource": "*"})])),
    (USER, Policies([policy({"Effect": "Allow", "Action": "*", "NotResource": "*"})])),
    (USER, Policies([policy({**ALL, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})])),
    (USER, Policies([ANY, policy({**NONE, "Action": "iam:*"})])),
    (USER, Policies([ANY], OTHERS)),
    (USER, Policies([ANY], session=[OTHERS])),
    (USER, Policies([ANY], session=[ANY, policy({**NONE, "Action": "iam:*"})])),
    (USER, Policies([ANY], scps=[FULL, [OTHERS]])),
    (USER, Policies([ANY], scps=[[*FULL, NEVER]])),
    (ROOT, Policies(scps=[[OTHERS]])),
    (FEDERATED, Policies([ANY])),
]


@pytest.mark.parametrize(("caller", "policies"), UNLIMITED)
def test_a_caller_whom_all_policies_let_do_everything_is_unlimited(caller: Caller, policies: Policies) -> None:
    assert is_unlimited(caller, policies)


@pytest.mark.parametrize(("caller", "policies"), LIMITED)
def test_a_caller_whom_a_policy_limits_is_not_unlimited(caller: Caller, policies: Policies) -> None:
    assert not is_unlimited(caller, policies)
