"""Settings of an account in a Region, and of an instance, which moto lacks or resets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import ACCOUNT, client

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

ALL = {"Add": [{"Group": "all"}]}


def test_what_blocks_the_sharing_of_snapshots_is_kept_and_refuses_it(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = {"SnapshotId": ec2.create_snapshot(VolumeId=volume)["SnapshotId"], "Attribute": "createVolumePermission"}
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"
    assert ec2.enable_snapshot_block_public_access(State="block-all-sharing")["State"] == "block-all-sharing"
    answer = ec2.get_snapshot_block_public_access_state()
    assert (answer["State"], answer["ManagedBy"]) == ("block-all-sharing", "account")
    with pytest.raises(ec2.exceptions.ClientError, match="OperationNotPermitted"):
        ec2.modify_snapshot_attribute(**snapshot, CreateVolumePermission=ALL)
    ec2.modify_snapshot_attribute(**snapshot, CreateVolumePermission={"Add": [{"UserId": ACCOUNT}]})
    assert ec2.disable_snapshot_block_public_access()["State"] == "unblocked"
    ec2.modify_snapshot_attribute(**snapshot, CreateVolumePermission=ALL)


def test_what_blocks_the_sharing_of_amis_is_kept_and_refuses_it(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    image = {"ImageId": ec2.register_image(Name="an-image")["ImageId"], "Attribute": "launchPermission"}
    ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "block-new-sharing"
    with pytest.raises(ec2.exceptions.ClientError, match="OperationNotPermitted"):
        ec2.modify_image_attribute(**image, LaunchPermission=ALL)
    ec2.disable_image_block_public_access()
    ec2.modify_image_attribute(**image, LaunchPermission=ALL)


def test_the_settings_of_another_region_are_others(aws: EmbeddedAws) -> None:
    client(aws, "ec2").enable_serial_console_access()
    there = client(aws, "ec2", region="eu-west-1")
    assert there.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is False


def test_the_serial_console_is_switched_on_and_off(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    assert ec2.enable_serial_console_access()["SerialConsoleAccessEnabled"] is True
    assert ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is True
    assert ec2.disable_serial_console_access()["SerialConsoleAccessEnabled"] is False
    assert ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is False


def test_the_defaults_of_metadata_are_set_one_by_one(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=2)
    ec2.modify_instance_metadata_defaults(HttpEndpoint="enabled")
    level = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert level == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 2,
        "HttpEndpoint": "enabled",
        "ManagedBy": "account",
    }
    ec2.modify_instance_metadata_defaults(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {"HttpEndpoint": "enabled", "ManagedBy": "account"}


def test_the_key_of_encryption_by_default_is_kept(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    ec2.modify_ebs_default_kms_key_id(KmsKeyId="arn:aws:kms:us-east-1:123456789012:key/one")
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/one"


def test_vpc_block_public_access_says_when_it_was_changed(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    first = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert (first["InternetGatewayBlockMode"], first["State"]) == ("off", "default-state")
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    second = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert (second["InternetGatewayBlockMode"], second["State"]) == ("block-ingress", "update-complete")
    assert "LastUpdateTimestamp" in second


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("enable_snapshot_block_public_access", {"State": "unblocked"}, "InvalidParameterValue"),
        ("enable_image_block_public_access", {"ImageBlockPublicAccessState": "other"}, "InvalidParameterValue"),
        ("modify_instance_metadata_defaults", {"HttpTokens": "sometimes"}, "InvalidParameterValue"),
        ("modify_instance_metadata_defaults", {"HttpPutResponseHopLimit": 65}, "InvalidParameterValue"),
        ("modify_vpc_block_public_access_options", {"InternetGatewayBlockMode": "half"}, "InvalidParameterValue"),
    ],
)
def test_a_value_that_ec2_does_not_know_is_refused(aws: EmbeddedAws, operation: str, params: Any, code: str) -> None:
    ec2 = client(aws, "ec2")
    with pytest.raises(ec2.exceptions.ClientError, match=code):
        getattr(ec2, operation)(**params)


def an_instance(ec2: Any, **options: Any) -> str:
    image = ec2.register_image(Name="an-image")["ImageId"]
    (made,) = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, MetadataOptions=options)["Instances"]
    return str(made["InstanceId"])


def metadata(ec2: Any, instance: str) -> dict[str, Any]:
    (found,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
    options: dict[str, Any] = found["MetadataOptions"]
    return options


def test_a_change_of_metadata_options_leaves_those_that_it_does_not_name(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = an_instance(ec2, HttpPutResponseHopLimit=3, InstanceMetadataTags="enabled")
    answer = ec2.modify_instance_metadata_options(InstanceId=made, HttpTokens="required")
    assert answer["InstanceMetadataOptions"]["HttpTokens"] == "required"
    left = metadata(ec2, made)
    assert (left["HttpTokens"], left["HttpPutResponseHopLimit"]) == ("required", 3)
    assert (left["InstanceMetadataTags"], left["HttpEndpoint"]) == ("enabled", "enabled")


def test_instances_are_listed_by_their_metadata_options(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    old, new = an_instance(ec2, HttpTokens="optional"), an_instance(ec2, HttpTokens="required")
    for tokens, expected in (("optional", old), ("required", new)):
        filters = [{"Name": "metadata-options.http-tokens", "Values": [tokens]}]
        rows = ec2.describe_instances(Filters=filters)["Reservations"]
        assert [row["InstanceId"] for each in rows for row in each["Instances"]] == [expected]


def test_metadata_options_that_cannot_be_are_refused(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made, without = an_instance(ec2), an_instance(ec2, HttpEndpoint="disabled")
    for params, code in (
        ({"InstanceId": without, "HttpTokens": "required"}, "InvalidParameterCombination"),
        ({"InstanceId": made, "HttpTokens": "sometimes"}, "InvalidParameterValue"),
        ({"InstanceId": made, "HttpEndpoint": "sometimes"}, "InvalidParameterValue"),
        ({"InstanceId": "i-0123456789abcdef0", "HttpTokens": "required"}, "InvalidInstanceID.NotFound"),
        ({"InstanceId": "i-x", "HttpTokens": "required"}, "InvalidInstanceID.Malformed"),
    ):
        with pytest.raises(ec2.exceptions.ClientError, match=code):
            ec2.modify_instance_metadata_options(**params)
    ec2.terminate_instances(InstanceIds=[made])
    with pytest.raises(ec2.exceptions.ClientError, match="IncorrectInstanceState"):
        ec2.modify_instance_metadata_options(InstanceId=made, HttpTokens="required")


def test_emr_blocks_public_access_until_it_is_told_otherwise(aws: EmbeddedAws) -> None:
    emr = client(aws, "emr")
    first = emr.get_block_public_access_configuration()["BlockPublicAccessConfiguration"]
    port = {"MinRange": 22, "MaxRange": 22}
    assert first == {"BlockPublicSecurityGroupRules": True, "PermittedPublicSecurityGroupRuleRanges": [port]}
    off = {"BlockPublicSecurityGroupRules": False, "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 80}]}
    emr.put_block_public_access_configuration(BlockPublicAccessConfiguration=off)
    answer = emr.get_block_public_access_configuration()
    assert answer["BlockPublicAccessConfiguration"] == off
    assert answer["BlockPublicAccessConfigurationMetadata"]["CreatedByArn"].startswith("arn:aws:")
    assert emr.list_clusters()["Clusters"] == []


@pytest.mark.parametrize(
    "block",
    [
        {"BlockPublicSecurityGroupRules": True, "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 70000}]},
        {
            "BlockPublicSecurityGroupRules": True,
            "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 9, "MaxRange": 8}],
        },
    ],
)
def test_ports_that_there_are_not_are_refused_by_emr(aws: EmbeddedAws, block: Any) -> None:
    emr = client(aws, "emr")
    with pytest.raises(emr.exceptions.ClientError, match="InvalidRequestException"):
        emr.put_block_public_access_configuration(BlockPublicAccessConfiguration=block)
