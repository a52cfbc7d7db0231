"""The sentence of a denial, as "Troubleshoot access denied error messages" of the IAM User Guide spells it."""

from __future__ import annotations

import pytest

from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.refusals import denial
from cloudmend.local.iam.request import AccessRequest, Caller, Policies
from local.iam.policies import granted_to
from local.iam.rows import ANY, ASSUME, FOREIGN, FULL, KEY, NEVER, NOBODY, OBJECT, OTHERS, ROLE, USER

NOBODY_IS_LET = granted_to("*", effect="Deny")
LISTING = AccessRequest("codecommit:ListRepositories", "*")


@pytest.mark.parametrize(
    ("policies", "request_", "why"),
    [
        (Policies(), LISTING, "because no identity-based policy allows the codecommit:ListRepositories action"),
        (Policies([NEVER]), LISTING, "with an explicit deny in an identity-based policy"),
        (
            Policies([ANY], scps=[[OTHERS]]),
            LISTING,
            "because no service control policy allows the codecommit:ListRepositories action",
        ),
        (Policies([ANY], scps=[[NEVER], FULL]), LISTING, "with an explicit deny in a service control policy"),
        (
            Policies([ANY], OTHERS),
            LISTING,
            "because no permissions boundary allows the codecommit:ListRepositories action",
        ),
        (Policies([ANY], NEVER), LISTING, "with an explicit deny in a permissions boundary"),
        (
            Policies([ANY], session=[OTHERS]),
            LISTING,
            "because no session policy allows the codecommit:ListRepositories action",
        ),
        (Policies([ANY], session=[NEVER]), LISTING, "with an explicit deny in a session policy"),
        (Policies([ANY]), KEY, "because no resource-based policy allows the kms:Decrypt action"),
        (Policies([ANY]), FOREIGN, "because no resource-based policy allows the s3:GetObject action"),
        (Policies([ANY], resource=NOBODY_IS_LET), OBJECT, "with an explicit deny in a resource-based policy"),
        (Policies([ANY]), ASSUME, ""),  # AWS does not say
        (Policies([ANY], resource=NOBODY_IS_LET), ASSUME, ""),
        (Policies([ANY], rcps=[[NOBODY_IS_LET]]), OBJECT, "with an explicit deny in a resource control policy"),
    ],
)
def test_a_denial_says_which_kind_of_policy_is_the_reason(
    policies: Policies, request_: AccessRequest, why: str
) -> None:
    said = denial(evaluate(request_, ROLE, policies), request_, ROLE)
    resource = f'"{request_.resource}"' if request_.action.startswith("s3:") else request_.resource
    where = "" if request_.resource == "*" else f" on resource: {resource}"
    assert said == f"User: {ROLE.arn} is not authorized to perform: {request_.action}{where} {why}".rstrip()


@pytest.mark.parametrize(("caller", "name"), [(USER, USER.arn), (NOBODY, "anonymous")])
def test_a_denial_names_the_caller(caller: Caller, name: str) -> None:
    assert denial(evaluate(FOREIGN, caller, Policies()), FOREIGN, caller).startswith(f"User: {name} is not authorized")
