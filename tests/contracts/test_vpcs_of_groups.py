"""Groups across VPCs: connections, associations, rules that have lost their group, and a VPC that gets its IPv6."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import SecurityGroups
from cloudmend.local.ec2.model import Peering, Vpc

A, B, C = (Vpc(f"vpc-0000000000000000{name}", f"10.{n}.0.0/16", n == 0) for n, name in enumerate("abc"))
DOOR = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


class Region:
    """A model whose VPCs, connections and network interfaces a test changes."""

    def __init__(self) -> None:
        self.vpcs: list[Vpc] = [A, B, C]
        self.peerings: list[Peering] = []
        self.carriers: dict[str, set[str]] = {}
        self.model = SecurityGroups(
            "111122223333",
            "us-east-1",
            lambda: self.vpcs,
            peerings=lambda: self.peerings,
            carriers=lambda group_id: self.carriers.get(group_id, set()),
        )

    def group(self, vpc: Vpc, name: str) -> str:
        made = self.model.call("CreateSecurityGroup", {"GroupName": name, "Description": "one", "VpcId": vpc.id})
        group_id: str = made["GroupId"]
        return group_id

    def refer(self, group: str, other: str, **more: str) -> None:
        pair = {"GroupId": other, **more}
        permission = {**DOOR, "UserIdGroupPairs": [pair]}
        self.model.call("AuthorizeSecurityGroupIngress", {"GroupId": group, "IpPermissions": [permission]})

    def connect(self, status: str = "active") -> None:
        self.peerings = [Peering("pcx-0000000000000000d", frozenset((B.id, C.id)), status)]

    def pair(self, group: str) -> dict[str, Any]:
        """The other end of a group's rule, as DescribeSecurityGroups has it."""
        (shown,) = self.model.call("DescribeSecurityGroups", {"GroupIds": [group]})["SecurityGroups"]
        (permission,) = shown["IpPermissions"]
        found: dict[str, Any] = permission["UserIdGroupPairs"][0]
        return found

    def stale(self, vpc: Vpc) -> list[str]:
        rows = self.model.call("DescribeStaleSecurityGroups", {"VpcId": vpc.id})["StaleSecurityGroupSet"]
        return [row["GroupId"] for row in rows]

    def refused(self, operation: str, **params: Any) -> str:
        with pytest.raises(Ec2Error) as refusal:
            self.model.call(operation, params)
        return refusal.value.code


@pytest.fixture
def region() -> Region:
    return Region()


def test_a_rule_may_refer_to_a_group_of_a_connected_vpc_and_shows_the_way(region: Region) -> None:
    here, there = region.group(B, "here"), region.group(C, "there")
    with pytest.raises(Ec2Error, match="different networks"):
        region.refer(here, there)
    region.connect("pending-acceptance")
    with pytest.raises(Ec2Error, match="different networks"):
        region.refer(here, there)
    region.connect()
    region.refer(here, there)

    way = {"VpcId": C.id, "VpcPeeringConnectionId": "pcx-0000000000000000d", "PeeringStatus": "active"}
    assert region.pair(here) == {"GroupId": there, "UserId": "111122223333", **way}
    rows = region.model.call("DescribeSecurityGroupRules", {})["SecurityGroupRules"]
    (info,) = [row["ReferencedGroupInfo"] for row in rows if row["GroupId"] == here and not row["IsEgress"]]
    assert info == region.pair(here)


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"VpcId": B.id}, "InvalidParameterValue"),
        ({"VpcId": "vpc-00000000000000bad"}, "InvalidVpcID.NotFound"),
        ({"VpcPeeringConnectionId": "pcx-00000000000000bad"}, "InvalidVpcPeeringConnectionID.NotFound"),
    ],
)
def test_another_way_than_theirs_is_refused(region: Region, named: dict[str, str], code: str) -> None:
    here, there = region.group(B, "here"), region.group(C, "there")
    region.connect()
    with pytest.raises(Ec2Error, match=code):
        region.refer(here, there, **named)
    region.refer(here, there, VpcId=C.id, VpcPeeringConnectionId="pcx-0000000000000000d")


def test_who_refers_to_a_group_from_a_connected_vpc_is_told_once(region: Region) -> None:
    there = region.group(C, "there")
    region.connect()
    for name in ("here", "here-too"):
        region.refer(region.group(B, name), there)
    region.refer(region.group(C, "near"), there)

    rows = region.model.call("DescribeSecurityGroupReferences", {"GroupId": [there]})["SecurityGroupReferenceSet"]
    connection = {"VpcPeeringConnectionId": "pcx-0000000000000000d"}
    assert rows == [{"GroupId": there, "ReferencingVpcId": B.id, **connection}]


