"""Groups, rules and prefix lists in a CloudFormation template: made, changed and deleted in the one store."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import SETTLE_S, client

WORLD = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": "22", "CidrIp": "0.0.0.0/0", "Description": "for a while"}
OFFICE = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "192.0.2.0/24"}
Deploy = Callable[..., dict[str, str]]


def group(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "testing", **properties}}


def rule(direction: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::EC2::SecurityGroup{direction}", "Properties": properties}


def offices(*cidrs: str, size: int = 2, **more: Any) -> dict[str, Any]:
    entries = [{"Cidr": cidr} for cidr in cidrs]
    given = {"PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": size, "Entries": entries}
    return {"Type": "AWS::EC2::PrefixList", "Properties": {**given, **more}}


@pytest.fixture
def ec2(aws: EmbeddedAws) -> Any:
    return client(aws, "ec2")


@pytest.fixture
def deploy(aws: EmbeddedAws) -> Deploy:
    """Creates or updates the stack `net`, and returns the physical ids of its resources."""
    cloudformation = client(aws, "cloudformation")

    def deployed(**resources: Any) -> dict[str, str]:
        body = json.dumps({"Resources": resources})
        there = cloudformation.describe_stacks()["Stacks"]
        (cloudformation.update_stack if there else cloudformation.create_stack)(StackName="net", TemplateBody=body)
        rows = cloudformation.describe_stack_resources(StackName="net")["StackResources"]
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}

    return deployed


def rules(ec2: Any, group_id: str) -> list[tuple[bool, str, str]]:
    """(is egress, the other end, description) of each rule."""
    named = [{"Name": "group-id", "Values": [group_id]}]
    found = []
    for row in ec2.describe_security_group_rules(Filters=named)["SecurityGroupRules"]:
        pair = row.get("ReferencedGroupInfo", {}).get("GroupId")
        other = row.get("CidrIpv4") or row.get("CidrIpv6") or row.get("PrefixListId") or pair
        found.append((row["IsEgress"], other, row.get("Description", "")))
    return found


def test_a_group_of_a_template_is_one_like_all_others(ec2: Any, deploy: Deploy) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    made = deploy(Web=group(SecurityGroupIngress=[WORLD, OFFICE], Tags=tags))["Web"]
    (shown,) = ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"]
    named = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}

    assert rules(ec2, made) == [
        (True, "0.0.0.0/0", ""), (False, "0.0.0.0/0", "for a while"), (False, "192.0.2.0/24", "")
    ]  # fmt: skip
    assert shown["GroupName"].startswith("net-Web-")
    assert (named["team"], named["aws:cloudformation:stack-name"]) == ("web", "net")
    assert named["aws:cloudformation:logical-id"] == "Web"


def test_a_group_with_egress_of_its_own_does_not_get_ec2_s(ec2: Any, deploy: Deploy) -> None:
    made = deploy(Web=group(GroupName="web", SecurityGroupEgress=[OFFICE]))["Web"]
    assert rules(ec2, made) == [(True, "192.0.2.0/24", "")]


def test_an_update_revokes_and_authorizes_what_differs_and_leaves_the_rest(ec2: Any, deploy: Deploy) -> None:
    made = deploy(Web=group(SecurityGroupIngress=[WORLD, OFFICE]))["Web"]
    kept = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [made]}])["SecurityGroupRules"][2]
    new = {**OFFICE, "CidrIp": "198.51.100.0/24"}
    again = deploy(Web=group(SecurityGroupIngress=[OFFICE, new], Tags=[{"Key": "team", "Value": "db"}]))["Web"]
    (shown,) = ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"]

    assert again == made
    assert rules(ec2, made) == [(True, "0.0.0.0/0", ""), (False, "192.0.2.0/24", ""), (False, "198.51.100.0/24", "")]
    assert ec2.describe_security_group_rules(SecurityGroupRuleIds=[kept["SecurityGroupRuleId"]])
    assert {"Key": "team", "Value": "db"} in shown["Tags"]


def test_an_update_does_not_mind_a_rule_that_was_mended_meanwhile(ec2: Any, deploy: Deploy) -> None:
    made = deploy(Web=group(SecurityGroupIngress=[WORLD]))["Web"]
    (_, opened) = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [made]}])[
        "SecurityGroupRules"
    ]
    narrow = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "10.0.0.0/8"}
    update = {"SecurityGroupRuleId": opened["SecurityGroupRuleId"], "SecurityGroupRule": narrow}
    ec2.modify_security_group_rules(GroupId=made, SecurityGroupRules=[update])
    deploy(Web=group(SecurityGroupIngress=[OFFICE]))

    assert rules(ec2, made)[1:] == [(False, "10.0.0.0/8", ""), (False, "192.0.2.0/24", "")]


def test_another_description_makes_another_group(ec2: Any, deploy: Deploy) -> None:
    made = deploy(Web=group())["Web"]
    again = deploy(Web=group(GroupDescription="another"))["Web"]

    assert again != made
    with pytest.raises(ClientError, match=r"\(InvalidGroup.NotFound\)"):
        ec2.describe_security_groups(GroupIds=[made])


def test_rules_are_resources_too_and_groups_may_refer_to_each_other(ec2: Any, deploy: Deploy) -> None:
    web, db = {"Fn::GetAtt": ["Web", "GroupId"]}, {"Ref": "Db"}
    door = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    known = {
        "Web": group(),
        "Db": group(),
        "In": rule("Ingress", GroupId=db, SourceSecurityGroupId=web, **door),
        "Out": rule("Egress", GroupId=web, DestinationSecurityGroupId=db, Description="to the database", **door),
    }
    made = deploy(**known)
    assert made["In"].startswith("sgr-")
    assert rules(ec2, made["Db"])[1:] == [(False, made["Web"], "")]
    assert rules(ec2, made["Web"])[1:] == [(True, made["Db"], "to the database")]

    known["In"] = rule("Ingress", GroupId=db, SourceSecurityGroupId=web, Description="of the web", **door)
    assert deploy(**known)["In"] == made["In"]
    assert rules(ec2, made["Db"])[1:] == [(False, made["Web"], "of the web")]
    deploy(**{name: each for name, each in known.items() if name != "Out"})
    assert rules(ec2, made["Web"])[1:] == []


def test_the_stack_s_end_is_that_of_all_it_made(aws: EmbeddedAws, ec2: Any, deploy: Deploy) -> None:
    listed = {**OFFICE, "SourcePrefixListId": {"Ref": "Offices"}}
    del listed["CidrIp"]
    deploy(Web=group(SecurityGroupIngress=[listed]), Offices=offices("192.0.2.0/24"), In=rule(
        "Ingress", GroupId={"Ref": "Web"}, **WORLD))  # fmt: skip
    client(aws, "cloudformation").delete_stack(StackName="net")

    assert [row["GroupName"] for row in ec2.describe_security_groups()["SecurityGroups"]] == ["default"]
    assert {row["OwnerId"] for row in ec2.describe_managed_prefix_lists()["PrefixLists"]} == {"AWS"}


def test_a_prefix_list_changes_its_entries_size_and_name(ec2: Any, deploy: Deploy) -> None:
    def shown() -> tuple[list[str], int, str]:
        (row,) = ec2.describe_managed_prefix_lists(PrefixListIds=[made])["PrefixLists"]
        entries = ec2.get_managed_prefix_list_entries(PrefixListId=made)["Entries"]
        return [entry["Cidr"] for entry in entries], row["MaxEntries"], row["PrefixListName"]

    made = deploy(Offices=offices("192.0.2.0/24"))["Offices"]
    assert shown() == (["192.0.2.0/24"], 2, "offices")
    more = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    assert deploy(Offices=offices(*more, size=3))["Offices"] == made
    assert shown() == ([*more], 3, "offices")
    deploy(Offices=offices("203.0.113.0/24", size=1, PrefixListName="homes"))
    assert shown() == (["203.0.113.0/24"], 1, "homes")


def test_what_ec2_refuses_fails_the_stack_with_its_words_and_leaves_nothing_open(ec2: Any, deploy: Deploy) -> None:
    for refused, words in (
        (group(SecurityGroupIngress=[WORLD, {**WORLD, "CidrIp": "0.0.0.0/40"}]), "CIDR block 0.0.0.0/40 is malformed"),
        (group(SecurityGroupIngress=[{**WORLD, "FromPort": 70000}]), "out of range"),
        (group(GroupName="sg-web"), "Group names may not be in the format sg-"),
        (rule("Ingress", GroupId="sg-0123456789abcdef0", **WORLD), "does not exist"),
    ):
        with pytest.raises(ClientError, match=words):
            deploy(First=group(SecurityGroupIngress=[WORLD]), Web=refused)
    assert [row["GroupName"] for row in ec2.describe_security_groups()["SecurityGroups"]] == ["default"]


def test_each_change_of_a_stack_leaves_the_event_of_who_changed_it(aws: EmbeddedAws, deploy: Deploy) -> None:
    deploy(Web=group(SecurityGroupIngress=[WORLD]))
    aws.settle(SETTLE_S)
    told = [event["detail"] for event in aws.events if event["source"] == "aws.ec2"]
    opened = next(each for each in told if each["eventName"] == "AuthorizeSecurityGroupIngress")

    assert [each["eventName"] for each in told] == ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress"]
    assert opened["userIdentity"]["userName"] == "walkthrough"
    assert opened["userIdentity"]["invokedBy"] == "cloudformation.amazonaws.com"
    assert opened["sourceIPAddress"] == opened["userAgent"] == "cloudformation.amazonaws.com"
    (item,) = opened["requestParameters"]["ipPermissions"]["items"]
    assert item["ipRanges"]["items"] == [{"cidrIp": "0.0.0.0/0", "description": "for a while"}]


def test_instances_and_interfaces_of_a_template_carry_its_groups(ec2: Any, deploy: Deploy) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made = deploy(
        Web=group(),
        Server={"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-1", "SecurityGroupIds": [{"Ref": "Web"}]}},
        Nic={"Type": "AWS::EC2::NetworkInterface", "Properties": {"SubnetId": subnet, "GroupSet": [{"Ref": "Web"}]}},
    )
    (server,) = ec2.describe_instances(InstanceIds=[made["Server"]])["Reservations"][0]["Instances"]
    carried = [{"Name": "group-id", "Values": [made["Web"]]}]

    assert [each["GroupId"] for each in server["SecurityGroups"]] == [made["Web"]]
    assert len(ec2.describe_network_interfaces(Filters=carried)["NetworkInterfaces"]) == 2


def test_a_vpc_of_a_template_has_its_groups_and_its_associations(ec2: Any, deploy: Deploy) -> None:
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}}
    made = deploy(
        Here=vpc,
        There=vpc,
        Web=group(VpcId={"Ref": "Here"}),
        Wide={
            "Type": "AWS::EC2::SecurityGroupVpcAssociation",
            "Properties": {"GroupId": {"Ref": "Web"}, "VpcId": {"Ref": "There"}},
        },
    )
    (row,) = ec2.describe_security_group_vpc_associations()["SecurityGroupVpcAssociations"]
    assert (row["GroupId"], row["VpcId"]) == (made["Web"], made["There"])
