"""The refusals of AWS for want of rights: the sentence of a denial, and each service's codes and spelling.

AWS's protocols spell one refusal differently: a query service says AccessDenied, a JSON service AccessDeniedException.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cloudmend.local.iam.evaluate import Decision, PolicyKind
from cloudmend.local.iam.request import AccessRequest, Caller
from cloudmend.local.messages import ApiError
from cloudmend.local.protocols import Spelling


class _Code(NamedTuple):
    code: str
    status: int


_INVALID: Final = "The security token included in the request is invalid."
_UNKNOWN: Final[Mapping[Spelling, tuple[_Code, str]]] = {
    "ec2": (_Code("AuthFailure", 401), "AWS was not able to validate the provided access credentials"),
    "s3": (
        _Code("InvalidAccessKeyId", 403),
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    "query": (_Code("InvalidClientTokenId", 403), _INVALID),
    "compatible": (_Code("InvalidClientTokenId", 403), _INVALID),
    "json": (_Code("UnrecognizedClientException", 400), _INVALID),
    "rest-json": (_Code("UnrecognizedClientException", 403), _INVALID),
}
_OVER: Final = "The security token included in the request is expired"
_EXPIRED: Final[Mapping[Spelling, tuple[_Code, str]]] = {
    "ec2": (_Code("RequestExpired", 400), "Request has expired."),
    "s3": (_Code("ExpiredToken", 400), "The provided token has expired."),
    "query": (_Code("ExpiredToken", 403), _OVER),
    "compatible": (_Code("ExpiredToken", 403), _OVER),
    "json": (_Code("ExpiredTokenException", 400), _OVER),
    "rest-json": (_Code("ExpiredTokenException", 403), _OVER),
}
_UNSIGNED: Final = "Request is missing Authentication Token"
_DENIED: Final[Mapping[Spelling, _Code]] = {
    "ec2": _Code("UnauthorizedOperation", 403),
    "s3": _Code("AccessDenied", 403),
    "query": _Code("AccessDenied", 403),
    "compatible": _Code("AccessDenied", 403),
    "json": _Code("AccessDeniedException", 400),
    "rest-json": _Code("AccessDeniedException", 403),
}
_DENIED_BY_SNS: Final = _Code("AuthorizationError", 403)
# How a service writes its actions in a denial, if not as policies do.
_ACTIONS: Final[Mapping[str, Callable[[str], str]]] = {
    "sns": lambda action: f"SNS:{action.partition(':')[2]}",
    "sqs": str.lower,
}
_WORDS: Final[Mapping[PolicyKind, str]] = {
    "scp": "a service control policy",
    "rcp": "a resource control policy",
    "resource": "a resource-based policy",
    "trust": "the role trust policy",
    "identity": "an identity-based policy",
    "boundary": "a permissions boundary",
    "session": "a session policy",
}


def unknown_key(spelling: Spelling) -> ApiError:
    """Return the refusal of an access key that nobody has, or that came without its session's token."""
    (code, status), message = _UNKNOWN[spelling]
    return ApiError(code, message, status)


def expired(spelling: Spelling) -> ApiError:
    """Return the refusal of the key of a session that has ended."""
    (code, status), message = _EXPIRED[spelling]
    return ApiError(code, message, status)


def unsigned(spelling: Spelling) -> ApiError:
    """Return the refusal of a call without a signature."""
    if spelling == "json":
        return ApiError("MissingAuthenticationTokenException", _UNSIGNED, 400)
    return ApiError("MissingAuthenticationToken", _UNSIGNED, 403)


def denied(service: str, spelling: Spelling, sentence: str) -> ApiError:
    """Return the refusal of a call for want of rights, with a sentence as `denial` makes it."""
    code, status = _DENIED_BY_SNS if service == "sns" else _DENIED[spelling]
    before = "You are not authorized to perform this operation. " if spelling == "ec2" else ""
    return ApiError(code, before + sentence, status)


def denial(decision: Decision, request: AccessRequest, caller: Caller) -> str:
    """Return the sentence of AWS about a request that was denied: who, what, on which resource, and why.

    AWS does not say why a role cannot be assumed.
    """
    service = request.action.partition(":")[0]
    action = _ACTIONS.get(service, str)(request.action)
    resource = f'"{request.resource}"' if service == "s3" else request.resource
    where = "" if request.resource == "*" else f" on resource: {resource}"
    why = "" if decision.kind == "trust" or service == "sts" else f" {_reason(decision, action)}"
    return f"User: {caller.arn or 'anonymous'} is not authorized to perform: {action}{where}{why}"


def _reason(decision: Decision, action: str) -> str:
    words = _WORDS[decision.kind]
    if decision.explicit:
        return f"with an explicit deny in {words}"
    return f"because no {words.partition(' ')[2]} allows the {action} action"
