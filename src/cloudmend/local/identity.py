"""The caller of a request: the access key that signed it, as the principal that CloudTrail names.

moto knows the IAM users and the sessions of assumed roles; sts_service.py adds those of users. Whoever has none of
their keys is anonymous.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.iam.policies_of_aws import administrator
from cloudmend.local.iam.sessions import UserSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.iam.models import AccessKey, User

# The key pair that AWS's documentation uses everywhere, hence known to open nothing.
EXAMPLE_ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
EXAMPLE_SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105
WALKTHROUGH_USER = "walkthrough"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: his ARN, his account, and the `userIdentity` of the CloudTrail records of his calls."""

    arn: str
    account: str
    user_identity: Mapping[str, Any]


ANONYMOUS: Final = "anonymous"


def create_walkthrough_user(region: str) -> None:
    """An administrator whose access key is the example one, in the Region's partition: the key that is printed."""
    create_administrator(region, DEFAULT_ACCOUNT_ID)
    iam: IAMBackend = iam_backends[DEFAULT_ACCOUNT_ID][partition_of(region).id]
    (key,) = iam.users[WALKTHROUGH_USER].access_keys
    key.access_key_id, key.secret_access_key = EXAMPLE_ACCESS_KEY, EXAMPLE_SECRET_KEY


def create_administrator(region: str, account: str) -> tuple[str, str]:
    """Create an administrator in an account. Return the access key, and its secret."""
    iam: IAMBackend = iam_backends[account][partition_of(region).id]
    administrator(iam).attach_to(iam.create_user(region, WALKTHROUGH_USER))
    key = iam.create_access_key(WALKTHROUGH_USER)
    return key.access_key_id, key.secret_access_key


def who(access_key: str, region: str) -> Principal:
    """The principal that an access key belongs to, in the Region's partition: no key is of two."""
    partition = partition_of(region).id
    session = session_of(access_key, partition)
    if session is not None:
        return _user_session(session) if isinstance(session, UserSession) else _role_session(session)
    user = user_of(access_key, partition)
    return _nobody() if user is None else _iam_user(user, access_key)


def session_of(access_key: str, partition: str) -> AssumedRole | UserSession | None:
    """Return the session of a role or of a user that an access key belongs to."""
    backends = (account[partition] for account in list(sts_backends.values()))
    sessions = (backend.get_assumed_role_from_access_key(access_key) for backend in backends)
    return next((session for session in sessions if session is not None), None)


def user_of(access_key: str, partition: str) -> User | None:
    """Return the IAM user that an access key belongs to."""
    users = (user for account in list(iam_backends.values()) for user in list(account[partition].users.values()))
    return next((user for user in users if user.has_access_key(access_key)), None)


def _nobody() -> Principal:
    identity = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    return Principal(ANONYMOUS, ANONYMOUS, identity)


def _iam_user(user: User, access_key: str) -> Principal:
    identity = {"type": "IAMUser", "principalId": user.id, "arn": user.arn, "userName": user.name}
    return _principal(user.arn, user.account_id, access_key, identity)


def _user_session(session: UserSession) -> Principal:
    context = {"attributes": _attributes(session.access_key, session.mfa)}
    if session.name:
        identity = {
            "type": "FederatedUser",
            "principalId": session.user_id,
            "arn": session.arn,
            "sessionContext": context,
        }
        return _principal(session.arn, session.account_id, session.access_key_id, identity)
    identity = dict(_iam_user(session.user, session.access_key_id).user_identity) | {"sessionContext": context}
    return _principal(session.arn, session.account_id, session.access_key_id, identity)


def _role_session(session: AssumedRole) -> Principal:
    identity = {"type": "AssumedRole", "principalId": session.user_id, "arn": session.arn}
    issuer = {
        "type": "Role",
        "principalId": session.user_id.partition(":")[0],
        "arn": session.role_arn,
        "accountId": session.account_id,
        "userName": session.role_arn.rpartition("/")[2],
    }
    context = {"sessionContext": {"sessionIssuer": issuer, "attributes": _attributes(session.access_key)}}
    return _principal(session.arn, session.account_id, session.access_key_id, identity | context)


def _attributes(key: AccessKey, mfa: bool = False) -> dict[str, str]:
    return {"creationDate": key.create_date.strftime("%Y-%m-%dT%H:%M:%SZ"), "mfaAuthenticated": str(mfa).lower()}


def _principal(arn: str, account: str, access_key: str, identity: dict[str, Any]) -> Principal:
    return Principal(arn, account, identity | {"accountId": account, "accessKeyId": access_key})
