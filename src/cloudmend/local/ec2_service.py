"""EC2's part of the front: groups, prefix lists and the sharing of snapshots are ours, the rest is moto's.

CloudTrail gets the record of each call.

moto asks `ec2_shared` for groups, so that its instances and network interfaces carry those that live here.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Unpack

from botocore.parsers import create_parser

from cloudmend.local import (
    ec2_copies,
    ec2_endpoint_services,
    ec2_images,
    ec2_instances,
    ec2_network_acls,
    ec2_settings,
    ec2_snapshots,
)
from cloudmend.local.clock import CLOCK
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import OPERATIONS, BehaviourOptions, SecurityGroups
from cloudmend.local.ec2.tags import is_ours
from cloudmend.local.ec2.wire import decode, ec2_model, encode, encode_error
from cloudmend.local.ec2_moto import carriers, other_tags, peerings, routed, vpcs
from cloudmend.local.ec2_named import check, without_ours
from cloudmend.local.ec2_records import WireCall, recorded
from cloudmend.local.messages import ApiError, ApiResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloudmend.local.cloudtrail import RecordedCall
    from cloudmend.local.front import Exchange
    from cloudmend.local.identity import Principal

_STACKS = "cloudformation.amazonaws.com"
_TAGGING = frozenset({"CreateTags", "DeleteTags"})
_OURS = OPERATIONS - _TAGGING - {"DescribeVpcs"}


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer in botocore's shapes, for CloudTrail, and as it goes over the wire. A refusal has no result."""

    response: ApiResponse
    result: Mapping[str, Any] | None = None
    error: Ec2Error | None = None


