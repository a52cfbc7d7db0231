"""A Lightsail instance: its ports as parts, the sources at fault, the one list that is put, and what its calls say."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest
from botocore.session import Session
from msgspec.structs import replace

from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.controls.lightsail_ports import _REGIONS, CONTROL
from cloudmend.core.contract import Parts, State, View
from cloudmend.core.errors import AwsError, PolicyError, UnsafePlan
from cloudmend.core.model import ApiCall, Json, Resource, Step
from cloudmend.core.network import AddressSet, Traffic
from cloudmend.core.planning import Plan, calls, judge, plan, same
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.ports import Call
from cloudmend.core.target import resources
from support import ACCOUNT, NOW, REGION

INSTANCE = Resource(type="AWS::Lightsail::Instance", id="web-1", account=ACCOUNT, region=REGION)
READ = Call("lightsail", "GetInstance", {"instanceName": "web-1"})
DEFAULTS = RangeSettings()
WORLD, WORLD6, CONNECT = "0.0.0.0/0", "::/0", "lightsail-connect"
PRIVATE, PRIVATE6 = "10.0.0.0/8", "fd00::/8"
OFFICE = "203.0.113.7/32"


def ports(
    first: int,
    last: int = -2,
    protocol: str = "tcp",
    cidrs: tuple[str, ...] = (),
    ipv6: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
) -> dict[str, Any]:
    lists = {"cidrs": [*cidrs], "ipv6Cidrs": [*ipv6], "cidrListAliases": [*aliases]}
    return {"protocol": protocol, "fromPort": first, "toPort": first if last == -2 else last, **lists}


def row(*entries: Json, state: str = "running", name: str = "web-1") -> Json:
    more = {"accessFrom": "Custom", "accessType": "public", "commonName": "", "accessDirection": "inbound"}
    return {
        "name": name,
        "networking": {"monthlyTransfer": {}, "ports": [{**each, **more} for each in entries]},
        "state": {"code": 16, "name": state},
    }


class Answers:
    """A Reader that answers GetInstance and GetInstances, and notes what it was asked."""

    def __init__(self, *rows: Json) -> None:
        self._rows = rows
        self.asked: list[Call] = []

    def get(self, call: Call, absent: Mapping[str, Json | None]) -> Json | None:
        self.asked.append(call)
        found = [each for each in self._rows if each["name"] == call.params["instanceName"]]
        return {"instance": found[0]} if found else absent["NotFoundException"]

    def rows(self, call: Call, key: str) -> Any:
        self.asked.append(call)
        assert key == "instances"
        return self._rows


def read(*entries: Json, state: str = "running") -> State:
    reader: Any = Answers(row(*entries, state=state))
    found = CONTROL.read(INSTANCE, reader, DEFAULTS)
    assert found
    assert reader.asked == [READ]
    return found


def view(state: State, exempt: frozenset[str] = frozenset(), cause: ApiCall | None = None) -> View:
    return View(resource=INSTANCE, state=state, cause=cause or call("Sweep"), now=NOW, exempt=exempt)


def planned(*entries: Json, settings: RangeSettings = DEFAULTS) -> Plan:
    seen = view(read(*entries))
    return plan(CONTROL, seen, judge(CONTROL, seen, settings).counted, settings)


def put(*entries: Json, settings: RangeSettings = DEFAULTS) -> Any:
    """The list that a mend puts, after the name of the instance was checked."""
    made = planned(*entries, settings=settings)
    (sent,) = calls(CONTROL, INSTANCE, made.view.state, made.then)
    assert (sent.operation, sent.params["instanceName"]) == ("PutInstancePublicPorts", "web-1")
    return sent.params["portInfos"]


def found(*entries: Json, settings: RangeSettings = DEFAULTS, state: str = "running") -> list[tuple[str, str]]:
    judged = judge(CONTROL, view(read(*entries, state=state)), settings).counted
    return [(each.part, each.mark) for each in judged]


def call(name: str, request: Any = None, response: Any = None) -> ApiCall:
    return ApiCall(
        event_id="one",
        time=NOW,
        source="lightsail.amazonaws.com",
        name=name,
        account=ACCOUNT,
        region=REGION,
        request=request or {},
        response=response or {},
    )


def test_a_part_is_a_range_of_ports_with_all_who_may_connect() -> None:
    ssh = ports(22, cidrs=(WORLD, OFFICE), aliases=(CONNECT,))
    state = read(ssh, ports(8000, 8100, "udp"), ports(0, 65535, "all"), ports(8, -1, "icmp"))
    assert state == State(
        {
            "tcp/22": ssh,
            "udp/8000-8100": ports(8000, 8100, "udp"),
            "all traffic": ports(0, 65535, "all"),
            "icmp 8/-1": ports(8, -1, "icmp"),
        },
        context="running",
    )


def test_two_entries_of_the_same_ports_are_one_part() -> None:
    state = read(ports(22, cidrs=(WORLD,)), ports(22, cidrs=(OFFICE, WORLD), ipv6=(WORLD6,)))
    assert state.parts == {"tcp/22": ports(22, cidrs=(WORLD, OFFICE), ipv6=(WORLD6,))}


def test_lists_that_an_answer_leaves_out_are_empty() -> None:
    bare = {"protocol": "icmpv6", "fromPort": -1, "toPort": -1}
    assert read(bare).parts == {"icmpv6 -1/-1": ports(-1, -1, "icmpv6")}


def test_an_instance_that_lightsail_does_not_know_is_gone() -> None:
    reader: Any = Answers()
    assert CONTROL.read(INSTANCE, reader, DEFAULTS) is None


def test_golden_case_34_the_whole_list_is_put_and_what_is_not_at_fault_stays() -> None:
    web = ports(443, cidrs=(WORLD,), ipv6=(WORLD6,))
    ping = ports(8, -1, "icmp", cidrs=(WORLD,))
    ssh = ports(22, cidrs=(WORLD,), aliases=(CONNECT,))
    assert put(web, ssh, ping) == [web, ports(22, cidrs=(PRIVATE,), aliases=(CONNECT,)), ping]


def test_golden_case_35_a_source_is_narrowed_in_its_place_and_the_other_stays() -> None:
    assert put(ports(22, cidrs=(WORLD, OFFICE))) == [ports(22, cidrs=(PRIVATE, OFFICE))]
    everything = ports(0, 65535, "all", cidrs=(OFFICE, WORLD))
    assert found(everything) == [("all traffic", "all traffic from 0.0.0.0/0")]
    assert put(everything) == [ports(0, 65535, "all", cidrs=(OFFICE, PRIVATE))]


def test_each_family_is_narrowed_to_its_own_replacement() -> None:
    both = ports(22, cidrs=(WORLD,), ipv6=(WORLD6,))
    assert found(both) == [("tcp/22", "tcp/22 from 0.0.0.0/0"), ("tcp/22", "tcp/22 from ::/0")]
    assert put(both) == [ports(22, cidrs=(PRIVATE,), ipv6=(PRIVATE6,))]


def test_one_family_at_fault_leaves_the_other_as_it_is() -> None:
    assert put(ports(22, cidrs=(OFFICE,), ipv6=(WORLD6,))) == [ports(22, cidrs=(OFFICE,), ipv6=(PRIVATE6,))]


def test_what_an_alias_admits_is_not_at_fault() -> None:
    assert found(ports(22, aliases=(CONNECT,))) == []


def test_ports_that_are_not_guarded_may_be_open_and_a_range_that_holds_a_guarded_one_may_not() -> None:
    assert found(ports(80, cidrs=(WORLD,)), ports(8, -1, "icmp", cidrs=(WORLD,)), ports(22, 22, "udp")) == []
    assert found(ports(20, 30, cidrs=(WORLD,))) == [("tcp/20-30", "tcp/20-30 from 0.0.0.0/0")]


def test_ports_that_only_those_at_fault_reached_are_left_out_of_the_list() -> None:
    revoking = RangeSettings(replacement={4: "revoke", 6: "revoke"})
    web = ports(80, cidrs=(WORLD,))
    assert put(web, ports(22, cidrs=(WORLD,)), settings=revoking) == [web]
    assert put(ports(22, cidrs=(WORLD,)), settings=revoking) == []
    (finding,) = judge(CONTROL, view(read(ports(22, cidrs=(WORLD,)))), revoking).counted
    assert finding.because == "closed because the policy says so"


def test_a_source_without_room_for_the_replacement_goes_and_the_reason_is_told() -> None:
    wide = ports(22, cidrs=("8.0.0.0/7", OFFICE))
    assert put(wide) == [ports(22, cidrs=(OFFICE,))]
    (finding,) = judge(CONTROL, view(read(wide)), DEFAULTS).counted
    assert finding.why == "tcp/22 from 8.0.0.0/7 opens tcp/22 to 33,554,432 public addresses; the limit is 1,048,576"
    assert finding.because == "closed because 10.0.0.0/8 does not lie inside 8.0.0.0/7"
    assert not judge(CONTROL, view(read(ports(22, cidrs=(WORLD,)))), DEFAULTS).counted[0].because


def test_a_source_of_exempt_ports_does_not_count() -> None:
    state = read(ports(22, cidrs=("9.0.0.0/12",)), ports(22, 23, cidrs=("9.16.0.0/12",)))
    (finding,) = judge(CONTROL, view(state), DEFAULTS).counted
    assert finding.why.endswith(
        "opens tcp/22 to 1,048,576 public addresses, and with its other sources to 2,097,152; the limit is 1,048,576"
    )
    assert judge(CONTROL, view(state, frozenset({"tcp/22"})), DEFAULTS).counted == ()


def test_only_what_was_agreed_to_be_at_fault_is_narrowed_in_a_list() -> None:
    """The rest of the same ports may be exempt, or was there before cloudmend."""
    seen = view(read(ports(22, cidrs=(WORLD,), ipv6=(WORLD6,))))
    first, _ = judge(CONTROL, seen, DEFAULTS).counted
    assert CONTROL.mend
    assert CONTROL.mend(seen, [first], DEFAULTS) == {"tcp/22": ports(22, cidrs=(PRIVATE,), ipv6=(WORLD6,))}


def test_a_pending_instance_without_ports_is_looked_at_again_and_one_with_ports_is_judged() -> None:
    (finding,) = judge(CONTROL, view(read(state="pending")), DEFAULTS).counted
    assert (finding.part, finding.is_due) == ("firewall", False)
    assert finding.why == "it is pending, and AWS may not have opened its first ports yet"
    assert finding.wait == "it is looked at again when it runs"
    assert found(state="running") == []
    assert found(ports(80, cidrs=(WORLD,)), state="pending") == []
    assert found(ports(22, cidrs=(WORLD,)), state="pending") == [("tcp/22", "tcp/22 from 0.0.0.0/0")]


def test_a_sweep_lists_the_instances_that_open_a_guarded_port_with_one_call() -> None:
    reader: Any = Answers(
        row(ports(22, cidrs=(WORLD,)), name="open"),
        row(ports(80, cidrs=(WORLD,)), name="web"),
        row(ports(22, cidrs=(PRIVATE,), aliases=(CONNECT,)), name="inside"),
        row(state="pending", name="new"),
        row(name="closed"),
        row(ports(80, cidrs=(WORLD,)), state="pending", name="new-web"),
    )
    assert CONTROL.every
    assert list(CONTROL.every(INSTANCE, reader, DEFAULTS)) == ["open", "new"]
    assert reader.asked == [Call("lightsail", "GetInstances")]


def test_an_instance_that_cannot_be_judged_is_looked_at_and_hides_no_other() -> None:
    odd = row(ports(22, cidrs=("no range",)), name="odd")
    reader: Any = Answers(odd, {"name": "without-ports"}, row(ports(22, cidrs=(WORLD,)), name="open"))
    assert CONTROL.every
    assert list(CONTROL.every(INSTANCE, reader, DEFAULTS)) == ["odd", "without-ports", "open"]


@pytest.mark.parametrize(
    ("region", "code", "fails"),
    [("us-west-1", "", False), ("us-west-1", "AccessDenied", True), ("us-east-1", "", True)],
)
def test_no_answer_is_no_failure_where_lightsail_has_no_server(region: str, code: str, fails: bool) -> None:
    class Deaf:
        def rows(self, *_: Any) -> Any:
            raise AwsError("no answer", action="lightsail:GetInstances", code=code, refused=bool(code))

    reader: Any = Deaf()
    assert CONTROL.every
    found = CONTROL.every(replace(INSTANCE, id="", region=region), reader, DEFAULTS)
    if fails:
        with pytest.raises(AwsError):
            list(found)
    else:
        assert list(found) == []


def test_the_regions_of_lightsail_are_those_that_botocore_knows() -> None:
    session = Session()
    partitions = session.get_available_partitions()
    assert {name for each in partitions for name in session.get_available_regions("lightsail", each)} == _REGIONS


@pytest.mark.parametrize(
    ("then", "narrows"),
    [
        ({}, True),
        ({"tcp/22": ports(22, cidrs=(PRIVATE,), aliases=(CONNECT,))}, True),
        ({"tcp/22": ports(22, cidrs=(WORLD,))}, True),
        ({"tcp/22": ports(22, cidrs=(WORLD,), ipv6=(PRIVATE6,))}, False),
        ({"tcp/22": ports(22, cidrs=(WORLD,), aliases=(CONNECT, "another"))}, False),
        ({"tcp/22": ports(22, 23, cidrs=(WORLD,))}, False),
        ({"tcp/22": ports(21, 22, cidrs=(WORLD,))}, False),
        ({"tcp/22": ports(22, 22, "udp", cidrs=(WORLD,))}, False),
        ({"tcp/23": ports(23, cidrs=(PRIVATE,))}, False),
    ],
)
def test_a_plan_narrows_if_nobody_may_connect_who_might_not_before(then: Parts, narrows: bool) -> None:
    now = view(read(ports(22, cidrs=(WORLD,), aliases=(CONNECT,))))
    assert CONTROL.narrows
    assert CONTROL.narrows(now, then) is narrows


def test_a_plan_that_leaves_a_source_at_fault_is_refused() -> None:
    seen = view(read(ports(22, cidrs=(WORLD,), ipv6=(WORLD6,))))
    first, _ = judge(CONTROL, seen, DEFAULTS).counted
    with pytest.raises(UnsafePlan, match="would leave tcp/22 at fault"):
        plan(CONTROL, seen, [first], DEFAULTS)


def test_the_order_of_a_list_is_aws_s() -> None:
    one, other = ports(22, cidrs=(WORLD, OFFICE)), ports(22, cidrs=(OFFICE, WORLD))
    assert same(CONTROL, one, other)
    assert not same(CONTROL, one, ports(22, cidrs=(WORLD,)))
    assert not same(CONTROL, one, ports(22, ipv6=(WORLD, OFFICE)))
    assert not same(CONTROL, one, {**one, "toPort": 23})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (ports(22, cidrs=(WORLD,)), ports(22, cidrs=(PRIVATE,)), "narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8"),
        (
            ports(22, cidrs=(WORLD, OFFICE), ipv6=(WORLD6,)),
            ports(22, cidrs=(PRIVATE, OFFICE), ipv6=(PRIVATE6,)),
            "narrowed tcp/22 from 0.0.0.0/0, ::/0 to 10.0.0.0/8, fd00::/8",
        ),
        (
            ports(22, cidrs=(WORLD, OFFICE)),
            ports(22, cidrs=(OFFICE,)),
            "narrowed tcp/22 from 0.0.0.0/0 to its other sources",
        ),
        (ports(22, cidrs=(WORLD,)), None, "closed tcp/22"),
    ],
)
def test_what_was_done_is_told_by_the_sources_that_went_and_came(before: Json, after: Json | None, told: str) -> None:
    assert CONTROL.did
    assert CONTROL.did(Step("tcp/22", before, after)) == told


def test_a_value_is_told_by_all_who_may_connect() -> None:
    assert CONTROL.said(ports(22, cidrs=(OFFICE,), ipv6=(WORLD6,), aliases=(CONNECT,))) == (
        f"open to {OFFICE}, ::/0, lightsail-connect"
    )


def test_nothing_at_fault_says_whose_ports_were_judged() -> None:
    assert CONTROL.clear
    assert CONTROL.clear(INSTANCE, None, RangeSettings(guarded=(Traffic("tcp", 22, 22),))).startswith(
        "no guarded port of a Lightsail instance (tcp/22) is open to more than 1,048,576 public IPv4"
    )


@pytest.mark.parametrize(
    ("name", "request_", "expected"),
    [
        ("CreateInstances", {"instanceNames": ["web-1", "web-2"]}, ["web-1", "web-2"]),
        ("CreateInstancesFromSnapshot", {"instanceNames": ["web-1"], "instanceSnapshotName": "s"}, ["web-1"]),
        ("OpenInstancePublicPorts", {"instanceName": "web-1", "portInfo": {}}, ["web-1"]),
        ("PutInstancePublicPorts", {"instanceName": "web-1", "portInfos": []}, ["web-1"]),
        ("SetIpAddressType", {"resourceType": "Instance", "resourceName": "web-1"}, [""]),  # the whole Region
    ],
)
def test_a_call_names_its_instances(name: str, request_: Any, expected: list[str]) -> None:
    found = resources(CONTROL, call(name, request_))
    assert [(each.id, each.account, each.region) for each in found] == [(id_, ACCOUNT, REGION) for id_ in expected]


SSH_OPEN, SSH_OFFICE = ports(22, cidrs=(WORLD,), ipv6=(WORLD6,)), ports(22, cidrs=(OFFICE,))
WEB_OPEN = ports(80, cidrs=(WORLD,), ipv6=(WORLD6,))
ADDRESSED = {"protocol": "tcp", "fromPort": 22, "toPort": 22}


@pytest.mark.parametrize(
    ("before", "name", "request_", "expected"),
    [
        ([], "OpenInstancePublicPorts", {"portInfo": ADDRESSED}, [SSH_OPEN]),
        ([], "OpenInstancePublicPorts", {"portInfo": {**ADDRESSED, "cidrs": [OFFICE]}}, [SSH_OFFICE]),
        ([WEB_OPEN], "OpenInstancePublicPorts", {"portInfo": ADDRESSED}, [WEB_OPEN, SSH_OPEN]),
        (
            [SSH_OFFICE],
            "OpenInstancePublicPorts",
            {"portInfo": {**ADDRESSED, "cidrs": [WORLD]}},
            [ports(22, cidrs=(OFFICE, WORLD))],
        ),
        ([WEB_OPEN], "PutInstancePublicPorts", {"portInfos": [ADDRESSED]}, [SSH_OPEN]),
        ([WEB_OPEN], "PutInstancePublicPorts", {"portInfos": []}, []),
        ([], "PutInstancePublicPorts", {"portInfos": [{"protocol": "tcp"}, SSH_OFFICE]}, [SSH_OFFICE]),
        ([], "PutInstancePublicPorts", {"portInfos": [{**ADDRESSED, "cidrListAliases": [CONNECT]}]}, None),
        ([WEB_OPEN, SSH_OPEN], "CloseInstancePublicPorts", {"portInfo": ADDRESSED}, [WEB_OPEN]),
        ([SSH_OPEN], "CloseInstancePublicPorts", {"portInfo": ADDRESSED}, []),
        ([], "CloseInstancePublicPorts", {"portInfo": ADDRESSED}, []),
        ([SSH_OPEN], "DeleteInstance", {}, []),
    ],
)
def test_a_replay_follows_the_ports_by_what_the_calls_say(
    before: list[Json], name: str, request_: Any, expected: list[Json] | None
) -> None:
    assert CONTROL.follow
    there = read(*before) if before else None
    left = CONTROL.follow.step(there, INSTANCE, call(name, request_), NOW).state
    wanted = [ports(22, aliases=(CONNECT,))] if expected is None else expected
    assert (list(left.parts.values()) if left else []) == wanted
    assert (left is None) is (wanted == [])


def policy(text: str) -> Any:
    table = f"[control.{CONTROL.id}]\n{text}"
    return parse_policy({}, table, catalog=Catalog(controls={CONTROL.id: CONTROL})).settings_of(CONTROL)


def test_settings_are_those_of_ranges_and_a_replacement_is_no_vpc_s_block() -> None:
    settings = policy(
        'guarded = [22]\nlimits.ipv4 = "/16"\ntrusted.ipv4 = ["198.18.0.0/15"]\nreplacement.ipv6 = "revoke"\n'
    )
    assert settings == RangeSettings(
        guarded=(Traffic("tcp", 22, 22),),
        limits={4: 1 << 16, 6: 1 << 88},
        trusted={4: AddressSet.of([ip_network("198.18.0.0/15")]), 6: AddressSet(())},
        replacement={4: ip_network(PRIVATE), 6: "revoke"},
    )
    with pytest.raises(PolicyError, match=r"'vpc' is not a CIDR range .* Write a range such as 10.0.0.0/8, or revoke"):
        policy('replacement.ipv4 = "vpc"\n')
    with pytest.raises(PolicyError, match=r"control\.lightsail_ports\.limits\.ipv4: nothing would ever be at fault"):
        policy('limits.ipv4 = "/0"\n')


def test_settings_are_told_and_written() -> None:
    assert CONTROL.keys
    told = " ".join(CONTROL.keys.say(DEFAULTS))
    assert "The sources of an instance together may open a guarded port to 1,048,576 public IPv4 addresses" in told
    assert "An IPv6 source at fault is narrowed to fd00::/8, or revoked if its source does not contain that." in told
    assert CONTROL.keys.write(DEFAULTS)["guarded"] == ["tcp/22", "tcp/3389", "udp/3389"]
