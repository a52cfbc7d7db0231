"""DescribeSecurityGroups and DescribeSecurityGroupRules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.backends import Backend, Group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


def _found(ec2: Any, group: Group, **filters: str) -> bool:
    """Whether the group passes the filters, whose names are written with _ for - and __ for a dot."""
    wanted = [{"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    rows = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    return group.id in {row["GroupId"] for row in rows}


def test_a_group_shows_its_permissions_by_protocol_and_ports(group: Group) -> None:
    group.open("0.0.0.0/0", Description="open")
    group.open("0.0.0.0/0", port=3389)
    group.open("10.0.0.0/8")
    group.open("::/0")
    assert group.shown()["IpPermissions"] == [
        {
            **SSH,
            "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "open"}, {"CidrIp": "10.0.0.0/8"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            "PrefixListIds": [],
            "UserIdGroupPairs": [],
        },
        {
            "IpProtocol": "tcp",
            "FromPort": 3389,
            "ToPort": 3389,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "UserIdGroupPairs": [],
        },
    ]


def test_a_group_shows_its_arn_and_no_tags_where_there_are_none(group: Group) -> None:
    shown = group.shown()
    assert shown["SecurityGroupArn"].endswith(f":{shown['OwnerId']}:security-group/{group.id}")
    assert "Tags" not in shown


def test_groups_are_found_by_id_and_by_name(ec2: Any, group: Group, default_vpc_group: Group) -> None:
    rows = ec2.describe_security_groups(GroupIds=[group.id], GroupNames=[default_vpc_group.name])
    assert {row["GroupId"] for row in rows["SecurityGroups"]} == {group.id, default_vpc_group.id}


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"GroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ({"GroupIds": ["web"]}, "InvalidGroupId.Malformed"),
        ({"GroupNames": ["nobody"]}, "InvalidGroup.NotFound"),
    ],
)
def test_a_group_that_does_not_exist_is_an_error(ec2: Any, named: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        ec2.describe_security_groups(**named)


def test_filters_find_a_group_by_what_it_is(ec2: Any, backend: Backend, group: Group) -> None:
    assert _found(ec2, group, group_id=group.id)
    assert _found(ec2, group, group_name=group.name, vpc_id=backend.vpc)
    assert _found(ec2, group, description="testing", owner_id=group.shown()["OwnerId"])
    assert not _found(ec2, group, group_name=group.name, vpc_id=backend.default_vpc)


def test_filters_find_a_group_by_its_rules(ec2: Any, backend: Backend, group: Group) -> None:
    group.open("198.51.100.0/24", port=8022)
    group.open("2001:db8:aa::/48", port=8023)
    group.authorize({**SSH, "UserIdGroupPairs": [{"GroupId": group.id}]})
    group.authorize({**SSH, "PrefixListIds": [{"PrefixListId": backend.prefix_list}]})
    assert _found(ec2, group, ip_permission__cidr="198.51.100.0/24", ip_permission__from_port="8022")
    assert _found(ec2, group, ip_permission__ipv6_cidr="2001:db8:aa::/48", ip_permission__to_port="8023")
    assert _found(ec2, group, ip_permission__protocol="tcp", ip_permission__group_id=group.id)
    assert _found(ec2, group, ip_permission__prefix_list_id=backend.prefix_list)
    assert _found(ec2, group, egress__ip_permission__cidr="0.0.0.0/0", egress__ip_permission__protocol="-1")
    assert not _found(ec2, group, ip_permission__cidr="0.0.0.0/0")
    assert not _found(ec2, group, egress__ip_permission__from_port="8022")


def test_two_filters_may_be_met_by_different_rules(ec2: Any, group: Group) -> None:
    group.open("198.51.100.0/24", port=8022)
    group.open("203.0.113.0/24", port=8023)
    assert _found(ec2, group, ip_permission__cidr="198.51.100.0/24", ip_permission__from_port="8023")


@pytest.mark.parametrize("pattern", ["198.51.100.*", "198.51.10?.0/24", "*"])
def test_filters_know_wildcards(ec2: Any, group: Group, pattern: str) -> None:
    group.open("198.51.100.0/24")
    assert _found(ec2, group, ip_permission__cidr=pattern, group_id=group.id)


@pytest.mark.parametrize("pattern", [r"198.51.100.\*", "198.51.10?", "198x51.100.0/24", "[1]98*"])
def test_what_is_no_wildcard_is_taken_as_it_is(ec2: Any, group: Group, pattern: str) -> None:
    group.open("198.51.100.0/24")
    assert not _found(ec2, group, ip_permission__cidr=pattern)


def test_filters_find_a_group_by_its_tags(ec2: Any, backend: Backend) -> None:
    group_id = ec2.create_security_group(
        GroupName="by-tag",
        Description="testing",
        VpcId=backend.vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "web"}]}],
    )["GroupId"]
    for name, value, expected in (
        ("tag:team", "web", True),
        ("tag:team", "w*", True),
        ("tag:team", "db", False),
        ("tag:owner", "web", False),
        ("tag-key", "team", True),
    ):
        rows = ec2.describe_security_groups(Filters=[{"Name": name, "Values": [value]}])["SecurityGroups"]
        assert (group_id in {row["GroupId"] for row in rows}) is expected


@pytest.mark.parametrize("operation", ["describe_security_groups", "describe_security_group_rules"])
def test_an_unknown_filter_is_refused(ec2: Any, operation: str) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*The filter 'colour' is invalid"):
        getattr(ec2, operation)(Filters=[{"Name": "colour", "Values": ["red"]}])


@pytest.mark.parametrize("operation", ["describe_security_groups", "describe_security_group_rules"])
def test_a_page_has_at_most_1000_rows(ec2: Any, operation: str) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*for parameter maxResults is invalid"):
        getattr(ec2, operation)(MaxResults=1001)


@pytest.mark.parametrize("operation", ["describe_security_groups", "describe_security_group_rules"])
@pytest.mark.parametrize("token", ["next", "not base64", "b2Zmc2V0Og=="])
def test_a_token_that_nobody_gave_is_refused(ec2: Any, operation: str, token: str) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidNextToken\)"):
        getattr(ec2, operation)(MaxResults=5, NextToken=token)


def test_the_pages_of_groups_hold_each_group_once(
    ec2: Any, backend: Backend, new_group: Callable[[str], Group]
) -> None:
    made = {new_group(backend.vpc).id for _ in range(11)}
    filters = [{"Name": "group-id", "Values": sorted(made)}]
    pages = list(
        ec2.get_paginator("describe_security_groups").paginate(Filters=filters, PaginationConfig={"PageSize": 5})
    )
    assert [len(page["SecurityGroups"]) for page in pages] == [5, 5, 1]
    assert {row["GroupId"] for page in pages for row in page["SecurityGroups"]} == made


def test_the_pages_of_rules_hold_each_rule_once(ec2: Any, group: Group) -> None:
    made = group.authorize({**SSH, "IpRanges": [{"CidrIp": f"10.0.{number}.0/24"} for number in range(10)]})
    rule_ids = [row["SecurityGroupRuleId"] for row in made]
    filters = [{"Name": "security-group-rule-id", "Values": rule_ids}]
    pages = list(
        ec2.get_paginator("describe_security_group_rules").paginate(Filters=filters, PaginationConfig={"PageSize": 5})
    )
    assert [len(page["SecurityGroupRules"]) for page in pages] == [5, 5]
    assert [row for page in pages for row in page["SecurityGroupRules"]] == made


def test_rules_are_found_by_id_and_by_tag(ec2: Any, group: Group) -> None:
    (tagged,) = group.authorize(
        {**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "rule", "Value": group.id}]}],
    )
    rule_id = tagged["SecurityGroupRuleId"]
    by_id = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])
    by_tag = ec2.describe_security_group_rules(Filters=[{"Name": "tag:rule", "Values": [group.id]}])
    assert by_id["SecurityGroupRules"] == by_tag["SecurityGroupRules"] == [tagged]


@pytest.mark.parametrize(
    ("rule_id", "code"),
    [
        ("sgr-0123456789abcdef0", "InvalidSecurityGroupRuleId.NotFound"),
        ("rule", "InvalidSecurityGroupRuleId.Malformed"),
    ],
)
def test_a_rule_that_does_not_exist_is_an_error(ec2: Any, rule_id: str, code: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule_id])


def test_the_rules_of_no_group_are_none(ec2: Any) -> None:
    filters = [{"Name": "group-id", "Values": ["sg-0123456789abcdef0"]}]
    assert ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"] == []


@pytest.mark.parametrize("operation", ["describe_security_groups", "describe_security_group_rules"])
def test_a_dry_run_of_a_read_is_told_as_one(ec2: Any, operation: str) -> None:
    with pytest.raises(ClientError, match=r"\(DryRunOperation\)"):
        getattr(ec2, operation)(DryRun=True)
