"""STS's part of the front: moto answers, and what it forgets of a session is kept.

Nothing here asks for rights. To each caller of GetSessionToken or GetFederationToken, moto gives the same well-known
keys. Here they are new keys of the caller.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from cloudmend.core.partitions import partition_of
from cloudmend.local.api_calls import modelled
from cloudmend.local.iam.sessions import UserSession, passed_by, passed_to, remember
from cloudmend.local.identity import session_of, user_of
from cloudmend.local.messages import ApiError, ApiResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudmend.local.front import Exchange

_OF_ROLES: Final = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
_OF_USERS: Final = frozenset({"GetSessionToken", "GetFederationToken"})
_WRONG_CODE: Final = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
_CODE: Final = re.compile(r"\d{6}")


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call of STS. Raises ApiError."""
    if exchange.request.operation in _OF_ROLES:
        return _assume(exchange)
    if exchange.request.operation in _OF_USERS:
        return _session_of_user(exchange)
    return exchange.forward()


def _assume(exchange: Exchange) -> ApiResponse:
    """Keep what was passed to the new session, and what it inherits from the session that asks for it."""
    response = exchange.forward()
    call = modelled(exchange.request)
    result = call.result(response) if call else None
    partition = partition_of(exchange.request.region).id
    if call and result:
        session = session_of(result["Credentials"]["AccessKeyId"], partition)
        parent = session_of(exchange.request.access_key, partition)
        passed = passed_by(call.params)
        if session is not None and not isinstance(session, UserSession):
            remember(session, passed.inherit(passed_to(parent)) if parent else passed)
    return response


def _session_of_user(exchange: Exchange) -> ApiResponse:
    """Put new keys of the caller in the place of those that moto gives to everybody."""
    request = exchange.request
    partition = partition_of(request.region).id
    if session_of(request.access_key, partition) is not None:
        raise ApiError("AccessDenied", f"Cannot call {request.operation} with session credentials", 403)
    call = modelled(request)
    params: Mapping[str, Any] = call.params if call else {}
    user = user_of(request.access_key, partition)
    mfa = _has_mfa(params, user.mfa_devices if user else {})
    response = exchange.forward()
    result = call.result(response) if call else None
    if result is None:
        return response
    session = UserSession(
        exchange.principal.account,
        partition,
        user,
        result["Credentials"]["Expiration"].astimezone(UTC).replace(tzinfo=None),
        name=params.get("Name") or "",
        policy=params.get("Policy") or "",
        passed=passed_by(params),
        mfa=mfa,
    )
    return _with_keys(response, session)


def _has_mfa(params: Mapping[str, Any], devices: Mapping[str, Any]) -> bool:
    """Return whether the caller shows a device of its own. Its code is any six digits: nobody holds the device here."""
    serial, code = params.get("SerialNumber"), params.get("TokenCode")
    if not serial and not code:
        return False
    if serial not in devices or not _CODE.fullmatch(str(code)):
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
