"""The tags of groups among all others, by EC2 and by the tagging API; and the Regions that an account has."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, unheard

TEAM = {"Key": "team", "Value": "web"}


@pytest.fixture
def ec2(aws: EmbeddedAws) -> Any:
    return client(aws, "ec2")


@pytest.fixture
def group(ec2: Any) -> str:
    specified = [{"ResourceType": "security-group", "Tags": [TEAM]}]
    made = ec2.create_security_group(GroupName="web", Description="testing", TagSpecifications=specified)
    group_id: str = made["GroupId"]
    return group_id


def test_one_call_tags_a_group_and_a_resource_of_moto_s(ec2: Any, group: str) -> None:
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ec2.create_tags(Resources=[vpc, group], Tags=[{"Key": "stage", "Value": "test"}])
    rows = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["stage"]}])["Tags"]
    assert {(row["ResourceType"], row["ResourceId"]) for row in rows} == {("vpc", vpc), ("security-group", group)}

    with pytest.raises(ClientError, match=r"\(InvalidGroup.NotFound\)"):
        ec2.delete_tags(Resources=[vpc, "sg-0123456789abcdef0"], Tags=[{"Key": "stage"}])
    assert len(ec2.describe_tags(Filters=[{"Name": "key", "Values": ["stage"]}])["Tags"]) == 2
    ec2.delete_tags(Resources=[vpc, group], Tags=[{"Key": "stage"}])
    assert ec2.describe_tags(Filters=[{"Name": "key", "Values": ["stage"]}])["Tags"] == []


def test_the_tagging_api_lists_and_changes_the_tags_of_groups_rules_and_lists(
    aws: EmbeddedAws, ec2: Any, group: str
) -> None:
    tagging = client(aws, "resourcegroupstaggingapi")
    made = ec2.create_managed_prefix_list(PrefixListName="offices", AddressFamily="IPv4", MaxEntries=1)["PrefixList"]
    (rule,) = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    prefix = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
    arns = [f"{prefix}:security-group/{group}", rule["SecurityGroupRuleArn"], made["PrefixListArn"]]
    assert tagging.tag_resources(ResourceARNList=arns, Tags={"stage": "test"})["FailedResourcesMap"] == {}

    tagged = tagging.get_resources(TagFilters=[{"Key": "stage", "Values": ["test"]}])["ResourceTagMappingList"]
    assert sorted(row["ResourceARN"] for row in tagged) == sorted(arns)
    (alone,) = tagging.get_resources(ResourceTypeFilters=["ec2:security-group"])["ResourceTagMappingList"]
    assert alone["Tags"] == [TEAM, {"Key": "stage", "Value": "test"}]
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["Tags"] == alone["Tags"]
    tagging.untag_resources(ResourceARNList=arns, TagKeys=["stage"])
    assert tagging.get_resources(TagFilters=[{"Key": "stage"}])["ResourceTagMappingList"] == []
    gone = f"{prefix}:security-group/sg-0123456789abcdef0"
    assert list(tagging.tag_resources(ResourceARNList=[gone], Tags={"a": "b"})["FailedResourcesMap"]) == [gone]


@pytest.mark.parametrize(
    ("region", "shown", "hidden"),
    [
        ("us-east-1", "eu-north-1", "cn-north-1"),
        ("cn-north-1", "cn-northwest-1", "us-east-1"),
        ("us-gov-west-1", "us-gov-east-1", "us-east-1"),
    ],
)
def test_the_regions_are_those_of_the_partition_that_the_account_has(region: str, shown: str, hidden: str) -> None:
    with EmbeddedAws(log=unheard, region=region) as aws:
        ec2 = client(aws, "ec2")
        listed, every = (ec2.describe_regions(AllRegions=all_)["Regions"] for all_ in (False, True))
        (one,) = ec2.describe_regions(RegionNames=[shown])["Regions"]

    assert {row["OptInStatus"] for row in listed} == {"opt-in-not-required"}
    assert shown in {row["RegionName"] for row in listed}
    assert hidden not in {row["RegionName"] for row in every}
    assert one["Endpoint"] == f"ec2.{shown}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
    assert (len(listed), len(every) > 17) == ((17, True) if region == "us-east-1" else (2, False))


def test_a_region_that_waits_to_be_opted_into_is_shown_when_it_is_asked_for(ec2: Any) -> None:
    (named,) = ec2.describe_regions(RegionNames=["ap-east-1"])["Regions"]
    assert named["OptInStatus"] == "not-opted-in"
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*us-esat-1"):
        ec2.describe_regions(RegionNames=["us-esat-1"])
