"""Managed prefix lists: what is refused, in which words, and what the quota makes of their size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from contracts.prefix_lists import Listed, create

if TYPE_CHECKING:
    from contracts.backends import Group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
TWO_HUNDRED = [f"10.0.{number}.0/24" for number in range(200)]
NOBODY = "pl-0123456789abcdef0"


@pytest.fixture
def offices(ec2: Any) -> Listed:
    return create(ec2, "10.0.0.0/8", "192.168.0.0/16")


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"PrefixListName": ""}, "MissingParameter", "PrefixListName"),
        ({"PrefixListName": "com.amazonaws.us-east-1.mine"}, "InvalidParameterValue", "PrefixListName"),
        ({"PrefixListName": "n" * 256}, "InvalidParameterValue", "PrefixListName"),
        ({"AddressFamily": "IPv5"}, "InvalidParameterValue", "AddressFamily"),
        ({"MaxEntries": 1001}, "InvalidParameterValue", "Must specify a max size between 1 and 1000"),
        ({"MaxEntries": 0}, "InvalidParameterValue", "Must specify a max size between 1 and 1000"),
        ({"MaxEntries": 1}, "PrefixListMaxEntriesExceeded", "maximum of 1 entries"),
        ({"Entries": [{"Cidr": "fd00::/8"}]}, "InvalidParameterValue", "CIDR block fd00::/8 is malformed"),
        ({"Entries": [{"Cidr": "10.0.0.0/8", "Description": "who?"}]}, "InvalidParameterValue", "description"),
        ({"Entries": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "10.1.2.3/8"}]}, "InvalidParameterValue", "multiple times"),
        ({"TagSpecifications": [{"ResourceType": "vpc"}]}, "InvalidParameterValue", "taggable"),
    ],
)
def test_a_list_like_this_is_not_created(ec2: Any, changed: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\).*{words}"):
        create(ec2, "10.0.0.0/8", "192.168.0.0/16", **changed)


def test_a_hundred_entries_are_created_at_once_and_no_more(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*cannot exceeds limit \(100\)"):
        create(ec2, *TWO_HUNDRED[:101], size=200)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"add": ["172.16.0.0/12"], "CurrentVersion": 2}, "PrefixListVersionMismatch", "incorrect version number"),
        ({"add": ["172.16.0.0/12"], "CurrentVersion": 0}, "InvalidParameterValue", "must be greater than"),
        ({"add": ["172.16.0.0/12"], "MaxEntries": 20}, "InvalidParameterCombination", "in the same request"),
        ({"add": ["10.0.0.0/8"]}, "InvalidPrefixListModification", "already exists"),
        ({"AddEntries": [{"Cidr": "10.0.0.0/8", "Description": "new"}]}, "InvalidRequest", "was invalid"),
        ({"add": ["fd00::/8"]}, "InvalidParameterValue", "malformed"),
        ({"remove": ["172.16.0.0/12"]}, "InvalidPrefixListModification", "does not exist"),
        ({"add": ["10.0.0.0/8"], "remove": ["10.0.0.0/8"]}, "InvalidParameterValue", "in both"),
        ({"add": TWO_HUNDRED[:9]}, "PrefixListMaxEntriesExceeded", "maximum of 10 entries"),
        ({"add": TWO_HUNDRED[:101]}, "InvalidParameterValue", "more than 100 entry additions"),
        ({"MaxEntries": 1}, "PrefixListMaxEntriesExceeded", "maximum of 1 entries"),
        ({"MaxEntries": 1001}, "InvalidParameterValue", "between 1 and 1000"),
        ({"PrefixListName": "com.amazonaws.mine"}, "InvalidParameterValue", "PrefixListName"),
    ],
)
def test_a_change_like_this_is_refused(offices: Listed, change: dict[str, Any], code: str, words: str) -> None:
    before = offices.shown()
    with pytest.raises(ClientError, match=rf"\({code}\).*{words}"):
        offices.modify(**change)
    assert offices.shown() == before
    assert offices.cidrs() == ["10.0.0.0/8", "192.168.0.0/16"]


@pytest.mark.parametrize(
    ("versions", "code"),
    [
        ({"PreviousVersion": 2, "CurrentVersion": 1}, "InvalidPrefixListVersion.NotFound"),
        ({"PreviousVersion": 1, "CurrentVersion": 2}, "PrefixListVersionMismatch"),
    ],
)
def test_versions_like_these_are_not_restored(ec2: Any, offices: Listed, versions: dict[str, int], code: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        ec2.restore_managed_prefix_list_version(PrefixListId=offices.id, **versions)


def test_a_version_that_no_longer_fits_is_not_restored(ec2: Any, offices: Listed) -> None:
    offices.modify(remove=["10.0.0.0/8"])
    offices.modify(MaxEntries=1)
    with pytest.raises(ClientError, match=r"\(PrefixListMaxEntriesExceeded\)"):
        ec2.restore_managed_prefix_list_version(PrefixListId=offices.id, PreviousVersion=1, CurrentVersion=2)


def test_the_entries_of_a_version_that_never_was_are_an_error(offices: Listed) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidPrefixListVersion.NotFound\)"):
        offices.cidrs(TargetVersion=2)


@pytest.mark.parametrize(("prefix_list", "code"), [(NOBODY, "ID.NotFound"), ("list", "Id.Malformed")])
@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("modify_managed_prefix_list", {}),
        ("delete_managed_prefix_list", {}),
        ("restore_managed_prefix_list_version", {"PreviousVersion": 1, "CurrentVersion": 1}),
        ("get_managed_prefix_list_entries", {}),
        ("get_managed_prefix_list_associations", {}),
    ],
)
def test_a_list_that_does_not_exist_is_an_error(
    ec2: Any, operation: str, more: dict[str, int], prefix_list: str, code: str
) -> None:
    with pytest.raises(ClientError, match=rf"\(InvalidPrefixList{code}\)"):
        getattr(ec2, operation)(PrefixListId=prefix_list, **more)
    with pytest.raises(ClientError, match=rf"\(InvalidPrefixList{code}\)"):
        ec2.describe_managed_prefix_lists(PrefixListIds=[prefix_list])


@pytest.mark.parametrize("operation", ["modify_managed_prefix_list", "delete_managed_prefix_list"])
def test_the_lists_of_aws_are_its_own(ec2: Any, operation: str) -> None:
    owned = ec2.describe_managed_prefix_lists(Filters=[{"Name": "owner-id", "Values": ["AWS"]}])["PrefixLists"]
    with pytest.raises(ClientError, match=r"\(OperationNotPermitted\)"):
        getattr(ec2, operation)(PrefixListId=owned[0]["PrefixListId"])


def test_a_list_cannot_grow_beyond_what_a_group_may_hold(ec2: Any, offices: Listed, group: Group) -> None:
    group.authorize({**SSH, "IpRanges": [{"CidrIp": cidr} for cidr in TWO_HUNDRED[:50]]})
    group.authorize({**SSH, "PrefixListIds": [{"PrefixListId": offices.id}]})
    row = offices.modify(MaxEntries=11)
    assert (row["State"], row["MaxEntries"]) == ("modify-failed", 10)
    assert group.id in row["StateMessage"]
    assert offices.modify(MaxEntries=9)["State"] == "modify-complete"
    assert group.open("172.16.0.0/12")


@pytest.mark.parametrize(("name", "fits"), [("com.amazonaws.us-east-1.s3", 59), ("*.cloudfront.origin-facing", 5)])
def test_a_list_of_aws_counts_as_its_weight(ec2: Any, group: Group, name: str, fits: int) -> None:
    (row,) = ec2.describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])["PrefixLists"]
    group.authorize({**SSH, "PrefixListIds": [{"PrefixListId": row["PrefixListId"]}]})
    group.authorize({**SSH, "IpRanges": [{"CidrIp": cidr} for cidr in TWO_HUNDRED[:fits]]})
    with pytest.raises(ClientError, match=r"\(RulesPerSecurityGroupLimitExceeded\)"):
        group.open("192.168.0.0/16")


def test_a_list_of_ipv6_counts_towards_the_rules_of_ipv6(ec2: Any, group: Group) -> None:
    labs = create(ec2, size=60, family="IPv6")
    group.authorize({**SSH, "PrefixListIds": [{"PrefixListId": labs.id}]})
    group.open("10.0.0.0/8")
    with pytest.raises(ClientError, match=r"\(RulesPerSecurityGroupLimitExceeded\)"):
        group.open("fd00::/8")


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("modify_managed_prefix_list", {"AddEntries": [{"Cidr": "172.16.0.0/12"}]}),
        ("restore_managed_prefix_list_version", {"PreviousVersion": 1, "CurrentVersion": 1}),
        ("delete_managed_prefix_list", {}),
        ("get_managed_prefix_list_entries", {}),
        ("get_managed_prefix_list_associations", {}),
    ],
)
def test_a_dry_run_changes_nothing(ec2: Any, offices: Listed, operation: str, more: dict[str, Any]) -> None:
    before = offices.shown()
    with pytest.raises(ClientError, match=r"\(DryRunOperation\)"):
        getattr(ec2, operation)(PrefixListId=offices.id, DryRun=True, **more)
    assert offices.shown() == before


def test_a_dry_run_creates_no_list(ec2: Any) -> None:
    before = ec2.describe_managed_prefix_lists()["PrefixLists"]
    with pytest.raises(ClientError, match=r"\(DryRunOperation\)"):
        create(ec2, DryRun=True)
    assert ec2.describe_managed_prefix_lists()["PrefixLists"] == before


def test_pages_and_filters_are_checked(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*less than 100"):
        ec2.describe_managed_prefix_lists(MaxResults=101)
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*The filter 'colour' is invalid"):
        ec2.describe_managed_prefix_lists(Filters=[{"Name": "colour", "Values": ["red"]}])
    with pytest.raises(ClientError, match=r"\(InvalidNextToken\)"):
        ec2.describe_managed_prefix_lists(NextToken="next")
