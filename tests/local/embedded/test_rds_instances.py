"""DB instances as RDS changes them, where moto changes them at once and in any state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import client

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

LOGIN = {"MasterUsername": "owner", "MasterUserPassword": "a-password"}
SIZE = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20}


@pytest.fixture
def rds(aws: EmbeddedAws) -> Any:
    return client(aws, "rds")


def create(rds: Any, name: str = "orders", **options: Any) -> Any:
    given = {"Engine": "postgres", **SIZE, **LOGIN, **options}
    return rds.create_db_instance(DBInstanceIdentifier=name, **given)["DBInstance"]


def described(rds: Any, name: str = "orders") -> Any:
    (row,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return row


def settled(rds: Any, name: str = "orders") -> Any:
    while (row := described(rds, name))["DBInstanceStatus"] != "available":
        pass
    return row


def modify(rds: Any, name: str = "orders", **change: Any) -> Any:
    return rds.modify_db_instance(DBInstanceIdentifier=name, **change)["DBInstance"]


@pytest.mark.parametrize(
    ("options", "public"),
    [
        ({}, True),
        ({"DBSubnetGroupName": "default"}, True),
        ({"DBSubnetGroupName": "own"}, False),
        ({"PubliclyAccessible": False}, False),
        ({"DBSubnetGroupName": "own", "PubliclyAccessible": True}, True),
    ],
)
def test_a_creation_without_the_flag_is_decided_by_the_subnet_group_and_shown(
    aws: EmbeddedAws, rds: Any, options: Any, public: bool
) -> None:
    subnets = [each["SubnetId"] for each in client(aws, "ec2").describe_subnets()["Subnets"]]
    for name in ("own", "default"):
        rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="some", SubnetIds=subnets[:2])
    created = create(rds, **options)
    assert (created["PubliclyAccessible"], created["DBInstanceStatus"]) == (public, "creating")
    assert settled(rds)["PubliclyAccessible"] is public


def test_the_members_of_an_aurora_cluster_are_private_by_default_each_by_its_own_flag(rds: Any) -> None:
    made = rds.create_db_cluster(DBClusterIdentifier="shop", Engine="aurora-mysql", **LOGIN)["DBCluster"]
    assert made["PubliclyAccessible"] is False
    member = {"DBClusterIdentifier": "shop", "Engine": "aurora-mysql", "DBInstanceClass": "db.r6g.large"}
    for name, flag in (("one", {}), ("two", {"PubliclyAccessible": True})):
        rds.create_db_instance(DBInstanceIdentifier=name, **member, **flag)
    assert [settled(rds, name)["PubliclyAccessible"] for name in ("one", "two")] == [False, True]
    modify(rds, "two", PubliclyAccessible=False)
    assert [settled(rds, name)["PubliclyAccessible"] for name in ("one", "two")] == [False, False]


@pytest.mark.parametrize(("flag", "public"), [({}, True), ({"PubliclyAccessible": False}, False)])
def test_a_multi_az_db_cluster_has_the_flag_itself(rds: Any, flag: Any, public: bool) -> None:
    kind = {"Engine": "mysql", "DBClusterInstanceClass": "db.m6g.large"}
    rds.create_db_cluster(DBClusterIdentifier="three", **kind, **LOGIN, **flag)
    (row,) = rds.describe_db_clusters(DBClusterIdentifier="three")["DBClusters"]
    assert row["PubliclyAccessible"] is public


def test_a_change_is_accepted_shown_as_under_way_and_applied_later(rds: Any) -> None:
    create(rds)
    settled(rds)
    begun = modify(rds, PubliclyAccessible=False)
    assert (begun["DBInstanceStatus"], begun["PubliclyAccessible"]) == ("modifying", True)
    before = described(rds)
    assert (before["DBInstanceStatus"], before["PubliclyAccessible"]) == ("modifying", True)
    after = described(rds)
    assert (after["DBInstanceStatus"], after["PubliclyAccessible"]) == ("available", False)


def test_another_database_that_is_described_brings_no_change_along(rds: Any) -> None:
    create(rds)
    create(rds, "other")
    for _ in range(3):
        described(rds, "other")
    assert described(rds)["DBInstanceStatus"] == "creating"


def test_other_changes_wait_and_apply_immediately_brings_them_all_along(rds: Any) -> None:
    """Which is why a mend never sends it."""
    create(rds)
    settled(rds)
    waiting = modify(rds, DBInstanceClass="db.r6g.large")
    assert (waiting["DBInstanceClass"], waiting["PendingModifiedValues"]) == (
        "db.t4g.micro",
        {"DBInstanceClass": "db.r6g.large"},
    )
    modify(rds, PubliclyAccessible=False)
    after = settled(rds)
    assert (after["PubliclyAccessible"], after["DBInstanceClass"]) == (False, "db.t4g.micro")
    assert after["PendingModifiedValues"] == {"DBInstanceClass": "db.r6g.large"}
    modify(rds, PubliclyAccessible=True, ApplyImmediately=True)
    flushed = settled(rds)
    assert (flushed["DBInstanceClass"], flushed.get("PendingModifiedValues", {})) == ("db.r6g.large", {})


@pytest.mark.parametrize("state", ["creating", "modifying", "stopped"])
def test_a_database_that_is_not_available_refuses_a_change(rds: Any, state: str) -> None:
    create(rds)
    if state != "creating":
        settled(rds)
    if state == "modifying":
        modify(rds, PubliclyAccessible=False)
    if state == "stopped":
        rds.stop_db_instance(DBInstanceIdentifier="orders")
    with pytest.raises(rds.exceptions.InvalidDBInstanceStateFault, match=state):
        modify(rds, PubliclyAccessible=False)


def test_a_replica_has_the_flag_of_its_own_call_and_changes_alone(rds: Any) -> None:
    create(rds, PubliclyAccessible=False)
    settled(rds)
    made = {"DBInstanceIdentifier": "copy", "SourceDBInstanceIdentifier": "orders"}
    rds.create_db_instance_read_replica(**made, PubliclyAccessible=True)
    assert (settled(rds, "copy")["PubliclyAccessible"], settled(rds)["PubliclyAccessible"]) == (True, False)
    modify(rds, PubliclyAccessible=True)
    modify(rds, "copy", PubliclyAccessible=False)
    assert (settled(rds, "copy")["PubliclyAccessible"], settled(rds)["PubliclyAccessible"]) == (False, True)


def test_a_restored_database_is_public_unless_the_call_says_otherwise(rds: Any) -> None:
    create(rds, PubliclyAccessible=False)
    settled(rds)
    rds.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="one")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="Copy", DBSnapshotIdentifier="one")
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="orders", TargetDBInstanceIdentifier="Later", UseLatestRestorableTime=True
    )
    assert [settled(rds, name)["PubliclyAccessible"] for name in ("copy", "later")] == [True, True]


def test_ids_are_stored_in_lower_case_and_taken_in_any(rds: Any) -> None:
    assert create(rds, "Orders")["DBInstanceIdentifier"] == "orders"
    assert settled(rds, "ORDERS")["DBInstanceIdentifier"] == "orders"
    assert modify(rds, "oRders", PubliclyAccessible=False)["DBInstanceStatus"] == "modifying"


def test_what_is_not_there_is_not_found(rds: Any) -> None:
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        modify(rds, "none", PubliclyAccessible=False)
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        described(rds, "none")
