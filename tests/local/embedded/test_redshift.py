"""Redshift's clusters as Redshift changes them, where moto changes them at once and in any state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import client

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

LOGIN = {"MasterUsername": "owner", "MasterUserPassword": "A-passw0rd"}


@pytest.fixture
def redshift(aws: EmbeddedAws) -> Any:
    return client(aws, "redshift")


@pytest.fixture
def address(aws: EmbeddedAws) -> str:
    return str(client(aws, "ec2").allocate_address()["PublicIp"])


def create(redshift: Any, **options: Any) -> Any:
    given = {"NodeType": "ra3.large", **LOGIN, **options}
    return redshift.create_cluster(ClusterIdentifier="Sales", **given)["Cluster"]


def cluster(redshift: Any) -> Any:
    (row,) = redshift.describe_clusters(ClusterIdentifier="sales")["Clusters"]
    return row


def modify(redshift: Any, **change: Any) -> Any:
    return redshift.modify_cluster(ClusterIdentifier="sales", **change)["Cluster"]


def settled(redshift: Any) -> Any:
    while (row := cluster(redshift))["ClusterStatus"] != "available":
        pass
    return row


def test_a_new_cluster_is_private_unless_it_says_otherwise(redshift: Any) -> None:
    assert create(redshift)["ClusterIdentifier"] == "sales"
    assert (cluster(redshift)["PubliclyAccessible"], "ElasticIpStatus" in cluster(redshift)) == (False, False)


def test_a_change_is_accepted_shown_as_pending_and_applied_later(redshift: Any, address: str) -> None:
    create(redshift, PubliclyAccessible=True, ElasticIp=address)
    assert cluster(redshift)["ElasticIpStatus"] == {"ElasticIp": address, "Status": "active"}
    modify(redshift, PubliclyAccessible=False)
    before = cluster(redshift)
    assert (before["ClusterStatus"], before["PubliclyAccessible"]) == ("modifying", True)
    assert (before["PendingModifiedValues"], before["ElasticIpStatus"]["ElasticIp"]) == (
        {"PubliclyAccessible": False},
        address,
    )
    after = cluster(redshift)
    assert (after["ClusterStatus"], after["PubliclyAccessible"]) == ("available", False)
    assert (after["PendingModifiedValues"], "ElasticIpStatus" in after) == ({}, False)


def test_an_address_comes_back_only_with_the_call_that_names_it(redshift: Any, address: str) -> None:
    create(redshift, PubliclyAccessible=True, ElasticIp=address)
    modify(redshift, PubliclyAccessible=False)
    settled(redshift)
    modify(redshift, PubliclyAccessible=True)
    assert "ElasticIpStatus" not in settled(redshift)
    modify(redshift, PubliclyAccessible=True, ElasticIp=address)
    assert settled(redshift)["ElasticIpStatus"]["ElasticIp"] == address
    modify(redshift, PubliclyAccessible=True)
    assert settled(redshift)["ElasticIpStatus"]["ElasticIp"] == address


@pytest.mark.parametrize("state", ["modifying", "paused"])
def test_a_cluster_that_is_not_available_refuses_a_change(redshift: Any, state: str) -> None:
    create(redshift)
    if state == "paused":
        redshift.pause_cluster(ClusterIdentifier="sales")
    else:
        modify(redshift, PubliclyAccessible=True)
    with pytest.raises(redshift.exceptions.InvalidClusterStateFault, match=state):
        modify(redshift, PubliclyAccessible=False)


def test_an_address_that_is_not_the_account_s_or_of_a_private_cluster_is_refused(redshift: Any, address: str) -> None:
    for given, code in (
        ({"PubliclyAccessible": True, "ElasticIp": "198.51.100.7"}, "InvalidElasticIpFault"),
        ({"PubliclyAccessible": False, "ElasticIp": address}, "InvalidParameterCombination"),
        ({"ElasticIp": address}, "InvalidParameterCombination"),
    ):
        with pytest.raises(redshift.exceptions.ClientError, match=code):
            create(redshift, **given)
        create(redshift)
        with pytest.raises(redshift.exceptions.ClientError, match=code):
            modify(redshift, **given)
        assert cluster(redshift)["PubliclyAccessible"] is False
        redshift.delete_cluster(ClusterIdentifier="sales", SkipFinalClusterSnapshot=True)


def test_other_changes_are_moto_s(redshift: Any) -> None:
    create(redshift)
    modify(redshift, NodeType="ra3.xlplus")
    assert (cluster(redshift)["NodeType"], cluster(redshift)["ClusterStatus"]) == ("ra3.xlplus", "available")


def test_what_is_not_there_is_not_found(redshift: Any) -> None:
    with pytest.raises(redshift.exceptions.ClusterNotFoundFault):
        modify(redshift, PubliclyAccessible=False)
    with pytest.raises(redshift.exceptions.ClusterNotFoundFault):
        cluster(redshift)


def test_an_id_that_is_there_is_not_created_again(redshift: Any) -> None:
    create(redshift)
    with pytest.raises(redshift.exceptions.ClusterAlreadyExistsFault):
        create(redshift, PubliclyAccessible=True)
    assert cluster(redshift)["PubliclyAccessible"] is False