def test_a_rule_is_stale_when_its_group_or_the_way_to_it_is_gone(region: Region) -> None:
    here, there = region.group(B, "here"), region.group(C, "there")
    region.connect()
    region.refer(here, there)
    assert region.stale(B) == []

    region.connect("deleted")
    assert (region.stale(B), region.stale(C)) == ([here], [])
    region.connect()
    region.model.call("DeleteSecurityGroup", {"GroupId": there})
    assert region.stale(B) == [here]
    assert region.pair(here) == {"GroupId": there}  # all that is left of it
    (row,) = region.model.call("DescribeStaleSecurityGroups", {"VpcId": B.id})["StaleSecurityGroupSet"]
    assert row["StaleIpPermissions"] == [{**DOOR, "UserIdGroupPairs": [{"GroupId": there}]}]
    assert row["StaleIpPermissionsEgress"] == []


def test_a_group_of_the_same_vpc_keeps_what_it_refers_to(region: Region) -> None:
    one, other = region.group(B, "one"), region.group(B, "other")
    region.refer(one, other)
    assert region.refused("DeleteSecurityGroup", GroupId=other) == "DependencyViolation"


def test_an_association_is_listed_used_and_ended(region: Region) -> None:
    group, near = region.group(B, "wide"), region.group(C, "near")
    pair = {"GroupId": group, "VpcId": C.id}
    assert region.model.call("AssociateSecurityGroupVpc", pair) == {"State": "associating"}
    region.refer(near, group)
    shown = region.model.call("GetSecurityGroupsForVpc", {"VpcId": C.id})["SecurityGroupForVpcs"]
    assert {row["GroupName"]: row["PrimaryVpcId"] for row in shown} == {"default": C.id, "near": C.id, "wide": B.id}
    rows = region.model.call("DescribeSecurityGroupVpcAssociations", {})["SecurityGroupVpcAssociations"]
    assert [(row["GroupId"], row["VpcId"], row["State"]) for row in rows] == [(group, C.id, "associated")]
    assert region.refused("DeleteSecurityGroup", GroupId=group) == "DependencyViolation"

    region.carriers = {group: {B.id, C.id}}
    assert region.refused("DisassociateSecurityGroupVpc", **pair) == "DependencyViolation"
    region.carriers = {group: {B.id}}
    assert region.model.call("DisassociateSecurityGroupVpc", pair) == {"State": "disassociating"}
    assert region.stale(C) == [near]
    assert region.refused("DisassociateSecurityGroupVpc", **pair) == "InvalidSecurityGroupVpcAssociation.NotFound"


def test_the_way_out_over_ipv6_comes_with_the_vpc_s_first_block_if_nobody_changed_it(region: Region) -> None:
    untouched, changed, told = (region.group(B, name) for name in ("untouched", "changed", "told"))
    everything = {"IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}
    region.model.call("RevokeSecurityGroupEgress", {"GroupId": changed, **everything})
    region.vpcs = [A, replace(B, ipv6_cidrs=("2001:db8:1::/56",)), C]

    def out(group: str) -> list[str]:
        rows = region.model.call("DescribeSecurityGroupRules", {})["SecurityGroupRules"]
        found = [row for row in rows if row["GroupId"] == group and row["IsEgress"]]
        return [row.get("CidrIpv4") or row["CidrIpv6"] for row in found]

    assert (out(untouched), out(changed), out(told)) == (["0.0.0.0/0", "::/0"], [], ["0.0.0.0/0", "::/0"])
    assert out(region.group(B, "later")) == ["0.0.0.0/0", "::/0"]
    assert out(region.group(C, "elsewhere")) == ["0.0.0.0/0"]
    region.vpcs = [A, replace(B, ipv6_cidrs=("2001:db8:1::/56", "2001:db8:2::/56")), C]
    assert out(untouched) == ["0.0.0.0/0", "::/0"]


def test_the_groups_of_a_vpc_that_is_gone_go_with_it_and_so_do_associations_with_it(region: Region) -> None:
    gone, wide = region.group(C, "gone"), region.group(B, "wide")
    region.model.call("AssociateSecurityGroupVpc", {"GroupId": wide, "VpcId": C.id})
    region.vpcs = [A, B]

    assert region.refused("DescribeSecurityGroups", GroupIds=[gone]) == "InvalidGroup.NotFound"
    assert region.model.call("DescribeSecurityGroupVpcAssociations", {})["SecurityGroupVpcAssociations"] == []
