"""Of a whole Region: the groups at fault, the same from their permissions as from their rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakValueDictionary

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudmend.controls.families.groups import GROUP
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.detect import detect
from cloudmend.controls.security_group_ingress.expand import expand
from cloudmend.core.model import Json, Resource
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import Call
from cloudmend.core.world import RunReader
from random_groups import authorize, groups, make
from support import REGION, Account, ipv4, ipv6, policy, settings_in

POLICIES = [
    policy(),
    policy('control.security_group_ingress.guarded = [22, "udp/53", "8000-8100"]\n'),
    policy('[control.security_group_ingress]\nguarded = ["all-but-web"]\ntrusted.ipv4 = ["12.0.0.0/7"]\n'),
]


def from_permissions(account: Account, policy: Policy) -> list[str]:
    target = Resource(type="AWS::Region", id=REGION)
    return [resource.id for resource in expand(target, account.world.reader, settings_in(policy)).resources]


def from_rules(account: Account, policy: Policy) -> list[str]:
    reader, of_control = RunReader(account.world.reader), settings_in(policy)
    rows = reader.rows(Call("ec2", "DescribeSecurityGroups"), "SecurityGroups")
    states = {row["GroupId"]: CONTROL.read(Resource(type=GROUP, id=row["GroupId"]), reader, of_control) for row in rows}
    return sorted(group for group, state in states.items() if state and detect(state.context, of_control))


@settings(deadline=None)
@given(st.lists(groups, max_size=3), st.sampled_from(POLICIES))
def test_a_group_is_at_fault_by_its_permissions_exactly_where_it_is_by_its_rules(
    several: list[list[dict[str, Any]]], policy: Policy
) -> None:
    account = Account()
    for permissions in several:
        make(account, permissions)
    assert from_permissions(account, policy) == from_rules(account, policy)


def test_sources_of_several_kinds_in_one_permission_count_together() -> None:
    account = Account()
    halves = account.group(ipv4(22, "12.0.0.0/12", "13.0.0.0/12"))
    within = account.group(ipv4(22, "12.0.0.0/12"))
    peers = {"UserIdGroupPairs": [{"GroupId": halves}, {"GroupId": within}]}
    account.group({"IpProtocol": "-1", **peers})
    both = account.group({**ipv4(22, "10.0.0.0/8"), **ipv6(22, "::/0"), **peers})
    everything = account.group({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]})
    authorize(
        account, within, {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    )
    assert from_permissions(account, policy()) == sorted([halves, both, everything]) == from_rules(account, policy())


def test_a_small_source_beside_two_that_are_too_wide_together_changes_nothing() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "12.0.0.0/12", "13.0.0.0/12"), ipv4(3389, "14.0.0.0/16"))
    assert from_permissions(account, policy()) == [group_id] == from_rules(account, policy())


def test_a_region_is_read_in_pages_of_whole_groups_and_a_list_once() -> None:
    account = Account()
    make(account, [{**ipv4(22, "10.0.0.0/8"), "IpRanges": [], "PrefixListIds": [{"Entries": ["0.0.0.0/0"]}]}])
    account.calls.clear()
    (found,) = from_permissions(account, policy())
    assert account.calls == [
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeManagedPrefixLists",
        "ec2:GetManagedPrefixListEntries",
    ]
    assert from_rules(account, policy()) == [found]


class Row(dict[str, Any]):
    """A row that can be asked whether somebody still holds it."""


class Region(RunReader):
    """A Reader with many groups, all alike; `most` is how many rows were ever held at once."""

    most = 0

    def stream(self, *_: Any) -> Iterator[Json]:
        held: WeakValueDictionary[int, Row] = WeakValueDictionary()
        for number in range(500):
            permissions = [ipv4(22, "0.0.0.0/0"), ipv4(443, f"10.{number % 250}.0.0/16")]
            held[number] = row = Row(GroupId=f"sg-{number:017x}", IpPermissions=permissions)
            self.most = max(self.most, len(held))
            yield row


def test_a_group_that_was_judged_is_not_held_on_to() -> None:
    region = Region(Account().world.reader)
    found = expand(Resource(type="AWS::Region", id=REGION), region, settings_in(policy()))
    assert len(found.resources) == 500
    assert region.most <= 2
