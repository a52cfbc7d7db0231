"""Trails: EventBridge hears of a call only where a trail records it. The event history has each call without one.

moto keeps the trails. What they record is decided here, by AWS's rules of Regions, organizations, and selectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends

from cloudmend.core.partitions import partition_of
from cloudmend.local.cloudtrail import event

if TYPE_CHECKING:
    from cloudmend.local.cloudtrail import RecordedCall
    from cloudmend.local.event_history import EventHistory

FIRST_TRAIL: Final = "management-events"
# The bucket of the first trail is another account's, as where a log archive keeps the files of all accounts.
LOG_ARCHIVE: Final = "444455556666"
_BUCKET: Final = "example-log-archive"
_OF_GLOBAL_SERVICES: Final = frozenset({"cloudfront.amazonaws.com", "iam.amazonaws.com", "sts.amazonaws.com"})

# CloudTrail API Reference, AdvancedFieldSelector. One without Not asks for any of its values, one with Not for none.
_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


@dataclass(frozen=True, slots=True)
class Listener:
    """A trail that is logging, as it was at one moment: whose calls it records, where, and which of them."""

    accounts: frozenset[str]
    region: str
    everywhere: bool  # in all Regions of its partition
    global_services: bool
    basic: Sequence[Mapping[str, Any]]
    advanced: Sequence[Mapping[str, Any]]

    def hears(self, call: RecordedCall) -> bool:
        """Return whether the trail records a call. Without selectors it records all management events."""
        if call.account not in self.accounts or not self._covers(call):
            return False
        if self.advanced:
            return any(_selects(each, call) for each in self.advanced)
        return not self.basic or any(_selects_basic(each, call) for each in self.basic)

    def _covers(self, call: RecordedCall) -> bool:
        if call.source in _OF_GLOBAL_SERVICES and not self.global_services:
            return False
        same = partition_of(call.region).id == partition_of(self.region).id
        return same and (self.everywhere or call.region == self.region)


class CloudTrail:
    """Keeps each call in the event history, and puts the writes that a trail records on the bus.

    AWS does not say whether EventBridge still gets the call that stops the last trail, deletes it, or takes writes out
    of its selectors. Here it gets that call if `tells_of_silence`.
    """

    def __init__(
        self, put_event: Callable[[Mapping[str, Any]], None], history: EventHistory, *, tells_of_silence: bool
    ) -> None:
        self._put_event = put_event
        self._history = history
        self._tells_of_silence = tells_of_silence

    def before(self, service: str) -> tuple[Listener, ...]:
        """Return the trails that still hear of a call to a service, though the call itself may silence them."""
        return tuple(listeners()) if self._tells_of_silence and service == "cloudtrail" else ()

    def report(self, call: RecordedCall, before: Sequence[Listener] = ()) -> None:
        """Take the record of a call. `before` are trails that hear of it beside those that are logging now."""
        self._history.add(call)
        if not call.is_read and (_hear(before, call) or _hear(listeners(), call)):
            self._put_event(event(call))


def _hear(trails: Iterator[Listener] | Sequence[Listener], call: RecordedCall) -> bool:
    return any(each.hears(call) for each in trails)


def listeners() -> Iterator[Listener]:
    """Yield the trails of all accounts that are logging now."""
    for trail in all_trails():
        if trail.status.is_logging:
            yield Listener(
                accounts=accounts_of(trail),
                region=trail.region_name,
                everywhere=bool(trail.is_multi_region),
                global_services=bool(trail.include_global_service_events),
                basic=tuple(trail.event_selectors),
                advanced=tuple(trail.advanced_event_selectors),
            )


def all_trails() -> Iterator[Trail]:
    """Yield the trails of all accounts and Regions."""
    for regions in list(cloudtrail_backends.values()):
        for backend in list(regions.values()):
            yield from list(backend.trails.values())


def accounts_of(trail: Trail) -> frozenset[str]:
    """Return the accounts whose calls a trail records: its own, or all of the organization."""
    own: str = trail.account_id
    if not trail.is_org_trail:
        return frozenset({own})
    return frozenset({own, *(each.id for each in organizations_backends[own][trail.partition].accounts)})


def create_first_trail(region: str) -> None:
    """Create a trail that is logging in all Regions of the partition, as an account has one that is set up well."""
    partition = partition_of(region).id
    s3_backends[LOG_ARCHIVE][partition].create_bucket(_BUCKET, region)
    backend: CloudTrailBackend = cloudtrail_backends[DEFAULT_ACCOUNT_ID][region]
    trail = backend.create_trail(
        name=FIRST_TRAIL,
        bucket_name=_BUCKET,
        s3_key_prefix="",
        sns_topic_name="",
        is_global=True,
        is_multi_region=True,
        log_validation=True,
        is_org_trail=False,
        cw_log_group_arn="",
        cw_role_arn="",
        kms_key_id="",
        tags_list=[],
    )
    trail.start_logging()


def _selects(selector: Mapping[str, Any], call: RecordedCall) -> bool:
    return all(_meets(field, call) for field in selector["FieldSelectors"])


def _meets(field: Mapping[str, Any], call: RecordedCall) -> bool:
    """Return whether a call meets a field selector. A call without the field meets no positive operator."""
    value = _value(field["Field"], call)
    for name, test in _TESTS.items():
        if (wanted := field.get(name)) and not any(test(value, each) for each in wanted):
            return False
        if any(test(value, each) for each in field.get(f"Not{name}") or ()):
            return False
    return True


def _value(field: str, call: RecordedCall) -> str:
    """Return the value of a field of a management event; empty where it has none."""
    values = {
        "eventCategory": "Management",
        "eventName": call.name,
        "eventSource": call.source,
        "eventType": call.kind,
        "readOnly": str(call.is_read).lower(),
        "userIdentity.arn": str(call.identity.get("arn", "")),
    }
    return values.get(field, "")


def _selects_basic(selector: Mapping[str, Any], call: RecordedCall) -> bool:
    wanted = {"All", "ReadOnly" if call.is_read else "WriteOnly"}
    return (
        selector.get("IncludeManagementEvents", True)
        and selector.get("ReadWriteType", "All") in wanted
        and call.source not in selector.get("ExcludeManagementEventSources", ())
    )
