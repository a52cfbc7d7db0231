"""DB snapshots as RDS shares them, where moto takes what RDS refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import client

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

PARTNER = "111122223333"


def snapshot(rds: Any, **options: Any) -> str:
    login = {"MasterUsername": "owner", "MasterUserPassword": "a-password", **options}
    size = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "Engine": "postgres"}
    rds.create_db_instance(DBInstanceIdentifier="a-database", **size, **login)
    made = rds.create_db_snapshot(DBInstanceIdentifier="a-database", DBSnapshotIdentifier="a-snapshot")
    return str(made["DBSnapshot"]["DBSnapshotIdentifier"])


def share(rds: Any, name: str, **change: list[str]) -> None:
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier=name, AttributeName="restore", **change)


def shared_with(rds: Any, name: str) -> list[str]:
    answer = rds.describe_db_snapshot_attributes(DBSnapshotIdentifier=name)
    (restore,) = answer["DBSnapshotAttributesResult"]["DBSnapshotAttributes"]
    return list(restore["AttributeValues"])


def test_sharing_is_added_and_removed(aws: EmbeddedAws) -> None:
    rds = client(aws, "rds")
    made = snapshot(rds)
    share(rds, made, ValuesToAdd=["all", PARTNER])
    assert shared_with(rds, made) == ["all", PARTNER]
    share(rds, made, ValuesToRemove=["all"])
    assert shared_with(rds, made) == [PARTNER]


@pytest.mark.parametrize("direction", ["ValuesToAdd", "ValuesToRemove"])
def test_what_is_no_account_is_refused(aws: EmbeddedAws, direction: str) -> None:
    rds = client(aws, "rds")
    made = snapshot(rds)
    with pytest.raises(rds.exceptions.ClientError, match="InvalidParameterValue"):
        share(rds, made, **{direction: [PARTNER, "everybody"]})
    assert shared_with(rds, made) == []


def test_an_encrypted_snapshot_cannot_be_public_but_shared(aws: EmbeddedAws) -> None:
    rds = client(aws, "rds")
    made = snapshot(rds, StorageEncrypted=True)
    with pytest.raises(rds.exceptions.ClientError, match="InvalidParameterValue"):
        share(rds, made.upper(), ValuesToAdd=["all"])
    share(rds, made, ValuesToAdd=[PARTNER])
    assert shared_with(rds, made) == [PARTNER]


def test_a_snapshot_that_is_not_there_is_named_so(aws: EmbeddedAws) -> None:
    rds = client(aws, "rds")
    with pytest.raises(rds.exceptions.DBSnapshotNotFoundFault):
        share(rds, "none", ValuesToAdd=["all"])
