"""The requests that prove the golden policies public, before a public simulator of IAM: a third opinion."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.decide import admissions
from cloudmend.local.iam.request import AccessRequest, Policies, Policy
from controls.families.policies.cases import OWNER, golden
from local.iam.cases import Case
from local.iam.oracle import answers
from oracle.policies.random_strangers import ALLOW_ALL, as_call

_A_ROLE = f"arn:aws:iam::{OWNER}:role/work"
# The simulator admits no request of these policies.
KNOWN = {
    "any account's root": "it takes the ARN for one principal's; EventBridge shows everybody so",
    "KMS, through a service": "it ignores the key for an action of S3",
    "a function's URL": "it asks for the ARN of a function",
    "IpAddress aws:SourceIp 0.0.0.0/0": "it takes /0 for no range",
    "IpAddress aws:SourceIp *": "it takes a `*` for no range; test_differences.py has it too",
    "StringEquals s3:x-amz-acl private": "it ignores the key for an action that reads",
}


def requests() -> Iterator[tuple[str, Any]]:
    """The golden policies' requests of people, and each as the simulator takes it."""
    for golden_case in golden():
        for found in admissions(golden_case.policy, Owner(OWNER)):
            if found.request and found.request.stranger.kind in ("nobody", "somebody"):
                call = as_call(found.request, Random(16), golden_case.policy)  # noqa: S311 - no secret
                keys = {key: value for key, value in call.keys.items() if value is not None}
                policies = Policies(
                    identity=[ALLOW_ALL] if call.caller.account else (),
                    resource=Policy("p", json.dumps(golden_case.policy)),
                )
                request = AccessRequest(call.action, call.resource or _A_ROLE, keys, OWNER)
                simulation = Case(request, call.caller, policies).simulation()
                simulation["request"]["contextVariables"] = keys
                yield golden_case.name, simulation


def test_a_public_simulator_admits_the_requests_of_the_golden_policies() -> None:
    names, simulations = zip(*requests(), strict=True)

    refused = {
        name for name, answer in zip(names, answers(simulations), strict=True) if answer.get("result") != "Allowed"
    }

    assert refused == set(KNOWN)
    assert len(names) > 40
