"""CreateSecurityGroup and DeleteSecurityGroup."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.backends import Backend, Group


def test_a_new_group_lets_everything_out_in_each_family_of_its_vpc_and_nothing_in(
    group: Group, default_vpc_group: Group
) -> None:
    """The default VPC has no block of IPv6."""
    anywhere = {"IpProtocol": "-1", "PrefixListIds": [], "UserIdGroupPairs": []}
    ipv4, ipv6 = [{"CidrIp": "0.0.0.0/0"}], [{"CidrIpv6": "::/0"}]
    assert group.shown()["IpPermissions"] == default_vpc_group.shown()["IpPermissions"] == []
    assert group.shown()["IpPermissionsEgress"] == [{**anywhere, "IpRanges": ipv4, "Ipv6Ranges": ipv6}]
    assert default_vpc_group.shown()["IpPermissionsEgress"] == [{**anywhere, "IpRanges": ipv4, "Ipv6Ranges": []}]


def test_the_default_group_of_a_vpc_lets_everything_out_in_each_of_its_families(ec2: Any, backend: Backend) -> None:
    named = [{"Name": "vpc-id", "Values": [backend.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (shown,) = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    assert shown["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert shown["IpPermissionsEgress"][0]["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]


def test_names_differ_in_more_than_their_case(ec2: Any, backend: Backend, group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidGroup.Duplicate\)"):
        ec2.create_security_group(GroupName=group.name.upper(), Description="testing", VpcId=backend.vpc)


def test_a_new_group_shows_what_it_was_created_with(backend: Backend, group: Group) -> None:
    shown = group.shown()
    assert shown["GroupName"] == group.name
    assert shown["Description"] == "testing"
    assert shown["VpcId"] == backend.vpc


def test_create_answers_with_id_arn_and_tags(ec2: Any, backend: Backend) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    answer = ec2.create_security_group(
        GroupName="tagged",
        Description="testing",
        VpcId=backend.vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )
    assert answer["SecurityGroupArn"].endswith(f":security-group/{answer['GroupId']}")
    assert answer["Tags"] == tags
    assert ec2.describe_security_groups(GroupIds=[answer["GroupId"]])["SecurityGroups"][0]["Tags"] == tags


def test_without_a_vpc_a_group_is_created_in_the_default_vpc(ec2: Any, backend: Backend) -> None:
    name = f"anywhere-{uuid.uuid4().hex}"
    group_id = ec2.create_security_group(GroupName=name, Description="testing")["GroupId"]
    shown = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    assert shown["VpcId"] == backend.default_vpc


def test_a_name_is_taken_once_in_each_vpc(ec2: Any, backend: Backend, group: Group) -> None:
    ec2.create_security_group(GroupName=group.name, Description="testing", VpcId=backend.default_vpc)
    with pytest.raises(ClientError, match=rf"\(InvalidGroup.Duplicate\).*already exists for VPC '{backend.vpc}'"):
        ec2.create_security_group(GroupName=group.name, Description="testing", VpcId=backend.vpc)


@pytest.mark.parametrize(
    ("name", "description", "words"),
    [
        ("sg-web", "testing", r"Group names may not be in the format sg-\*"),
        ("default", "testing", "Cannot use reserved security group name: default"),
        ("wéb", "testing", "Character sets beyond ASCII are not supported"),
        ("web", "tésting", "Character sets beyond ASCII are not supported"),
        ("web", "who?", "Invalid security group description"),
        ("w" * 256, "testing", "Invalid security group name"),
        ("web", "d" * 256, "Invalid security group description"),
    ],
)
def test_a_group_with_such_a_name_or_description_is_refused(
    ec2: Any, backend: Backend, name: str, description: str, words: str
) -> None:
    with pytest.raises(ClientError, match=rf"\(InvalidParameterValue\).*{words}"):
        ec2.create_security_group(GroupName=name, Description=description, VpcId=backend.vpc)


def test_an_empty_name_counts_as_missing(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"\(MissingParameter\).*GroupName"):
        ec2.create_security_group(GroupName="", Description="testing")


def test_a_vpc_that_does_not_exist_is_refused(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidVpcID.NotFound\)"):
        ec2.create_security_group(GroupName="web", Description="testing", VpcId="vpc-0123456789abcdef0")


def test_tags_for_another_type_of_resource_are_refused(ec2: Any) -> None:
    specification = {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "web"}]}
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*'instance' is not a valid taggable"):
        ec2.create_security_group(GroupName="web", Description="testing", TagSpecifications=[specification])


@pytest.mark.parametrize("keys", [("aws:team",), ("team", "team")])
def test_reserved_and_repeated_tag_keys_are_refused(ec2: Any, keys: tuple[str, ...]) -> None:
    tags = [{"Key": key, "Value": "web"} for key in keys]
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\)"):
        ec2.create_security_group(
            GroupName="web",
            Description="testing",
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
        )


def test_a_dry_run_of_create_creates_nothing(ec2: Any, backend: Backend) -> None:
    with pytest.raises(ClientError, match=r"\(DryRunOperation\).*Request would have succeeded"):
        ec2.create_security_group(GroupName="dry", Description="testing", VpcId=backend.vpc, DryRun=True)
    filters = [{"Name": "vpc-id", "Values": [backend.vpc]}, {"Name": "group-name", "Values": ["dry"]}]
    assert ec2.describe_security_groups(Filters=filters)["SecurityGroups"] == []


def test_each_vpc_has_a_default_group_that_admits_its_own_members(ec2: Any, backend: Backend) -> None:
    filters = [{"Name": "vpc-id", "Values": [backend.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    assert default["Description"] == "default VPC security group"
    (permission,) = default["IpPermissions"]
    assert permission["IpProtocol"] == "-1"
    assert permission["UserIdGroupPairs"] == [{"GroupId": default["GroupId"], "UserId": default["OwnerId"]}]


def test_a_deleted_group_is_gone(ec2: Any, group: Group) -> None:
    assert ec2.delete_security_group(GroupId=group.id)["GroupId"] == group.id
    with pytest.raises(ClientError, match=r"\(InvalidGroup.NotFound\)"):
        ec2.describe_security_groups(GroupIds=[group.id])


def test_a_group_of_the_default_vpc_is_deleted_by_name(ec2: Any, default_vpc_group: Group) -> None:
    ec2.delete_security_group(GroupName=default_vpc_group.name)
    with pytest.raises(ClientError, match=r"\(InvalidGroup.NotFound\).*does not exist in default VPC"):
        ec2.delete_security_group(GroupName=default_vpc_group.name)


def test_a_default_group_cannot_be_deleted(ec2: Any, backend: Backend) -> None:
    filters = [{"Name": "vpc-id", "Values": [backend.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    with pytest.raises(ClientError, match=r"\(CannotDelete\).*cannot be deleted by a user"):
        ec2.delete_security_group(GroupId=default["GroupId"])


def test_a_group_that_another_one_references_cannot_be_deleted(
    ec2: Any, backend: Backend, group: Group, new_group: Callable[[str], Group]
) -> None:
    other = new_group(backend.vpc)
    other.authorize({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group.id}]})
    with pytest.raises(ClientError, match=rf"\(DependencyViolation\).*resource {group.id} has a dependent object"):
        ec2.delete_security_group(GroupId=group.id)


def test_a_group_that_only_references_itself_can_be_deleted(ec2: Any, group: Group) -> None:
    group.authorize({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group.id}]})
    assert ec2.delete_security_group(GroupId=group.id)["Return"] is True


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"GroupId": "sg-0123456789abcdef0"}, "InvalidGroup.NotFound"),
        ({"GroupId": "web"}, "InvalidGroupId.Malformed"),
        ({"GroupId": "i-0123456789abcdef0"}, "InvalidGroupId.Malformed"),
        ({"GroupId": "sg-0123456789abcdef0", "GroupName": "web"}, "InvalidParameterCombination"),
        ({}, "MissingParameter"),
    ],
)
def test_a_target_like_this_is_refused(ec2: Any, target: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        ec2.delete_security_group(**target)


def test_a_dry_run_of_delete_deletes_nothing(ec2: Any, group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(DryRunOperation\)"):
        ec2.delete_security_group(GroupId=group.id, DryRun=True)
    assert group.shown()["GroupId"] == group.id
