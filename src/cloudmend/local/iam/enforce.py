"""The enforcement of rights: who signed a request, and whether the policies allow that caller what the call requests.

Nobody is exempt. The administrator whose key is printed is a user with the policy AdministratorAccess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cloudmend.core.partitions import partition_of
from cloudmend.local.clock import CLOCK
from cloudmend.local.iam.actions import required
from cloudmend.local.iam.collect import Identity, identity_of
from cloudmend.local.iam.evaluate import ROLE_ACTIONS, evaluate, is_unlimited
from cloudmend.local.iam.organization import membership_of
from cloudmend.local.iam.refusals import denial, expired, unknown_key, unsigned
from cloudmend.local.iam.request import AccessRequest, Caller, Policies, owner_of
from cloudmend.local.iam.resource_policies import resource_policy, trust_of
from cloudmend.local.iam.resources_described import ApiCall, State, Undescribed
from cloudmend.local.protocols import spelling_of

if TYPE_CHECKING:
    from cloudmend.local.messages import ApiRequest

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
# What the description of a call raises if parameters are missing or of another shape. The service would refuse them.
_MALFORMED: Final = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def authenticated(request: ApiRequest) -> Identity:
    """Return the identity that signed a request; anonymous for a request to S3 that nobody signed.

    The signature itself is not verified. Raises ApiError: the key is nobody's, it came without the token of its
    session, the session has ended, or there is no key at all.
    """
    spelling = spelling_of(request)
    if not request.access_key:
        if spelling != "s3":
            raise unsigned(spelling)
        return Identity(Caller("anonymous"), Policies(), None, partition_of(request.region).id)
    identity = identity_of(request.access_key, request.region)
    if identity is None or (identity.token and identity.token != _token(request)):
        raise unknown_key(spelling)
    if identity.expires and identity.expires <= CLOCK.now():
        raise expired(spelling)
    return identity


def denial_of(
    identity: Identity, call: Callable[[], ApiCall], state: State, shown: Mapping[str, str] = _NOTHING
) -> str:
    """Return the sentence that denies a call; empty if the identity may make it.

    A call whose rights are not known is granted only to a caller who may do everything. `call` can raise Undescribed.
    `shown` are the condition keys of what the caller shows with this call alone, such as a code of its MFA device.
    """
    try:
        requests = required(call(), state)
    except (Undescribed, *_MALFORMED) as error:
        if is_unlimited(identity.caller, identity.policies):
            return ""
        why = error if isinstance(error, Undescribed) else "Its parameters cannot be read."
        return f"User: {identity.caller.arn or 'anonymous'} is not authorized. {why}"
    for request in requests:
        asked = replace(request, context={**request.context, **shown}) if shown else request
        decision = evaluate(asked, identity.caller, policies_for(asked, identity))
        if not decision.allowed:
            return denial(decision, asked, identity.caller)
    return ""


def policies_for(request: AccessRequest, identity: Identity) -> Policies:
    """Return the policies that apply to one request: those of the caller, of the resource, and of its owner."""
    of_role = request.action.lower() in ROLE_ACTIONS
    resource = trust_of(request.resource) if of_role else resource_policy(request.resource, identity.caller.account)
    owner = owner_of(request, identity.caller.account)
    membership = membership_of(owner, identity.partition) if owner else None
    rcps = membership.rcps if membership else ()
    return replace(identity.policies, resource=resource, rcps=rcps) if resource or rcps else identity.policies


def can_assume(service: str, role: str, context: Mapping[str, str] = _NOTHING) -> bool:
    """Return whether a service of AWS, such as "lambda.amazonaws.com", can assume a role by the trust of the role."""
    request = AccessRequest("sts:AssumeRole", role, context)
    return evaluate(request, Caller("service", arn=service), Policies(resource=trust_of(role))).allowed


def _token(request: ApiRequest) -> str:
    return request.headers.get("x-amz-security-token") or request.query.get("X-Amz-Security-Token", "")
