"""CloudTrail's part of the front: moto keeps the trails, and lacks what AWS says of Regions, names, and selectors.

moto overwrites a trail of the same name, deletes none by its ARN, and takes every selector. The codes are AWS's, the
words of the refusals ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.s3.models import s3_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.clock import CLOCK
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.organization import membership_of
from cloudmend.local.iam.request import AccessRequest, Caller, Policies
from cloudmend.local.iam.resource_policies import resource_policy
from cloudmend.local.messages import ApiError, ApiResponse, json_answer
from cloudmend.local.selectors import checked_selectors
from cloudmend.local.trails import accounts_of, all_trails

if TYPE_CHECKING:
    from cloudmend.local.event_history import EventHistory
    from cloudmend.local.front import Exchange

_AT_MOST: Final = 5  # trails that record a Region
_SERVICE: Final = Caller("service", arn="cloudtrail.amazonaws.com")
_DEFAULT: Final = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
_Answer = Callable[["Exchange", Mapping[str, Any]], Mapping[str, Any] | None]


class CloudTrailService:
    """Answers what moto does not know, and refuses what AWS refuses. The rest is moto's."""

    def __init__(self, history: EventHistory) -> None:
        self._history = history

    def __call__(self, exchange: Exchange) -> ApiResponse:
        """Answer a call. Raises ApiError."""
        params = json.loads(exchange.request.body or b"{}")
        if exchange.request.operation == "LookupEvents":
            place = exchange.principal.account, exchange.request.region
            return json_answer(self._history.look_up(*place, params, CLOCK.now()))
        answer = _OPERATIONS.get(exchange.request.operation)
        result = answer(exchange, params) if answer else None
        return exchange.forward() if result is None else json_answer(result)


def _create(exchange: Exchange, params: Mapping[str, Any]) -> None:
    account, region, name = exchange.principal.account, exchange.request.region, params.get("Name", "")
    if name in _backend(exchange).trails:
        raise ApiError("TrailAlreadyExistsException", f"Trail {name} already exists for customer: {account}")
    if len(_visible(account, region)) >= _AT_MOST:
        raise ApiError("MaximumNumberOfTrailsExceededException", f"User: {account} already has {_AT_MOST} trails here.")
    _check_organization(exchange, params)
    _check_bucket(exchange, name, params)


def _update(exchange: Exchange, params: Mapping[str, Any]) -> None:
    trail = _at_home(exchange, params["Name"])
    _check_organization(exchange, params)
    if "S3BucketName" in params:
        _check_bucket(exchange, trail.trail_name, params)


def _check_organization(exchange: Exchange, params: Mapping[str, Any]) -> None:
    if not params.get("IsOrganizationTrail"):
        return
    member = membership_of(exchange.principal.account, partition_of(exchange.request.region).id)
    if member is None:
        raise ApiError("OrganizationsNotInUseException", "The account is in no organization.")
    if not member.management:
        raise ApiError("NotOrganizationMasterAccountException", "Only the management account has such a trail.")


def _check_bucket(exchange: Exchange, name: str, params: Mapping[str, Any]) -> None:
    """Raise ApiError if the policy of a bucket keeps CloudTrail from it. moto looks whether there is the bucket."""
    account, region, bucket = exchange.principal.account, exchange.request.region, params.get("S3BucketName", "")
    if bucket not in s3_backends.bucket_accounts:
        return
    partition = partition_of(region).id
    prefix = f"{params['S3KeyPrefix']}/" if params.get("S3KeyPrefix") else ""
    of_bucket = f"arn:{partition}:s3:::{bucket}"
    context = {
        "aws:SourceArn": f"arn:{partition}:cloudtrail:{region}:{account}:trail/{name}",
        "aws:SourceAccount": account,
        "s3:x-amz-acl": "bucket-owner-full-control",
    }
    wanted = {
        "s3:GetBucketAcl": of_bucket,
        "s3:PutObject": f"{of_bucket}/{prefix}AWSLogs/{account}/CloudTrail/{region}/",
    }
    policies = Policies(resource=resource_policy(of_bucket))
    if not all(evaluate(AccessRequest(*each, context), _SERVICE, policies).allowed for each in wanted.items()):
        reason = f"Incorrect S3 bucket policy is detected for bucket: {bucket}"
        raise ApiError("InsufficientS3BucketPolicyException", reason)


def _delete(exchange: Exchange, params: Mapping[str, Any]) -> Mapping[str, Any]:
    del _backend(exchange).trails[_at_home(exchange, params["Name"]).trail_name]
    return {}


def _check_home(exchange: Exchange, params: Mapping[str, Any]) -> None:
    _at_home(exchange, params.get("Name") or params.get("TrailName") or "")


