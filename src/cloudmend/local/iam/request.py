"""The question that IAM answers: a caller asks for an action on a resource, under the policies that apply.

A call of an API can need several requests, and AWS answers it only if all of them are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

# The kinds of caller that AWS's evaluation tells apart. "role" is a session of a role, "federated" is a session of
# GetFederationToken, "provider" is an identity provider that asks for a role, "service" is an AWS service by itself.
CallerKind = Literal["root", "user", "role", "federated", "provider", "service", "anonymous"]


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A request for one action on one resource, with the condition keys of the request and of the resource."""

    action: str  # "ec2:RevokeSecurityGroupIngress"
    resource: str  # an ARN, or "*" if the action has no resource
    context: Mapping[str, Any] = field(default_factory=dict)  # condition keys in any case: a value, or a list of them
    owner: str = ""  # the account that owns the resource; empty: the one in the ARN, or the caller's


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a request."""

    kind: CallerKind
    account: str = ""  # empty for "service" and "anonymous"
    arn: str = ""  # as GetCallerIdentity names it; for "service" its name: "lambda.amazonaws.com"
    issuer: str = ""  # of a "role" the ARN of the role, path included; of a "federated" that of the user
    userid: str = ""  # "AIDAEXAMPLE", "AROAEXAMPLE:session"; of a root user the account
    canonical: str = ""  # the account's canonical user id, which policies of S3 can name
    management: bool = False  # whether it is in the management account, which no SCP binds
    context: Mapping[str, Any] = field(default_factory=dict)  # further keys: aws:PrincipalTag/team, aws:PrincipalOrgID


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy: its text, and the name or ARN that a person knows it by."""

    name: str
    text: str


# Service and resource control policies by level of the organization: the root first, the account last.
Levels = Sequence[Sequence[Policy]]


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that apply to one request, all of them."""

    identity: Sequence[Policy] = ()  # inline, attached, and of groups
    boundary: Policy | None = None
    session: Sequence[Policy] = ()  # as passed to AssumeRole or GetFederationToken; empty: none was passed
    resource: Policy | None = None  # of the resource; of sts:AssumeRole, the role's trust policy
    scps: Levels = ()  # of the caller's account; empty: SCPs are off, or the account is in no organization
    rcps: Levels = ()  # of the owner's account


_ACCOUNT: Final = 4  # its place among the segments of an ARN


def owner_of(request: AccessRequest, account: str) -> str:
    """Return the account that owns the resource of a request that a principal of `account` makes."""
    segments = request.resource.split(":", 5)
    named = segments[_ACCOUNT] if len(segments) > _ACCOUNT + 1 else ""
    return request.owner or (named if named.isdigit() else account)


_TYPES: Final = {"root": "Account", "user": "User", "role": "AssumedRole", "federated": "FederatedUser"}


def caller_keys(caller: Caller) -> dict[str, Any]:
    """Return the condition keys that follow from the caller, and those that it carries."""
    if caller.kind == "service":
        own = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": caller.arn}
        return {**own, "aws:PrincipalServiceNamesList": [caller.arn], **caller.context}
    if caller.kind == "anonymous":
        nobody = dict.fromkeys(("aws:PrincipalAccount", "aws:userid"), "anonymous")
        return {**nobody, "aws:PrincipalType": "Anonymous", **caller.context}
    if caller.kind == "provider":
        return dict(caller.context)
    keys = {
        "aws:PrincipalArn": caller.issuer if caller.kind == "role" else caller.arn,
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalType": _TYPES[caller.kind],
        "aws:PrincipalIsAWSService": "false",
        "aws:userid": caller.userid or caller.account,
    }
    if caller.kind == "user":
        keys["aws:username"] = caller.arn.rpartition("/")[2]
    return {**keys, **caller.context}
