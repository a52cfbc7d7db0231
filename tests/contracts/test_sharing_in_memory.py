"""What another account shares, and stops sharing: shown, not to be changed, and then shown no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import SecurityGroups
from cloudmend.local.ec2.model import Entry, Group, Permission, PrefixList, Rule, Source, Traffic, Vpc

VPC = Vpc("vpc-0000000000000000a", "172.31.0.0/16", is_default=True)
OTHER = "444455556666"
OFFICES = PrefixList("pl-0123456789abcdef0", "offices", "IPv4", OTHER, 3, ((Entry("10.0.0.0/8"),),))
SHARED = Group("sg-0123456789abcdef0", "shared", "of another account", VPC, owner=OTHER)
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
FROM_OFFICES = {**SSH, "PrefixListIds": [{"PrefixListId": OFFICES.id}]}


@pytest.fixture
def groups() -> SecurityGroups:
    made = SecurityGroups("111122223333", "us-east-1", lambda: [VPC])
    made.share(OFFICES)
    made.share(SHARED)
    return made


def referring(groups: SecurityGroups) -> str:
    """A group of the account's own, with a rule from the shared list."""
    group_id = str(groups.call("CreateSecurityGroup", {"GroupName": "web", "Description": "testing"})["GroupId"])
    groups.call("AuthorizeSecurityGroupIngress", {"GroupId": group_id, "IpPermissions": [FROM_OFFICES]})
    return group_id


def lists(groups: SecurityGroups) -> list[dict[str, Any]]:
    return [row for row in groups.call("DescribeManagedPrefixLists", {})["PrefixLists"] if row["OwnerId"] != "AWS"]


def rows(groups: SecurityGroups, group_id: str) -> list[dict[str, Any]]:
    filters = [{"Name": "group-id", "Values": [group_id]}]
    return list(groups.call("DescribeSecurityGroupRules", {"Filters": filters})["SecurityGroupRules"])


def test_a_shared_list_is_shown_with_its_owner_and_entries(groups: SecurityGroups) -> None:
    (shown,) = lists(groups)
    assert (shown["OwnerId"], shown["PrefixListArn"].split(":")[4]) == (OTHER, OTHER)
    entries = groups.call("GetManagedPrefixListEntries", {"PrefixListId": OFFICES.id})["Entries"]
    assert entries == [{"Cidr": "10.0.0.0/8"}]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("ModifyManagedPrefixList", {"PrefixListId": OFFICES.id, "PrefixListName": "mine"}),
        ("DeleteManagedPrefixList", {"PrefixListId": OFFICES.id}),
        ("AuthorizeSecurityGroupIngress", {"GroupId": SHARED.id, "IpPermissions": [FROM_OFFICES]}),
        ("DeleteSecurityGroup", {"GroupId": SHARED.id}),
    ],
)
def test_only_its_owner_may_change_what_is_shared(
    groups: SecurityGroups, operation: str, params: dict[str, Any]
) -> None:
    with pytest.raises(Ec2Error, match="UnauthorizedOperation"):
        groups.call(operation, params)


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("GetManagedPrefixListEntries", {"PrefixListId": OFFICES.id}),
        ("DescribeManagedPrefixLists", {"PrefixListIds": [OFFICES.id]}),
        ("GetManagedPrefixListAssociations", {"PrefixListId": OFFICES.id}),
    ],
)
def test_a_list_that_is_shared_no_more_does_not_exist_and_the_rules_from_it_stay(
    groups: SecurityGroups, operation: str, params: dict[str, Any]
) -> None:
    group_id = referring(groups)
    groups.unshare(OFFICES.id)
    with pytest.raises(Ec2Error, match=r"InvalidPrefixListID\.NotFound"):
        groups.call(operation, params)
    assert not lists(groups)
    assert OFFICES.id in [row.get("PrefixListId") for row in rows(groups, group_id)]


def test_a_filter_by_id_passes_over_a_list_that_is_shared_no_more(groups: SecurityGroups) -> None:
    groups.unshare(OFFICES.id)
    filters = [{"Name": "prefix-list-id", "Values": [OFFICES.id]}]
    assert groups.call("DescribeManagedPrefixLists", {"Filters": filters})["PrefixLists"] == []


def test_a_shared_group_and_its_rules_tell_their_owner_until_it_is_shared_no_more(groups: SecurityGroups) -> None:
    def shown() -> list[str]:
        return [row["OwnerId"] for row in groups.call("DescribeSecurityGroups", {})["SecurityGroups"]]

    assert OTHER in shown()
    groups.unshare(SHARED.id)
    assert OTHER not in shown()


def test_the_owner_of_a_list_is_told_the_groups_of_others_that_refer_to_it() -> None:
    groups = SecurityGroups("111122223333", "us-east-1", lambda: [VPC])
    made = {"PrefixListName": "offices", "MaxEntries": 3, "AddressFamily": "IPv4"}
    list_id = groups.call("CreateManagedPrefixList", made)["PrefixList"]["PrefixListId"]
    from_list = Permission(Traffic("tcp", 22, 22), Source("PrefixListId", list_id))
    groups.share(replace(SHARED, rules=(Rule("sgr-0123456789abcdef0", SHARED.id, False, from_list),)))
    groups.unshare(SHARED.id)  # what refers to a list is told, and need not be shown
    rows = groups.call("GetManagedPrefixListAssociations", {"PrefixListId": list_id})["PrefixListAssociations"]
    assert rows == [{"ResourceId": SHARED.id, "ResourceOwner": OTHER}]