def _put_selectors(exchange: Exchange, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replace the selectors of a trail, of either kind, by those of one kind."""
    trail = _at_home(exchange, params.get("TrailName", ""))
    trail.event_selectors, trail.advanced_event_selectors = checked_selectors(params, _DEFAULT)
    return _selectors(trail)


def _get_selectors(exchange: Exchange, params: Mapping[str, Any]) -> Mapping[str, Any]:
    return _selectors(_seen(exchange, params.get("TrailName", "")))


def _selectors(trail: Trail) -> Mapping[str, Any]:
    if trail.advanced_event_selectors:
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": trail.advanced_event_selectors}
    return {"TrailARN": trail.arn, "EventSelectors": trail.event_selectors or [_DEFAULT]}


def _get(exchange: Exchange, params: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Trail": _described(_seen(exchange, params["Name"]))}


def _status(exchange: Exchange, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the status. No file is written here: the last delivery counts as the last moment of logging."""
    status = _seen(exchange, params["Name"]).status
    started, stopped = (_seconds(each) for each in (status.started, status.stopped))
    delivered = CLOCK.now().timestamp() if status.is_logging else stopped
    times = {"StartLoggingTime": started, "StopLoggingTime": stopped, "LatestDeliveryTime": delivered}
    return {"IsLogging": status.is_logging, **{name: each for name, each in times.items() if each is not None}}


def _seconds(time: datetime | None) -> float | None:
    """Return moto's time, which is UTC's without saying so, in seconds."""
    return time.replace(tzinfo=UTC).timestamp() if time else None


def _describe(exchange: Exchange, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Describe the trails of a Region. A name finds those of this Region alone, an ARN shadow trails as well."""
    account, region = exchange.principal.account, exchange.request.region
    shown = [
        trail
        for trail in _visible(account, region)
        if params.get("includeShadowTrails", True) or (trail.account_id, trail.region_name) == (account, region)
    ]
    if names := params.get("trailNameList"):
        shown = [trail for trail in shown if trail.arn in names or (_is_home(trail, exchange, names))]
    return {"trailList": [_described(trail) for trail in shown]}


def _is_home(trail: Trail, exchange: Exchange, names: Sequence[str]) -> bool:
    place = exchange.principal.account, exchange.request.region
    return (trail.account_id, trail.region_name) == place and trail.trail_name in names


def _described(trail: Trail) -> Mapping[str, Any]:
    described = trail.description(include_region=True)
    described["HasCustomEventSelectors"] = bool(trail.event_selectors or trail.advanced_event_selectors)
    return {name: value for name, value in described.items() if value not in (None, "")}


def _at_home(exchange: Exchange, name: str) -> Trail:
    """Return the trail that a call changes. Raises ApiError unless it is this account's, and its home this Region."""
    account, region = exchange.principal.account, exchange.request.region
    found = _named(exchange, name)
    if found and (found.account_id, found.region_name) == (account, region):
        return found
    if found and found.account_id == account:
        reason = f"Trail {found.arn} is changed in its home Region, {found.region_name}, not in {region}."
        raise ApiError("InvalidHomeRegionException", reason)
    if found:
        raise ApiError("NotOrganizationMasterAccountException", f"Trail {found.arn} is the organization's.")
    raise _unknown(exchange, name)


def _seen(exchange: Exchange, name: str) -> Trail:
    """Return the trail that a call reads: one of this Region, or by its ARN a shadow trail. Raises ApiError."""
    found = _named(exchange, name)
    if found and (found.arn == name or _is_home(found, exchange, [name])):
        return found
    raise _unknown(exchange, name)


def _named(exchange: Exchange, name: str) -> Trail | None:
    """Return the trail of a name or an ARN; of several with the name, that of this Region."""
    trails = _visible(exchange.principal.account, exchange.request.region)
    named = [trail for trail in trails if name in (trail.arn, trail.trail_name)]
    return min(named, key=lambda trail: not _is_home(trail, exchange, [trail.trail_name]), default=None)


def _unknown(exchange: Exchange, name: str) -> ApiError:
    account, region = exchange.principal.account, exchange.request.region
    if name.startswith("arn:") and ":trail/" not in name:
        return ApiError("CloudTrailARNInvalidException", f"{name} is not the ARN of a trail.")
    arn = name if ":" in name else f"arn:{partition_of(region).id}:cloudtrail:{region}:{account}:trail/{name}"
    return ApiError("TrailNotFoundException", f"Unknown trail: {arn} for the user: {account}")


def _visible(account: str, region: str) -> list[Trail]:
    """Return the trails that record an account in a Region, shadow trails included."""
    partition = partition_of(region).id
    return [
        trail
        for trail in all_trails()
        if account in accounts_of(trail)
        and trail.partition == partition
        and (trail.is_multi_region or trail.region_name == region)
    ]


def _backend(exchange: Exchange) -> CloudTrailBackend:
    backend: CloudTrailBackend = cloudtrail_backends[exchange.principal.account][exchange.request.region]
    return backend


_OPERATIONS: Final[Mapping[str, _Answer]] = {
    "CreateTrail": _create,
    "DeleteTrail": _delete,
    "DescribeTrails": _describe,
    "GetEventSelectors": _get_selectors,
    "GetTrail": _get,
    "GetTrailStatus": _status,
    "PutEventSelectors": _put_selectors,
    "PutInsightSelectors": _check_home,
    "StartLogging": _check_home,
    "StopLogging": _check_home,
    "UpdateTrail": _update,
}
