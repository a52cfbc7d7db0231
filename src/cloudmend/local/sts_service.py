"""STS's part of the front: moto answers, and what it forgets of a session is kept.

Who can assume a role is what its trust policy says, with the MFA and the external id that the call shows. To each
caller of GetSessionToken or GetFederationToken, moto gives the same well-known keys. Here they are new keys of the
caller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from cloudmend.core.partitions import partition_of
from cloudmend.local.iam.collect import role_of
from cloudmend.local.iam.documents import MalformedPolicy, parse_policy
from cloudmend.local.iam.sessions import UserSession, passed_by, passed_to, remember
from cloudmend.local.identity import session_of, user_of
from cloudmend.local.messages import ApiError, ApiResponse

if TYPE_CHECKING:
    from moto.iam.models import User

    from cloudmend.local.front import Exchange

_OF_ROLES: Final = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
_OF_USERS: Final = frozenset({"GetSessionToken", "GetFederationToken"})
_WRONG_CODE: Final = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
_CODE: Final = re.compile(r"\d{6}")
_SHOWN: Final = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
_POLICY_LENGTH: Final = 2048
_HOUR_S: Final = 3600
_CHAINED: Final = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
_TOO_LONG: Final = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call of STS. Raises ApiError."""
    params: Mapping[str, Any] = exchange.call.params if exchange.call else {}
    _check_policy(params.get("Policy") or "")
    if exchange.request.operation in _OF_ROLES:
        return _assume(exchange, params)
    exchange.authorize()
    if exchange.request.operation in _OF_USERS:
        return _session_of_user(exchange, params)
    return exchange.forward()


def _check_policy(text: str) -> None:
    """Raise ApiError for a session policy that STS does not take."""
    if len(text) > _POLICY_LENGTH:
        raise ApiError(
            "ValidationError",
            f"1 validation error detected: Value '{text}' at 'policy' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_POLICY_LENGTH}",
        )
    try:
        if text:
            parse_policy(text, "of the session", False)
    except MalformedPolicy as error:
        raise ApiError("MalformedPolicyDocument", str(error)) from error


def _assume(exchange: Exchange, params: Mapping[str, Any]) -> ApiResponse:
    """Keep what was passed to the new session, and what it inherits from the session that asks for it."""
    partition = partition_of(exchange.request.region).id
    parent = session_of(exchange.request.access_key, partition)
    user = parent.user if isinstance(parent, UserSession) else user_of(exchange.request.access_key, partition)
    exchange.authorize(_SHOWN if _has_mfa(params, user) else {})
    _check_duration(params, is_chained=parent is not None and not isinstance(parent, UserSession))
    response = exchange.forward()
    result = exchange.call.result(response) if exchange.call else None
    if result:
        session = session_of(result["Credentials"]["AccessKeyId"], partition)
        passed = passed_by(params)
        if session is not None and not isinstance(session, UserSession):
            remember(session, passed.inherit(passed_to(parent)) if parent else passed)
    return response


def _check_duration(params: Mapping[str, Any], *, is_chained: bool) -> None:
    """Raise ApiError for a session that would last longer than the role lets it, or than a session of a session."""
    asked = int(params.get("DurationSeconds") or _HOUR_S)
    if is_chained and asked > _HOUR_S:
        raise ApiError("ValidationError", _CHAINED)
    role = role_of(params.get("RoleArn", ""))
    if role and asked > int(role.max_session_duration or _HOUR_S):
        raise ApiError("ValidationError", _TOO_LONG)


def _session_of_user(exchange: Exchange, params: Mapping[str, Any]) -> ApiResponse:
    """Put new keys of the caller in the place of those that moto gives to everybody."""
    request = exchange.request
    partition = partition_of(request.region).id
    if session_of(request.access_key, partition) is not None:
        raise ApiError("AccessDenied", f"Cannot call {request.operation} with session credentials", 403)
    user = user_of(request.access_key, partition)
    mfa = _has_mfa(params, user)
    response = exchange.forward()
    result = exchange.call.result(response) if exchange.call else None
    if result is None or user is None:
        return response
    session = UserSession(
        user,
        partition,
        result["Credentials"]["Expiration"].astimezone(UTC).replace(tzinfo=None),
        name=params.get("Name") or "",
        policy=params.get("Policy") or "",
        passed=passed_by(params),
        mfa=mfa,
    )
    return _with_keys(response, session)


def _has_mfa(params: Mapping[str, Any], user: User | None) -> bool:
    """Return whether the caller shows a device of its own. Its code is any six digits: nobody holds the device here."""
    serial, code = params.get("SerialNumber"), params.get("TokenCode")
    if not serial and not code:
        return False
    if serial not in (user.mfa_devices if user else {}) or not _CODE.fullmatch(str(code)):
        raise ApiError("AccessDenied", _WRONG_CODE, 403)
    return True


def _with_keys(response: ApiResponse, session: UserSession) -> ApiResponse:
    body = response.body.decode()
    keys = {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
    }
    for name, value in keys.items():
        body = re.sub(f"<{name}>[^<]*</{name}>", f"<{name}>{value}</{name}>", body)
    headers = tuple((name, value) for name, value in response.headers if name.lower() != "content-length")
    return ApiResponse(response.status, headers, body.encode())
