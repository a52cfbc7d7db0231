"""Each case that the library of resource policies and the evaluator are known to decide otherwise, and why.

The random policies of test_library.py leave these out. Where AWS's pages do not say how a condition is compared, the
library takes the answer that a stranger would like better; the evaluator takes one that refuses.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.decide import admissions
from cloudmend.local.iam.request import Caller
from controls.families.policies.cases import OWNER, allow, deny, on, policy
from oracle.policies.random_strangers import ANY_ACCOUNT, Call

ROLE = Caller(
    "role",
    ANY_ACCOUNT,
    f"arn:aws:sts::{ANY_ACCOUNT}:assumed-role/any/any",
    f"arn:aws:iam::{ANY_ACCOUNT}:role/any",
    "AROASTRANGER:any",
)
ANONYMOUS = Caller("anonymous")
SERVICE = Caller("service", arn="cloudtrail.amazonaws.com")
ADDRESS = {"aws:SourceIp": "8.1.2.3"}


class Difference(NamedTuple):
    """A policy, a stranger's call, and whether library and evaluator say that it is admitted."""

    why: str
    library: bool
    evaluator: bool
    statements: list[Any]
    caller: Caller = ROLE
    keys: dict[str, Any] = {}  # noqa: RUF012 - never changed
    action: str = "s3:GetObject"


DIFFERENCES = [
    Difference("a `*` may be every address", True, False, [allow(on("IpAddress", "aws:SourceIp", "*"))], keys=ADDRESS),
    Difference(
        "a `*` may be no address", True, False, [allow(on("NotIpAddress", "aws:SourceIp", "*"))], ANONYMOUS, ADDRESS
    ),
    Difference(
        "an ARN may be compared with a text of fewer than five colons",
        True,
        False,
        [allow(on("ArnLike", "aws:PrincipalArn", "arn:aws:iam::44*"))],
    ),
    Difference(
        "or it may not fit it",
        True,
        False,
        [allow(on("ArnNotLike", "aws:PrincipalArn", "*:role/*"))],
    ),
    Difference(
        "EventBridge shows everybody as an ARN with a wildcard",
        True,
        False,
        [allow(Principal={"AWS": "arn:aws:iam::*:root"})],
    ),
    Difference(
        "so few addresses are somebody's",
        False,
        True,
        [allow(on("IpAddress", "aws:SourceIp", "8.0.0.0/8"))],
        keys=ADDRESS,
    ),
    Difference(
        "few addresses are left by the Deny",
        False,
        True,
        [
            allow(),
            deny(on("NotIpAddressIfExists", "aws:SourceIp", "8.0.0.0/8")),
            deny(on("Null", "aws:SourceIp", "true")),
        ],
        keys=ADDRESS,
    ),
    Difference(
        "an unsigned request cannot call the service",
        False,
        True,
        [allow(on("StringEquals", "aws:PrincipalAccount", "anonymous"), Action="kms:Decrypt", Resource="*")],
        ANONYMOUS,
        action="kms:Decrypt",
    ),
    Difference(
        "a service gets a role of the account only from its own principals",
        False,
        True,
        [allow(Principal={"Service": SERVICE.arn}, Action="sts:AssumeRole", Resource=None)],
        SERVICE,
        action="sts:AssumeRole",
    ),
    Difference(
        "a key of lists may be compared without a set operator",
        True,
        False,
        [allow(on("StringEquals", "aws:CalledVia", "athena.amazonaws.com"))],
        keys={"aws:CalledVia": ["athena.amazonaws.com"]},
    ),
]


@pytest.mark.parametrize("case", DIFFERENCES, ids=[case.why for case in DIFFERENCES])
def test_the_library_and_the_evaluator_differ_where_it_is_known(case: Difference) -> None:
    whole = policy(*case.statements)
    call = Call(case.caller, case.action, "arn:aws:s3:::b/any", case.keys)

    assert bool(admissions(whole, Owner(OWNER))) == case.library
    assert call.is_admitted_by(whole) == case.evaluator
