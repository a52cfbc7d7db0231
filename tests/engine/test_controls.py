"""One event may concern several controls: each answers for itself, and none costs another anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.controls import by_id, woken_by
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import AwsError, EventError
from cloudmend.core.model import Ignored, Record
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.world import World
from cloudmend.local.server import EmbeddedAws
from cloudmend.testing.bench import Bench
from kit.specimens import SPECIMENS
from local.embedded.helpers import ACCOUNT, SETTLE_S, unheard

OTHER = "444455556666"
POLICY = parse_policy({})
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with EmbeddedAws(log=unheard) as aws:
        yield Bench(aws, SPECIMENS[0])


def told(bench: Bench, name: str) -> Mapping[str, Any]:
    """The last event of a call."""
    bench.aws.settle(SETTLE_S)
    return [event for event in bench.aws.events if event["detail"]["eventName"] == name][-1]


def open_group(bench: Bench) -> str:
    ec2 = bench.client("ec2")
    group_id = str(ec2.create_security_group(GroupName="web", Description="t")["GroupId"])
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[SSH])
    return group_id


def both(bench: Bench) -> Mapping[str, Any]:
    """A wrapping of an event for each way."""
    return {"Records": [told(bench, name) for name in ("AuthorizeSecurityGroupIngress", "ModifySnapshotAttribute")]}


def answer(bench: Bench, event: object, world: World | None = None, policy: Policy = POLICY) -> dict[str, str]:
    """The statuses by resource, or by the reason of what is ignored."""
    given = engine.handle(event, woken_by=woken_by, policy=policy, world=world or bench.world)
    return {each.reason if isinstance(each, Ignored) else each.resource.id: _status(each) for each in given}


def _status(each: Record | Ignored) -> str:
    return "ignored" if isinstance(each, Ignored) else each.status


def test_what_any_control_watches_is_mended_and_ignored_by_nobody(bench: Bench) -> None:
    group_id = open_group(bench)
    assert answer(bench, both(bench)) == {group_id: "mended", bench.id: "mended"}


def test_what_no_control_watches_is_ignored_once(bench: Bench) -> None:
    event = {**told(bench, "ModifySnapshotAttribute")}
    nobodys = {**event, "detail": {**event["detail"], "eventName": "CopySnapshot"}}
    said = "no control watches ec2.amazonaws.com CopySnapshot"
    assert answer(bench, nobodys) == {said: "ignored"}
    assert answer(bench, {"Records": [nobodys, event]}) == {said: "ignored", bench.id: "mended"}


@pytest.mark.parametrize(
    ("off", "event_name"),
    [
        ("default_security_group security_group_ingress", "AuthorizeSecurityGroupIngress"),
        ("ebs_snapshot_public", "ModifySnapshotAttribute"),
    ],
)
def test_what_a_control_that_is_off_watches_is_ignored_and_not_read(bench: Bench, off: str, event_name: str) -> None:
    ids = {"default_security_group security_group_ingress": open_group(bench), "ebs_snapshot_public": bench.id}
    (other,) = ids.keys() - {off}
    text = "".join(f'[control.{name}]\nmode = "off"\n' for name in off.split())
    policy = parse_policy({}, text, catalog=CATALOG)
    bench.api.calls.clear()
    ignored = f"no control watches ec2.amazonaws.com {event_name}"
    assert answer(bench, both(bench), policy=policy) == {ignored: "ignored", ids[other]: "mended"}
    assert not [call for call in bench.api.calls if ids[off] in str(call)]


def test_a_control_that_crashes_costs_the_others_nothing_and_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    group_id = open_group(bench)

    def crash(*_: Any) -> None:
        raise ZeroDivisionError

    broken = msgspec.structs.replace(by_id("ebs_snapshot_public"), read=crash)
    events = both(bench)["Records"]
    given = engine.handle(
        {"Records": [events[1], events[0]]},
        woken_by=lambda calls: [broken if each.id == broken.id else each for each in woken_by(calls)],
        policy=POLICY,
        world=bench.world,
    )
    assert [_status(each) for each in given] == ["failed", "mended"]
    assert [each.resource.id for each in bench.notes.told] == [bench.id, group_id]


@pytest.mark.parametrize("error", [EventError("It names no lamp."), ZeroDivisionError("by zero")])
def test_a_control_that_cannot_locate_what_a_call_is_about_costs_another_of_the_same_call_nothing(
    bench: Bench, error: Exception
) -> None:
    def lost(_: object) -> Any:
        raise error

    event = told(bench, "ModifySnapshotAttribute")
    broken = msgspec.structs.replace(by_id("ebs_snapshot_public"), id="broken", locate=lost)
    with pytest.raises(EventError, match=str(error)):
        engine.handle(event, woken_by=lambda calls: [broken, *woken_by(calls)], policy=POLICY, world=bench.world)
    assert [(each.resource.id, each.status) for each in bench.notes.told] == [(bench.id, "mended")]


def test_an_event_that_cannot_be_understood_is_told_once_and_stops_no_other(bench: Bench) -> None:
    group_id = open_group(bench)
    with pytest.raises(EventError) as raised:
        answer(bench, {"Records": [*both(bench)["Records"], {"body": '{"detail": {}}'}]})
    sentence = str(raised.value)
    assert sentence.count("Records[2].body") == 1
    assert {each.resource.id for each in bench.notes.told} == {group_id, bench.id}


@pytest.mark.parametrize("place", [{"account": OTHER}, {"region": "eu-west-1"}])
def test_an_event_of_another_account_or_region_fails_loudly_and_nothing_is_looked_at(
    bench: Bench, place: Mapping[str, str]
) -> None:
    event = {**told(bench, "ModifySnapshotAttribute"), **place}
    bench.api.calls.clear()
    assert answer(bench, event) == {bench.id: "failed"}
    (record,) = bench.notes.told
    assert (record.severity, bench.api.calls) == ("high", [])
    assert f"the call was made in Region {event['region']} and account {event['account']}" in record.summary
    assert "Nothing was looked at or changed, and it may be open." in record.summary


def test_an_event_that_names_no_place_is_taken_to_be_of_here(bench: Bench) -> None:
    event = {name: value for name, value in told(bench, "ModifySnapshotAttribute").items() if name == "detail"}
    detail = {name: value for name, value in event["detail"].items() if "Region" not in name and "ccount" not in name}
    assert answer(bench, {"detail": detail}) == {bench.id: "mended"}
    assert [(each.account, each.region) for each in bench.notes.told] == [(ACCOUNT, bench.aws.region)]


def test_where_it_is_not_known_which_account_this_is_nothing_is_looked_at(bench: Bench) -> None:
    def unknown() -> str:
        raise AwsError("AWS gave no answer.", action="sts:GetCallerIdentity", code="", refused=False)

    event = told(bench, "ModifySnapshotAttribute")
    bench.api.calls.clear()
    world = msgspec.structs.replace(bench.world, account=unknown)
    assert answer(bench, event, world) == {bench.id: "failed"}
    assert bench.api.calls == []
    assert "it is not known which account this is" in bench.notes.told[0].summary


def test_a_queue_of_another_account_that_an_event_of_here_names_is_told_and_left_alone() -> None:
    with EmbeddedAws(log=unheard) as aws:
        bench = Bench(aws, SPECIMENS[2])
        event = {**told(bench, "SetQueueAttributes")}
        url = event["detail"]["requestParameters"]["queueUrl"].replace(ACCOUNT, OTHER)
        parameters = {**event["detail"]["requestParameters"], "queueUrl": url}
        bench.api.calls.clear()
        assert answer(bench, {**event, "detail": {**event["detail"], "requestParameters": parameters}}) == {
            bench.id: "failed"
        }
        assert bench.api.calls == []
        assert f"it is in Region {aws.region} of account {OTHER}" in bench.notes.told[0].summary


def test_a_young_event_that_names_nothing_tells_of_nothing_that_could_be_late(bench: Bench) -> None:
    bench.mend()
    event = told(bench, "ModifySnapshotAttribute")
    young = f"{bench.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    emptied = {**event["detail"], "requestParameters": None, "responseElements": None, "eventTime": young}
    assert list(answer(bench, {**event, "detail": emptied}).values()) == ["clean"]
