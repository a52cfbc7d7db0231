"""What is read: the groups that a target stands for, and the facts that a mend needs besides the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any

import pytest

from cloudmend.controls.security_group_ingress import expand as expanding
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.observe import complete
from cloudmend.core.model import Json, Resource
from cloudmend.core.ports import NEVER, Call, Rows, Sent
from cloudmend.core.world import at_need
from cloudmend.local.ec2.model import Vpc
from support import ACCOUNT, VPC, Account, ingress, ipv4, ipv6, sg_settings

GROUP = "AWS::EC2::SecurityGroup"
DEFAULT_VPC = Vpc(id="vpc-0fedcba9876543210", cidr="172.31.0.0/16", is_default=True)


def expand(account: Account, target: Resource) -> tuple[Resource, ...]:
    account.calls.clear()
    return expanding.expand(target, account.world.reader, sg_settings()).resources


def named(name: str) -> Resource:
    return Resource(type=GROUP, name=name, parts=("sgr-0aaaaaaaaaaaaaaa1",))


def group(account: Account, name: str, vpc: Vpc = DEFAULT_VPC) -> str:
    return str(account.ec2.create_security_group(GroupName=name, Description="test", VpcId=vpc.id)["GroupId"])


def test_a_group_that_is_told_by_its_id_is_not_looked_up() -> None:
    account = Account()
    target = Resource(type=GROUP, id="sg-05fe30eb67c909f27", name="web")
    assert expand(account, target) == (target,)
    assert account.calls == []


def test_a_name_means_the_group_of_the_default_vpc_with_the_rules_that_the_event_named() -> None:
    account = Account(vpcs=(VPC, DEFAULT_VPC))
    group(account, "web", VPC)
    group_id = group(account, "web")
    group(account, "db")
    assert expand(account, named("web")) == (Resource(type=GROUP, id=group_id, name="web", parts=named("web").parts),)


@pytest.mark.parametrize("name", ["we?", "*", "\\web", "nobody"])
def test_a_name_that_no_group_has_stands_for_nothing_also_where_it_looks_like_a_pattern(name: str) -> None:
    account = Account(vpcs=(DEFAULT_VPC,))
    group(account, "web")
    assert expand(account, named(name)) == ()


def test_a_name_with_a_star_means_that_one_group() -> None:
    account = Account(vpcs=(DEFAULT_VPC,))
    group(account, "website")
    assert expand(account, named("web*")) == ()
    group_id = group(account, "web*")
    assert [resource.id for resource in expand(account, named("web*"))] == [group_id]


def test_without_a_default_vpc_a_name_stands_for_nothing() -> None:
    account = Account()
    group(account, "web", VPC)
    assert expand(account, named("web")) == ()
    assert account.calls == ["ec2:DescribeVpcs"]


def test_in_a_region_a_prefix_list_that_holds_the_world_puts_its_group_at_fault() -> None:
    account = Account()
    entries = [{"Cidr": "0.0.0.0/0"}]
    answer = account.ec2.create_managed_prefix_list(
        PrefixListName="world", AddressFamily="IPv4", MaxEntries=1, Entries=entries
    )
    source = {"PrefixListIds": [{"PrefixListId": answer["PrefixList"]["PrefixListId"]}]}
    opened = account.group({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **source})
    account.group(ipv4(443, "0.0.0.0/0"))
    region = Resource(type="AWS::Region", id="eu-west-1")
    assert expand(account, region) == (Resource(type=GROUP, id=opened, account=ACCOUNT),)


class Answers:
    """A Reader that answers with these rows by their key, and with none for another; `asked` are the actions."""

    def __init__(self, **rows: Rows) -> None:
        self._rows = rows
        self.asked: list[str] = []

    def begin(self, read: Callable[[], Any]) -> Callable[[], Any]:
        return at_need(read)

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        raise AssertionError(f"{call} is no list; {absent}")

    def rows(self, request: Sent, key: str, **_: Any) -> Rows:
        self.asked.append(request.action)
        return self._rows.get(key, ())

    lasting_rows = rows

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        return iter(self.rows(request, key))


def test_of_what_refers_to_a_prefix_list_only_the_groups_are_looked_at_in_order() -> None:
    rows = [{"ResourceId": "sg-2"}, {"ResourceId": "rtb-1"}, {}, {"ResourceId": "sg-1"}, {"ResourceId": "sg-2"}]
    target = Resource(type="AWS::EC2::PrefixList", id="pl-1")
    found = expanding.expand(target, Answers(PrefixListAssociations=rows), sg_settings())
    assert found.resources == tuple(Resource(type=GROUP, id=group_id, parts=("pl-1",)) for group_id in ("sg-1", "sg-2"))


@pytest.mark.parametrize(
    ("rows", "owner"),
    [
        ([{"SecurityGroupRuleId": "sgr-1", "IsEgress": True, "GroupOwnerId": "123456789012"}], "123456789012"),
        ([{"SecurityGroupRuleId": "sgr-1", "IsEgress": True}], ""),
        ([], ""),
    ],
)
def test_the_account_is_that_of_the_group_s_owner_where_a_rule_tells_it(rows: list[Json], owner: str) -> None:
    reader = Answers(SecurityGroupRules=rows, SecurityGroups=[{"GroupId": "sg-1"}])
    state = CONTROL.read(Resource(type=GROUP, id="sg-1"), reader, sg_settings())
    assert state
    assert state.owner == owner


def test_a_group_all_of_whose_rules_the_event_names_is_read_once() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "10.0.0.0/8"))
    target = Resource(
        type=GROUP, id=group_id, parts=tuple(row["SecurityGroupRuleId"] for row in account.rules(group_id))
    )
    account.calls.clear()
    assert CONTROL.read(target, account.world.reader, sg_settings())
    assert account.calls == ["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"]


FACTS = GroupFacts(account="111122223333", image={"SecurityGroupRules": []}, group_id="sg-1", rules=())
BY_VPC = sg_settings('[control.security_group_ingress.replacement]\nipv4 = "vpc"')


@pytest.mark.parametrize("groups", [[], [{"GroupId": "sg-1"}]])
def test_a_group_that_is_gone_meanwhile_or_in_no_vpc_has_no_vpc_s_blocks(groups: list[Json]) -> None:
    vpc = {"CidrBlockAssociationSet": [{"CidrBlock": "10.1.0.0/16"}]}
    reader = Answers(Vpcs=[vpc])
    facts = complete(FACTS, groups, reader, BY_VPC)
    assert (facts.vpc_id, facts.vpc_blocks, reader.asked) == ("", (), [])
    assert facts.image == {"SecurityGroupRules": [], "SecurityGroups": groups}


def test_a_vpc_that_has_blocks_of_one_family_has_none_of_the_other() -> None:
    vpc = {"CidrBlockAssociationSet": [{"CidrBlock": "10.1.0.0/16"}, {"CidrBlock": "10.2.0.0/16"}]}
    facts = complete(FACTS, [{"VpcId": "vpc-1"}], Answers(Vpcs=[vpc]), BY_VPC)
    assert facts.vpc_blocks == (ip_network("10.1.0.0/16"), ip_network("10.2.0.0/16"))


def test_an_ipv6_rule_is_narrowed_to_the_vpc_s_own_ipv6_block() -> None:
    own = Vpc(id=VPC.id, cidr=VPC.cidr, is_default=False, ipv6_cidrs=("2600:1f18::/56", "fd12:3456::/48"))
    account = Account(vpcs=(own,))
    group_id = account.group(ipv6(22, "::/0"))
    account.mend(group_id, file='[control.security_group_ingress.replacement]\nipv6 = "vpc"\n')
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "fd12:3456::/48")}
