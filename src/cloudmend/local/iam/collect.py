"""The caller behind an access key, and the policies that it has, from moto's state.

moto does not keep the tags, the source identity, and the managed policies that a caller passes to AssumeRole. It has
neither boundaries of users nor sessions of GetSessionToken and GetFederationToken, so nor has an identity.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.iam.organization import Membership, membership_of
from cloudmend.local.iam.request import Caller, Policies, Policy
from cloudmend.local.identity import session_of, user_of

if TYPE_CHECKING:
    from moto.iam.models import Group, Role, User
    from moto.sts.models import AssumedRole

ACTIVE: Final = "Active"
_ROLE: Final = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/.+")
_ALLOWS_NOTHING: Final = '{"Statement": []}'


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, and the policies that apply to it whatever it requests."""

    caller: Caller
    policies: Policies  # without those of the resource
    expires: datetime | None  # the end of a session; None for a key of a user


def identity_of(access_key: str, region: str) -> Identity | None:
    """Return the identity behind an access key, in the Region's partition; None if there is none, or it is inactive."""
    partition = partition_of(region).id
    session = session_of(access_key, partition)
    if session is not None:
        return _of_session(session, partition)
    user = user_of(access_key, partition)
    if user is None or user.get_access_key_by_id(access_key).status != ACTIVE:
        return None
    return _of_user(user, partition)


def role_of(arn: str) -> Role | None:
    """Return a role by its ARN; None if there is none."""
    match = _ROLE.fullmatch(arn)
    if match is None:
        return None
    backend: IAMBackend = iam_backends[match["account"]][match["partition"]]
    return next((role for role in list(backend.roles.values()) if role.arn == arn), None)


def trust_policy(role: Role) -> Policy:
    """Return the policy of a role that says who can assume it."""
    return Policy(f"{role.arn} (trust policy)", _text(role.assume_role_policy_document))


def _of_user(user: User, partition: str) -> Identity:
    backend: IAMBackend = iam_backends[user.account_id][partition]
    groups = [group for group in list(backend.groups.values()) if user in group.users]
    membership = membership_of(user.account_id, partition)
    caller = Caller(
        kind="user",
        account=user.account_id,
        arn=user.arn,
        userid=user.id,
        management=membership is not None and membership.management,
        context=_tags(user.tags) | _keys_of(membership),
    )
    holders: list[User | Group] = [user, *groups]
    identity = [policy for holder in holders for policy in _held_by(holder)]
    return Identity(caller, Policies(identity, scps=membership.scps if membership else ()), None)


def _of_session(session: AssumedRole, partition: str) -> Identity:
    role = role_of(session.role_arn)
    membership = membership_of(session.account_id, partition)
    issued = session.access_key.create_date.strftime("%Y-%m-%dT%H:%M:%SZ")
    caller = Caller(
        kind="role",
        account=session.account_id,
        arn=session.arn,
        issuer=session.role_arn,
        userid=session.user_id,
        management=membership is not None and membership.management,
        context={
            **_tags(role.tags if role else ()),
            **_keys_of(membership),
            "aws:TokenIssueTime": issued,
            "aws:MultiFactorAuthPresent": "false",
        },
    )
    policies = Policies(
        identity=list(_held_by(role)) if role else (),
        boundary=_boundary(role) if role else None,
        session=[Policy(f"{session.arn} (session policy)", session.policy)] if session.policy else (),
        scps=membership.scps if membership else (),
    )
    return Identity(caller, policies, session.expiration.replace(tzinfo=UTC))


def _held_by(holder: User | Group | Role) -> Iterator[Policy]:
    """Yield the inline policies of a user, group, or role, then those attached to it."""
    for name, document in holder.policies.items():
        yield Policy(f"{holder.arn} (inline policy {name})", _text(document))
    yield from map(_managed, holder.managed_policies.values())


def _managed(policy: ManagedPolicy) -> Policy:
    """Return the default version of a managed policy."""
    version = next(each for each in policy.versions if each.version_id == policy.default_version_id)
    return Policy(policy.arn, _text(version.document))


def _boundary(role: Role) -> Policy | None:
    arn = role.permissions_boundary_arn
    if not arn:
        return None
    backend: IAMBackend = iam_backends[role.account_id][role.partition]
    policy: ManagedPolicy | None = backend.managed_policies.get(arn)
    return _managed(policy) if policy else Policy(arn, _ALLOWS_NOTHING)


def _keys_of(membership: Membership | None) -> dict[str, Any]:
    if membership is None:
        return {}
    return {"aws:PrincipalOrgID": membership.organization, "aws:PrincipalOrgPaths": [membership.path]}


def _tags(tags: Iterable[Mapping[str, str]] | None) -> dict[str, Any]:
    return {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in tags or ()}


def _text(document: Any) -> str:
    """Return a document as text. CloudFormation's are objects, with dates for versions without quotes."""
    return document if isinstance(document, str) else json.dumps(document, default=str)