class Ec2Service:
    """Answers EC2's calls, and reports them to CloudTrail, refused ones included."""

    def __init__(self, report: Callable[[RecordedCall], None], **behaviour: Unpack[BehaviourOptions]) -> None:
        """The options are those of SecurityGroups, in each account and Region."""
        self._report = report
        self._behaviour: BehaviourOptions = behaviour
        self._groups: dict[tuple[str, str], SecurityGroups] = {}
        self._lock = Lock()

    def groups(self, account: str, region: str) -> SecurityGroups:
        """The security groups of one account and Region."""
        with self._lock:
            if (account, region) not in self._groups:
                options: BehaviourOptions = {
                    "carriers": partial(carriers, account, region),
                    "peerings": partial(peerings, account, region),
                    "other_tags": partial(other_tags, account, region),
                    "routed": partial(routed, account, region),
                    **self._behaviour,
                }
                made = SecurityGroups(account, region, partial(vpcs, account, region), **options)
                self._groups[account, region] = made
            return self._groups[account, region]

    def act(
        self, caller: Principal, place: tuple[str, str], operation: str, params: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Answer a call that CloudFormation makes for its caller in an account and Region. Raises Ec2Error.

        Its record names both.
        """
        result, refusal = None, None
        try:
            result = self.groups(*place).call(operation, params)
        except Ec2Error as error:
            refusal = error
        self._report(recorded(_call_for(caller, place, operation, params, result or refusal)))
        if refusal:
            raise refusal
        return result or {}

    def __call__(self, exchange: Exchange) -> ApiResponse:
        """Answer a call. An unreadable request (an unknown action or parameter) is refused and leaves no record."""
        request_id = str(uuid.uuid4())
        try:
            _, params = decode(exchange.request.body.decode())
        except Ec2Error as error:
            return _refused(error, request_id).response
        answer = self._answer(exchange, params, request_id)
        self._report(recorded(_wire_call(exchange, params, answer, request_id)))
        if answer.error is None:
            for told in ec2_copies.owners_event(*_place(exchange), exchange.request.operation, params):
                self._report(told)
        return answer.response

    def _answer(self, exchange: Exchange, params: Mapping[str, Any], request_id: str) -> _Answer:
        operation = exchange.request.operation
        account, region = _place(exchange)
        try:
            exchange.authorize()
        except ApiError as denied:
            return _refused(Ec2Error(denied.code, denied.message, denied.status), request_id)
        try:
            if ec2_copies.answers(account, region, operation, params):
                result = ec2_copies.OPERATIONS[operation](account, region, params)
            elif answering := _thin_layer(operation, params):
                result = answering(account, region, params)
            elif operation in _TAGGING:
                return self._retagged(exchange, params, request_id)
            elif operation in _OURS:
                result = self.groups(account, region).call(operation, params)
            else:
                check(self.groups(account, region).state, operation, params)
                return _forwarded(exchange)
        except Ec2Error as error:
            return _refused(error, request_id)
        return _Answer(_xml(200, encode(operation, result, request_id)), result)

    def _retagged(self, exchange: Exchange, params: Mapping[str, Any], request_id: str) -> _Answer:
        """Tags of groups, rules and prefix lists are kept with them, all others by moto. Raises Ec2Error."""
        operation, resources = exchange.request.operation, params.get("Resources", ())
        ours = [each for each in resources if is_ours(each)]
        if resources and not ours:
            return _forwarded(exchange)
        groups = self.groups(exchange.principal.account, exchange.request.region)
        if len(ours) < len(resources):
            groups.check(operation, {**params, "Resources": ours})
            answer = _forwarded(exchange, without_ours(exchange.request.body.decode()))
            if answer.error:
                return answer
        result = groups.call(operation, {**params, "Resources": ours})
        return _Answer(_xml(200, encode(operation, result, request_id)), result)


def _place(exchange: Exchange) -> tuple[str, str]:
    """Return the account and the Region of a call."""
    return exchange.principal.account, exchange.request.region


def _thin_layer(operation: str, params: Mapping[str, Any]) -> ec2_settings.Answer | None:
    """Return what answers over moto's own state, if anything does."""
    if ec2_snapshots.answers(operation, params):
        return ec2_snapshots.OPERATIONS[operation]
    if ec2_images.answers(operation, params):
        return ec2_images.OPERATIONS[operation]
    others: Mapping[str, ec2_settings.Answer] = {
        **ec2_endpoint_services.OPERATIONS,
        **ec2_instances.OPERATIONS,
        **ec2_network_acls.OPERATIONS,
        **ec2_settings.OPERATIONS,
    }
    return others.get(operation)


def _refused(error: Ec2Error, request_id: str) -> _Answer:
    return _Answer(_xml(error.status, encode_error(error, request_id), error.code), error=error)


def _xml(status: int, body: bytes, error: str | None = None) -> ApiResponse:
    return ApiResponse(status, (("Content-Type", "text/xml;charset=UTF-8"),), body, error)


def _forwarded(exchange: Exchange, body: bytes | None = None) -> _Answer:
    """moto's answer, read by botocore's own parser."""
    response = exchange.forward(body)
    shape = ec2_model().operation_model(exchange.request.operation).output_shape
    message = {"status_code": response.status, "headers": dict(response.headers), "body": response.body}
    result = create_parser("ec2").parse(message, shape)
    if response.error_code is None:
        return _Answer(response, result)
    error = result.get("Error", {})
    refusal = Ec2Error(response.error_code, error.get("Message", ""), response.status)
    return _Answer(response, error=refusal)


def _call_for(
    caller: Principal,
    place: tuple[str, str],
    operation: str,
    params: Mapping[str, Any],
    answer: Mapping[str, Any] | Ec2Error | None,
) -> WireCall:
    """Return a call of CloudFormation's as the wire would have seen it."""
    account, region = place
    return WireCall(
        operation=operation,
        params=params,
        result=None if isinstance(answer, Ec2Error) else answer,
        error=answer if isinstance(answer, Ec2Error) else None,
        identity={**caller.user_identity, "invokedBy": _STACKS},
        account=account,
        region=region,
        time=CLOCK.now(),
        source_ip=_STACKS,
        user_agent=_STACKS,
        request_id=str(uuid.uuid4()),
        event_id=str(uuid.uuid4()),
    )


def _wire_call(exchange: Exchange, params: Mapping[str, Any], answer: _Answer, request_id: str) -> WireCall:
    request, principal = exchange.request, exchange.principal
    return WireCall(
        operation=request.operation,
        params=params,
        result=answer.result,
        error=answer.error,
        identity=principal.user_identity,
        account=principal.account,
        region=request.region,
        time=CLOCK.now(),
        source_ip=request.source_ip,
        user_agent=request.headers.get("user-agent", ""),
        request_id=request_id,
        event_id=str(uuid.uuid4()),
    )
