"""EBS snapshots as EC2 shares and lists them, where moto ignores what it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import ACCOUNT, SETTLE_S, client, member

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

EVERYBODY = [{"Group": "all"}]
OTHER = "111122223333"


def snapshot(ec2: Any, **options: Any) -> str:
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, **options)["VolumeId"]
    return str(ec2.create_snapshot(VolumeId=volume)["SnapshotId"])


def share(ec2: Any, snapshot_id: str, **change: Any) -> None:
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot_id, Attribute="createVolumePermission", CreateVolumePermission=change
    )


def permissions(ec2: Any, snapshot_id: str) -> list[dict[str, str]]:
    answer = ec2.describe_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission")
    return list(answer["CreateVolumePermissions"])


def test_sharing_is_added_and_removed_one_direction_a_call(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = snapshot(ec2)
    share(ec2, made, Add=[*EVERYBODY, {"UserId": OTHER}])
    assert permissions(ec2, made) == [*EVERYBODY, {"UserId": OTHER}]
    share(ec2, made, Remove=EVERYBODY)
    assert permissions(ec2, made) == [{"UserId": OTHER}]
    with pytest.raises(ec2.exceptions.ClientError, match="InvalidParameterCombination"):
        share(ec2, made, Add=EVERYBODY, Remove=[{"UserId": OTHER}])


def test_the_flat_form_does_the_same(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = snapshot(ec2)
    ec2.modify_snapshot_attribute(
        SnapshotId=made, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    assert permissions(ec2, made) == EVERYBODY


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Add": [{"Group": "some"}]}, "InvalidParameterValue"),
        ({"Add": [{"UserId": "abc"}]}, "InvalidParameterValue"),
        ({}, "MissingParameter"),
    ],
)
def test_what_ec2_does_not_take_is_refused(aws: EmbeddedAws, change: dict[str, Any], code: str) -> None:
    ec2 = client(aws, "ec2")
    with pytest.raises(ec2.exceptions.ClientError, match=code):
        share(ec2, snapshot(ec2), **change)


def test_an_encrypted_snapshot_cannot_be_public(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    with pytest.raises(ec2.exceptions.ClientError, match="OperationNotPermitted"):
        share(ec2, snapshot(ec2, Encrypted=True), Add=EVERYBODY)


@pytest.mark.parametrize(
    ("name", "code"),
    [("snap-0123456789abcdef0", "InvalidSnapshot.NotFound"), ("vol-1", "InvalidSnapshotID.Malformed")],
)
def test_a_snapshot_that_is_not_there_is_named_so(aws: EmbeddedAws, name: str, code: str) -> None:
    ec2 = client(aws, "ec2")
    with pytest.raises(ec2.exceptions.ClientError, match=code):
        share(ec2, name, Add=EVERYBODY)


def test_the_list_of_public_snapshots_holds_those_of_the_owner_alone_in_pages(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = [snapshot(ec2) for _ in range(7)]
    for each in made[:6]:
        share(ec2, each, Add=EVERYBODY)
    asked = {"OwnerIds": ["self"], "RestorableByUserIds": ["all"]}
    first = ec2.describe_snapshots(**asked, MaxResults=5)
    assert len(first["Snapshots"]) == 5
    rest = ec2.describe_snapshots(**asked, MaxResults=5, NextToken=first["NextToken"])
    found = [row["SnapshotId"] for row in (*first["Snapshots"], *rest["Snapshots"])]
    assert (sorted(found), "NextToken" in rest) == (sorted(made[:6]), False)
    assert {row["OwnerId"] for row in first["Snapshots"]} == {ACCOUNT}


def test_sharing_leaves_the_classic_record(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    made = snapshot(ec2)
    share(ec2, made, Add=EVERYBODY)
    aws.settle(SETTLE_S)
    detail = aws.events[-1]["detail"]
    assert detail["eventName"] == "ModifySnapshotAttribute"
    assert detail["requestParameters"]["snapshotId"] == made
    assert detail["requestParameters"]["createVolumePermission"] == {"add": {"items": EVERYBODY_AS_TOLD}}
    assert detail["responseElements"]["_return"] is True


EVERYBODY_AS_TOLD = [{"group": "all"}]


def test_another_account_copies_what_is_shared_with_it_and_the_owner_hears_of_that(aws: EmbeddedAws) -> None:
    """The owner's event is no call, names nobody, and is on the bus and in the history of the owner alone."""
    account, keys = member(aws)
    owner, stranger = client(aws, "ec2"), client(aws, "ec2", **keys)
    made = snapshot(owner)
    share(owner, made, Add=[{"UserId": account}])
    copy = stranger.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=made)["SnapshotId"]
    assert stranger.describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]["OwnerId"] == account
    volume = stranger.create_volume(AvailabilityZone="us-east-1b", SnapshotId=made)
    assert (volume["Size"], volume["SnapshotId"], volume["AvailabilityZone"]) == (1, made, "us-east-1b")
    aws.settle(SETTLE_S)
    told = [event for event in aws.events if event["detail-type"] == "AWS Service Event via CloudTrail"]
    assert [event["detail"]["eventName"] for event in told] == [
        "SharedSnapshotCopyInitiated",
        "SharedSnapshotVolumeCreated",
    ]
    detail = told[0]["detail"]
    assert (detail["eventType"], detail["requestParameters"]) == ("AwsServiceEvent", None)
    assert detail["serviceEventDetails"] == {"snapshotId": made}
    assert detail["userIdentity"] == {"invokedBy": "ec2.amazonaws.com"}
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "SharedSnapshotCopyInitiated"}]
    heard = client(aws, "cloudtrail").lookup_events(LookupAttributes=wanted)["Events"]
    assert [json.loads(event["CloudTrailEvent"])["eventID"] for event in heard] == [detail["eventID"]]
    assert client(aws, "cloudtrail", **keys).lookup_events(LookupAttributes=wanted)["Events"] == []


def test_what_is_shared_with_nobody_is_not_there_for_another_account(aws: EmbeddedAws) -> None:
    made = snapshot(client(aws, "ec2"))
    stranger = client(aws, "ec2", **member(aws)[1])
    with pytest.raises(stranger.exceptions.ClientError, match=r"InvalidSnapshot\.NotFound"):
        stranger.create_volume(AvailabilityZone="us-east-1a", SnapshotId=made)
    aws.settle(SETTLE_S)
    assert not [event for event in aws.events if event["detail-type"] == "AWS Service Event via CloudTrail"]
