"""The caller behind an access key, and the policies that it has, from moto's state.

moto has no permissions boundaries of users, so an identity has none either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.iam.organization import membership_of
from cloudmend.local.iam.request import Caller, Policies, Policy
from cloudmend.local.iam.sessions import UserSession, passed_to
from cloudmend.local.identity import session_of, user_of

if TYPE_CHECKING:
    from moto.iam.models import Group, Role, User
    from moto.sts.models import AssumedRole

_ACTIVE: Final = "Active"
_ROLE: Final = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/.+")
_ALLOWS_NOTHING: Final = '{"Statement": []}'


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, and the policies that apply to it whatever it requests."""

    caller: Caller
    policies: Policies  # without those of the resource
    expires: datetime | None  # the end of a session; None for a key of a user
    partition: str
    token: str = ""  # the token that comes with the key of a session


def identity_of(access_key: str, region: str) -> Identity | None:
    """Return the identity behind an access key, in the Region's partition; None if there is none, or it is inactive."""
    partition = partition_of(region).id
    session = session_of(access_key, partition)
    if isinstance(session, UserSession):
        return _of_user_session(session)
    if session is not None:
        return _of_session(session, partition)
    user = user_of(access_key, partition)
    if user is None or user.get_access_key_by_id(access_key).status != _ACTIVE:
        return None
    return _of_user(user, partition)


def identity_in_role(arn: str, session_name: str) -> Identity:
    """Return the identity of a session that a service made for itself of a role. A role that is gone may do nothing."""
    role, parts = role_of(arn), arn.split(":")
    name = f"arn:{parts[1]}:sts::{parts[4]}:assumed-role/{arn.rpartition('/')[2]}/{session_name}"
    caller = Caller("role", parts[4], name, arn, role.id if role else "", context=_tags(role.tags if role else ()))
    return _in_organization(caller, policies_of(role) if role else Policies(), parts[1])


def role_of(arn: str) -> Role | None:
    """Return a role by its ARN; None if there is none."""
    match = _ROLE.fullmatch(arn)
    if match is None:
        return None
    backend: IAMBackend = iam_backends[match["account"]][match["partition"]]
    return next((role for role in list(backend.roles.values()) if role.arn == arn), None)


def policies_of(role: Role) -> Policies:
    """Return the policies of a role that a service assumes: those that it holds, and its boundary."""
    partition = role.arn.split(":")[1]
    return Policies(list(_held_by(role)), boundary=_by_arn(role.permissions_boundary_arn, role.account_id, partition))


def trust_policy(role: Role) -> Policy:
    """Return the policy of a role that says who can assume it."""
    return Policy(f"{role.arn} (trust policy)", text_of(role.assume_role_policy_document))


def _of_user(user: User, partition: str) -> Identity:
    caller = Caller("user", user.account_id, user.arn, userid=user.id, context=_tags(user.tags))
    return _in_organization(caller, Policies(_of_user_and_groups(user, partition)), partition)


def _of_user_session(session: UserSession) -> Identity:
    """Return the identity of a user or federated user with temporary keys."""
    user, partition = session.user, session.partition
    caller = Caller(
        kind="federated" if session.name else "user",
        account=session.account_id,
        arn=session.arn,
        issuer=user.arn if session.name else "",
        userid=session.user_id,
        context={**_tags(user.tags), **_keys_of(session, session.mfa)},
    )
    policies = Policies(_of_user_and_groups(user, partition), session=_passed(session))
    return _in_organization(caller, policies, partition, session)


def _of_session(session: AssumedRole, partition: str) -> Identity:
    role = role_of(session.role_arn)
    caller = Caller(
        kind="role",
        account=session.account_id,
        arn=session.arn,
        issuer=session.role_arn,
        userid=session.user_id,
        # AWS: the MFA of a call of AssumeRole counts for that call, and not for the session.
        context={**_tags(role.tags if role else ()), **_keys_of(session, mfa=False)},
    )
    policies = replace(policies_of(role) if role else Policies(), session=_passed(session))
    return _in_organization(caller, policies, partition, session)


def _in_organization(
    caller: Caller, policies: Policies, partition: str, session: AssumedRole | UserSession | None = None
) -> Identity:
    """Return the identity with the keys and the policies of the organization of its account, if it is in one."""
    expires = session.expiration.replace(tzinfo=UTC) if session else None
    token = session.session_token if session else ""
    membership = membership_of(caller.account, partition)
    if membership is None:
        return Identity(caller, policies, expires, partition, token)
    keys = {"aws:PrincipalOrgID": membership.organization, "aws:PrincipalOrgPaths": [membership.path]}
    joined = replace(caller, management=membership.management, context={**caller.context, **keys})
    return Identity(joined, replace(policies, scps=membership.scps), expires, partition, token)


def _keys_of(session: AssumedRole | UserSession, mfa: bool) -> dict[str, Any]:
    """Return the condition keys that a session brings. Its tags take the place of those of the role."""
    passed = passed_to(session)
    keys = {f"aws:PrincipalTag/{key}": value for key, value in passed.tags.items()}
    keys["aws:TokenIssueTime"] = session.access_key.create_date.strftime("%Y-%m-%dT%H:%M:%SZ")
    keys["aws:MultiFactorAuthPresent"] = str(mfa).lower()
    return keys | ({"aws:SourceIdentity": passed.source_identity} if passed.source_identity else {})


def _passed(session: AssumedRole | UserSession) -> list[Policy]:
    """Return the session policies: the inline one, then the managed ones."""
    inline = [Policy(f"{session.arn} (session policy)", session.policy)] if session.policy else []
    managed = (_by_arn(arn, session.account_id, session.partition) for arn in passed_to(session).policy_arns)
    return inline + [policy for policy in managed if policy]


def _of_user_and_groups(user: User, partition: str) -> list[Policy]:
    backend: IAMBackend = iam_backends[user.account_id][partition]
    groups = [group for group in list(backend.groups.values()) if user in group.users]
    holders: list[User | Group] = [user, *groups]
    return [policy for holder in holders for policy in _held_by(holder)]


def _held_by(holder: User | Group | Role) -> Iterator[Policy]:
    """Yield the inline policies of a user, group, or role, then those attached to it."""
    for name, document in holder.policies.items():
        yield Policy(f"{holder.arn} (inline policy {name})", text_of(document))
    yield from map(_managed, holder.managed_policies.values())


def _managed(policy: ManagedPolicy) -> Policy:
    """Return the default version of a managed policy."""
    version = next(each for each in policy.versions if each.version_id == policy.default_version_id)
    return Policy(policy.arn, text_of(version.document))


def _by_arn(arn: str | None, account: str, partition: str) -> Policy | None:
    """Return a managed policy, one that allows nothing if there is no such policy, or None without an ARN."""
    if not arn:
        return None
    backend: IAMBackend = iam_backends[account][partition]
    policy: ManagedPolicy | None = backend.managed_policies.get(arn)
    return _managed(policy) if policy else Policy(arn, _ALLOWS_NOTHING)


def _tags(tags: Iterable[Mapping[str, str]] | None) -> dict[str, Any]:
    return {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in tags or ()}


def text_of(document: Any) -> str:
    """Return a document as text. CloudFormation's are objects, with dates for versions without quotes."""
    return document if isinstance(document, str) else json.dumps(document, default=str)
