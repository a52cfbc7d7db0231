"""What the embedded AWS knows of the resources of a call: made by calls of clients, read for the next call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloudmend.local.ec2.model import PrefixList
from cloudmend.local.iam.resources_state import EmbeddedState
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, member

REGION = "us-east-1"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as started:
        yield started


@pytest.fixture(scope="module")
def state(aws: EmbeddedAws) -> EmbeddedState:
    return EmbeddedState(aws.groups)


@pytest.fixture(scope="module")
def group(aws: EmbeddedAws) -> str:
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "web"}]}]
    made = client(aws, "ec2").create_security_group(GroupName="web", Description="of a test", TagSpecifications=tags)
    return str(made["GroupId"])


def test_a_group_has_its_tags_and_its_vpc(aws: EmbeddedAws, state: EmbeddedState, group: str) -> None:
    (row,) = client(aws, "ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    tagged = {"aws:ResourceTag/team": "web", "ec2:ResourceTag/team": "web"}
    assert state.keys_of(f"{EC2}:security-group/{group}") == {**tagged, "ec2:Vpc": f"{EC2}:vpc/{row['VpcId']}"}


def test_a_rule_has_its_tags(aws: EmbeddedAws, state: EmbeddedState, group: str) -> None:
    tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "why", "Value": "test"}]}]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2 = client(aws, "ec2")
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule], TagSpecifications=tags)
    (row,) = made["SecurityGroupRules"]
    assert state.keys_of(row["SecurityGroupRuleArn"]) == {"aws:ResourceTag/why": "test", "ec2:ResourceTag/why": "test"}


def test_a_group_of_the_default_vpc_is_found_by_its_name(state: EmbeddedState, group: str) -> None:
    assert state.named(f"{EC2}:security-group/web") == f"{EC2}:security-group/{group}"


def test_a_list_of_aws_or_of_another_account_is_named_with_its_owner(aws: EmbeddedAws, state: EmbeddedState) -> None:
    lists = client(aws, "ec2").describe_managed_prefix_lists()["PrefixLists"]
    owned = next(each for each in lists if each["OwnerId"] == "AWS")
    assert state.named(f"{EC2}:prefix-list/{owned['PrefixListId']}") == owned["PrefixListArn"]
    assert owned["PrefixListArn"].startswith(f"arn:aws:ec2:{REGION}:aws:prefix-list/")

    aws.groups(ACCOUNT, REGION).share(PrefixList("pl-1", "theirs", "IPv4", "444455556666", 1, ((),)))
    assert state.named(f"{EC2}:prefix-list/pl-1") == f"arn:aws:ec2:{REGION}:444455556666:prefix-list/pl-1"
    assert state.named(f"{EC2}:prefix-list/pl-absent") == f"{EC2}:prefix-list/pl-absent"


def test_a_role_is_named_with_its_path(aws: EmbeddedAws, state: EmbeddedState) -> None:
    made = client(aws, "iam").create_role(RoleName="deep", Path="/a/b/", AssumeRolePolicyDocument="{}")
    assert state.named(f"arn:aws:iam::{ACCOUNT}:role/deep") == made["Role"]["Arn"]


def test_a_table_and_its_index_have_their_partition_keys(aws: EmbeddedAws, state: EmbeddedState) -> None:
    def keys(name: str) -> list[dict[str, Any]]:
        return [{"AttributeName": name, "KeyType": "HASH"}]

    index = {"IndexName": "by-kind", "KeySchema": keys("kind"), "Projection": {"ProjectionType": "ALL"}}
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "kind")]
    made = client(aws, "dynamodb").create_table(
        TableName="ledger",
        KeySchema=keys("pk"),
        AttributeDefinitions=attributes,
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )
    arn = made["TableDescription"]["TableArn"]
    assert (state.partition_key_of(arn), state.partition_key_of(f"{arn}/index/by-kind")) == ("pk", "kind")
    assert state.partition_key_of(f"{arn}s") == ""


def test_a_bucket_is_of_the_account_that_made_it_with_all_its_objects(aws: EmbeddedAws, state: EmbeddedState) -> None:
    account, keys = member(aws)
    client(aws, "s3", **keys).create_bucket(Bucket="theirs")
    client(aws, "s3").create_bucket(Bucket="ours")
    assert state.owner_of("arn:aws:s3:::theirs") == state.owner_of("arn:aws:s3:::theirs/a/b") == account
    assert (state.owner_of("arn:aws:s3:::ours"), state.owner_of("arn:aws:s3:::absent")) == (ACCOUNT, "")


def test_a_key_is_found_by_its_alias(aws: EmbeddedAws, state: EmbeddedState) -> None:
    kms = client(aws, "kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/ledger", TargetKeyId=key["KeyId"])
    prefix = key["Arn"].rpartition("/")[0]
    assert state.named(f"{prefix}/alias/ledger") == state.named(key["Arn"]) == key["Arn"]
    assert state.named(f"{prefix}/alias/absent") == f"{prefix}/alias/absent"


def test_a_topic_whose_alias_leads_to_no_key_has_none(aws: EmbeddedAws, state: EmbeddedState) -> None:
    topic = client(aws, "sns").create_topic(Name="dangling", Attributes={"KmsMasterKeyId": "alias/absent"})
    assert state.key_of(topic["TopicArn"]) == ""


@pytest.mark.parametrize("given", ["KeyId", "Arn"])
def test_an_encrypted_topic_and_queue_have_their_key(aws: EmbeddedAws, state: EmbeddedState, given: str) -> None:
    key = client(aws, "kms").create_key()["KeyMetadata"]
    encrypted = {"KmsMasterKeyId": key[given]}
    topic = client(aws, "sns").create_topic(Name=f"notices-{given}", Attributes=encrypted)["TopicArn"]
    client(aws, "sqs").create_queue(QueueName=f"jobs-{given}", Attributes=encrypted)
    assert state.key_of(topic) == key["Arn"]
    assert state.key_of(f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs-{given}") == key["Arn"]


def test_a_key_of_aws_s_own_is_nobody_s_to_grant(aws: EmbeddedAws, state: EmbeddedState) -> None:
    topic = client(aws, "sns").create_topic(Name="plain", Attributes={"KmsMasterKeyId": "alias/aws/sns"})
    assert state.key_of(topic["TopicArn"]) == ""


def test_an_image_says_whether_it_is_public_and_whose_it_is(aws: EmbeddedAws, state: EmbeddedState) -> None:
    ec2 = client(aws, "ec2")
    image = ec2.register_image(Name="golden", RootDeviceName="/dev/xvda")["ImageId"]
    arn = f"arn:aws:ec2:{REGION}::image/{image}"
    assert state.keys_of(arn) == {"ec2:Public": "false", "ec2:Owner": ACCOUNT}
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
    assert state.keys_of(arn) == {"ec2:Public": "true", "ec2:Owner": ACCOUNT}
    assert state.keys_of(f"{arn}s") == {}
