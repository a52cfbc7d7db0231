"""Managed prefix lists: what becomes of their entries and versions, and what is told of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from contracts.prefix_lists import Listed, create

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.backends import Backend, Group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
HUNDRED = [f"10.0.{number}.0/24" for number in range(100)]


@pytest.fixture
def offices(ec2: Any) -> Listed:
    return create(ec2, "10.0.0.0/8", "192.168.0.0/16")


def _found(ec2: Any, name: str, value: str) -> list[str]:
    """The ids of the lists that pass a filter."""
    lists = ec2.describe_managed_prefix_lists(Filters=[{"Name": name, "Values": [value]}])["PrefixLists"]
    return [row["PrefixListId"] for row in lists]


def test_a_new_list_shows_what_it_was_created_with(ec2: Any) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    offices = create(ec2, size=7, TagSpecifications=[{"ResourceType": "prefix-list", "Tags": tags}])
    row = offices.shown()
    owner = row.pop("OwnerId")
    assert row == {
        "PrefixListId": offices.id,
        "AddressFamily": "IPv4",
        "State": "create-complete",
        "PrefixListArn": f"arn:aws:ec2:us-east-1:{owner}:prefix-list/{offices.id}",
        "PrefixListName": "offices",
        "MaxEntries": 7,
        "Version": 1,
        "Tags": tags,
    }


def test_entries_are_kept_in_their_canonical_form_with_their_descriptions(ec2: Any) -> None:
    entries = [{"Cidr": "2001:DB8:0::1/32", "Description": "lab"}, {"Cidr": "fd00::/8"}]
    offices = create(ec2, family="IPv6", Entries=entries)
    answer = ec2.get_managed_prefix_list_entries(PrefixListId=offices.id)
    assert answer["Entries"] == [{"Cidr": "2001:db8::/32", "Description": "lab"}, {"Cidr": "fd00::/8"}]


def test_a_change_of_entries_makes_a_version_and_keeps_the_old_one(offices: Listed) -> None:
    row = offices.modify(add=["172.16.0.0/12"], remove=["10.0.0.0/8"], CurrentVersion=1)
    assert (row["State"], row["Version"]) == ("modify-complete", 2)
    assert offices.cidrs() == ["192.168.0.0/16", "172.16.0.0/12"]
    assert offices.cidrs(TargetVersion=1) == ["10.0.0.0/8", "192.168.0.0/16"]


def test_a_change_of_name_or_size_makes_no_version(offices: Listed) -> None:
    offices.modify(PrefixListName="branches")
    offices.modify(MaxEntries=2)
    row = offices.shown()
    assert (row["PrefixListName"], row["MaxEntries"], row["Version"]) == ("branches", 2, 1)


def test_a_version_is_restored_as_a_new_one(ec2: Any, offices: Listed) -> None:
    offices.modify(remove=["10.0.0.0/8"], CurrentVersion=1)
    answer = ec2.restore_managed_prefix_list_version(PrefixListId=offices.id, PreviousVersion=1, CurrentVersion=2)
    assert (answer["PrefixList"]["State"], answer["PrefixList"]["Version"]) == ("restore-complete", 3)
    assert offices.cidrs() == ["10.0.0.0/8", "192.168.0.0/16"]


def test_a_deleted_list_is_gone(ec2: Any, offices: Listed) -> None:
    row = ec2.delete_managed_prefix_list(PrefixListId=offices.id)["PrefixList"]
    assert row["State"] == "delete-complete"
    assert offices.id not in _found(ec2, "prefix-list-id", "*")


def test_a_list_that_a_group_refers_to_stays_and_says_why(ec2: Any, offices: Listed, group: Group) -> None:
    group.authorize({**SSH, "PrefixListIds": [{"PrefixListId": offices.id}]})
    row = ec2.delete_managed_prefix_list(PrefixListId=offices.id)["PrefixList"]
    assert row["State"] == "delete-failed"
    assert group.id in row["StateMessage"]
    assert offices.shown() == row
    assert "StateMessage" not in offices.modify(PrefixListName="again")


def test_the_groups_that_refer_to_a_list_are_told_page_by_page(
    ec2: Any, backend: Backend, offices: Listed, new_group: Callable[[str], Group]
) -> None:
    users = [new_group(backend.vpc) for _ in range(6)]
    for user in users:
        user.authorize({**SSH, "PrefixListIds": [{"PrefixListId": offices.id}]})
    paginator = ec2.get_paginator("get_managed_prefix_list_associations")
    pages = list(paginator.paginate(PrefixListId=offices.id, PaginationConfig={"PageSize": 5}))
    rows = [row for page in pages for row in page["PrefixListAssociations"]]
    owner = offices.shown()["OwnerId"]
    assert rows == [{"ResourceId": user.id, "ResourceOwner": owner} for user in users]
    assert len(pages) == 2


def test_a_rule_of_egress_refers_to_a_list_too(ec2: Any, offices: Listed, group: Group) -> None:
    permission = {**SSH, "PrefixListIds": [{"PrefixListId": offices.id}]}
    ec2.authorize_security_group_egress(GroupId=group.id, IpPermissions=[permission])
    rows = ec2.get_managed_prefix_list_associations(PrefixListId=offices.id)["PrefixListAssociations"]
    assert [row["ResourceId"] for row in rows] == [group.id]


def test_entries_come_a_hundred_a_page(ec2: Any) -> None:
    offices = create(ec2, *HUNDRED, size=101)
    offices.modify(add=["192.168.0.0/16"])
    first = ec2.get_managed_prefix_list_entries(PrefixListId=offices.id)
    assert len(first["Entries"]) == 100
    assert offices.cidrs() == [*HUNDRED, "192.168.0.0/16"]


def test_lists_are_found_by_owner_id_name_and_tag_with_wildcards(ec2: Any, offices: Listed) -> None:
    offices.modify(PrefixListName=f"branches-{offices.id}")
    ec2.create_tags(Resources=[offices.id], Tags=[{"Key": "list", "Value": offices.id}])
    assert _found(ec2, "prefix-list-name", f"bran*-{offices.id}") == [offices.id]
    assert _found(ec2, "prefix-list-id", f"{offices.id[:-1]}?") == [offices.id]
    assert _found(ec2, "tag:list", offices.id) == [offices.id]
    assert offices.id in _found(ec2, "owner-id", offices.shown()["OwnerId"])
    assert offices.id not in _found(ec2, "owner-id", "AWS")


def test_the_lists_of_aws_are_there_without_size_or_version(ec2: Any) -> None:
    (row,) = ec2.describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": ["com.amazonaws.us-east-1.s3"]}]
    )["PrefixLists"]
    assert row["OwnerId"] == "AWS"
    assert row["PrefixListArn"] == f"arn:aws:ec2:us-east-1:aws:prefix-list/{row['PrefixListId']}"
    assert not row.keys() & {"MaxEntries", "Version"}
    assert Listed(ec2, row["PrefixListId"]).cidrs()


def test_the_lists_come_page_by_page(ec2: Any) -> None:
    pages = list(ec2.get_paginator("describe_managed_prefix_lists").paginate(PaginationConfig={"PageSize": 1}))
    ids = [row["PrefixListId"] for page in pages for row in page["PrefixLists"]]
    assert len(ids) == len(pages) == len(set(ids))


def test_a_client_token_that_comes_again_makes_no_second_list(ec2: Any) -> None:
    request = {"PrefixListName": "homes", "AddressFamily": "IPv4", "MaxEntries": 1, "ClientToken": uuid.uuid4().hex}
    first, again = (ec2.create_managed_prefix_list(**request)["PrefixList"]["PrefixListId"] for _ in range(2))
    assert first == again
    with pytest.raises(ClientError, match=r"\(IdempotentParameterMismatch\)"):
        ec2.create_managed_prefix_list(**{**request, "MaxEntries": 2})
