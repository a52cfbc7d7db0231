"""Sessions of STS, beyond moto's: what a caller passed to AssumeRole, and sessions of users.

Both are kept with moto's sessions, so they live as long as these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.utils import random_session_token

if TYPE_CHECKING:
    from moto.iam.models import User

_PASSED: Final = "cloudmend_passed"


@dataclass(frozen=True, slots=True)
class Passed:
    """The parameters of a call that made a session, those that decide what the session may do."""

    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()  # the keys of the tags that a session of a session inherits
    policy_arns: tuple[str, ...] = ()
    source_identity: str = ""

    def inherit(self, parent: Passed) -> Passed:
        """Return the parameters with those that a session inherits from the session that made it."""
        kept = {key: parent.tags[key] for key in parent.transitive if key in parent.tags}
        return Passed(
            {**self.tags, **kept},
            self.transitive | parent.transitive,
            self.policy_arns,
            parent.source_identity or self.source_identity,
        )


def passed_by(params: Mapping[str, Any]) -> Passed:
    """Return what the parameters of AssumeRole or GetFederationToken pass to the session."""
    return Passed(
        tags={tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()},
        transitive=frozenset(params.get("TransitiveTagKeys") or ()),
        policy_arns=tuple(each["arn"] for each in params.get("PolicyArns") or ()),
        source_identity=params.get("SourceIdentity") or "",
    )


def remember(session: AssumedRole, passed: Passed) -> None:
    """Keep with a session what was passed to it."""
    vars(session)[_PASSED] = passed


def passed_to(session: AssumedRole | UserSession) -> Passed:
    """Return what was passed to a session; nothing for one that no call made, such as a function's."""
    return session.passed if isinstance(session, UserSession) else vars(session).get(_PASSED, Passed())


class UserSession:
    """A session of GetSessionToken, or of GetFederationToken if it has a name. moto has none.

    It has what moto reads of a session: moto answers GetCallerIdentity by it.
    """

    def __init__(
        self,
        user: User,
        partition: str,
        expires: datetime,
        *,
        name: str = "",
        policy: str = "",
        passed: Passed | None = None,
        mfa: bool = False,
    ) -> None:
        """Make keys for a user, and keep the session with moto's."""
        self.account_id, self.partition, self.user = user.account_id, partition, user
        self.expiration, self.name, self.policy, self.mfa = expires, name, policy, mfa
        self.passed = passed or Passed()
        self.access_key = iam_backends[self.account_id][partition].create_temp_access_key()
        self.access_key_id, self.secret_access_key = self.access_key.access_key_id, self.access_key.secret_access_key
        self.session_token = random_session_token()
        sessions: list[Any] = sts_backends[self.account_id][partition].assumed_roles
        sessions.append(self)

    @property
    def arn(self) -> str:
        """The ARN of the caller: the user, or the federated user."""
        federated = f"arn:{self.partition}:sts::{self.account_id}:federated-user/{self.name}"
        return federated if self.name else str(self.user.arn)

    @property
    def user_id(self) -> str:
        """The unique id of the caller."""
        return f"{self.account_id}:{self.name}" if self.name else str(self.user.id)
