"""EKS's endpoints as the embedded AWS changes them, where moto replaces what it should merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import client

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
OFFICE = "198.51.100.0/24"


@pytest.fixture
def eks(aws: EmbeddedAws) -> Any:
    return client(aws, "eks")


def create(eks: Any, **config: Any) -> None:
    role = "arn:aws:iam::123456789012:role/cluster"
    eks.create_cluster(name="prod", roleArn=role, resourcesVpcConfig={"subnetIds": SUBNETS, **config})


def cluster(eks: Any) -> Any:
    return eks.describe_cluster(name="prod")["cluster"]


def update(eks: Any, **config: Any) -> Any:
    return eks.update_cluster_config(name="prod", resourcesVpcConfig=config)["update"]


def test_a_new_cluster_has_a_public_endpoint_for_everybody_unless_it_says_otherwise(eks: Any) -> None:
    create(eks)
    config = cluster(eks)["resourcesVpcConfig"]
    assert (config["endpointPublicAccess"], config["endpointPrivateAccess"]) == (True, False)
    assert (config["publicAccessCidrs"], config["subnetIds"]) == (["0.0.0.0/0"], SUBNETS)


def test_an_update_is_accepted_shown_as_under_way_and_applied_later(eks: Any) -> None:
    create(eks, endpointPrivateAccess=True)
    begun = update(eks, publicAccessCidrs=[OFFICE])
    assert (begun["status"], begun["type"]) == ("InProgress", "EndpointAccessUpdate")
    before = cluster(eks)
    assert (before["status"], before["resourcesVpcConfig"]["publicAccessCidrs"]) == ("UPDATING", ["0.0.0.0/0"])
    after = cluster(eks)
    assert (after["status"], after["resourcesVpcConfig"]["publicAccessCidrs"]) == ("ACTIVE", [OFFICE])
    assert (after["resourcesVpcConfig"]["subnetIds"], after["resourcesVpcConfig"]["endpointPrivateAccess"]) == (
        SUBNETS,
        True,
    )
    assert eks.list_updates(name="prod")["updateIds"] == [begun["id"]]
    assert eks.describe_update(name="prod", updateId=begun["id"])["update"]["status"] == "Successful"


def test_a_second_update_is_refused_while_one_is_under_way(eks: Any) -> None:
    create(eks)
    update(eks, publicAccessCidrs=[OFFICE])
    with pytest.raises(eks.exceptions.ResourceInUseException):
        update(eks, publicAccessCidrs=["203.0.113.7/32"])


def test_an_empty_list_opens_the_endpoint_to_everybody(eks: Any) -> None:
    create(eks, publicAccessCidrs=[OFFICE])
    update(eks, publicAccessCidrs=[])
    cluster(eks)
    assert cluster(eks)["resourcesVpcConfig"]["publicAccessCidrs"] == ["0.0.0.0/0"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"publicAccessCidrs": ["0.0.0.0/0"]}, "already at the desired configuration"),
        ({"publicAccessCidrs": []}, "already at the desired configuration"),
        ({"endpointPublicAccess": False}, "cannot be both false"),
        ({"publicAccessCidrs": ["10.0.0.0/8"]}, "reserved"),
        ({"publicAccessCidrs": ["fd00::/8"]}, "reserved"),
        ({"publicAccessCidrs": ["office"]}, "invalid"),
        ({"publicAccessCidrs": [f"8.8.8.{number}/32" for number in range(41)]}, "40 ranges"),
    ],
)
def test_what_eks_refuses_changes_nothing(eks: Any, change: Any, told: str) -> None:
    create(eks)
    with pytest.raises(eks.exceptions.InvalidParameterException, match=told):
        update(eks, **change)
    assert (cluster(eks)["status"], eks.list_updates(name="prod")["updateIds"]) == ("ACTIVE", [])


def test_a_cluster_is_not_created_with_a_reserved_range(eks: Any) -> None:
    with pytest.raises(eks.exceptions.InvalidParameterException, match="reserved"):
        create(eks, publicAccessCidrs=["192.168.0.0/16"])
    assert eks.list_clusters()["clusters"] == []


def test_what_is_not_there_is_not_found(eks: Any) -> None:
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        update(eks, publicAccessCidrs=[OFFICE])
    create(eks)
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_update(name="prod", updateId="0d4f3c4a")
