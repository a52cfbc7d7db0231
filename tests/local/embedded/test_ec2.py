"""EC2 on the wire: what the contract suite does not see. Accounts and Regions, moto's resources, events, options."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, SETTLE_S, client, deploy, member, unheard

ONCE = Config(retries={"total_max_attempts": 1})


def _group(ec2: Any, name: str = "web") -> str:
    group_id: str = ec2.create_security_group(GroupName=name, Description="testing")["GroupId"]
    return group_id


def _prefix_list(ec2: Any) -> str:
    made = ec2.create_managed_prefix_list(PrefixListName="offices", AddressFamily="IPv4", MaxEntries=10)
    prefix_list_id: str = made["PrefixList"]["PrefixListId"]
    return prefix_list_id


def _names(ec2: Any) -> list[str]:
    """Of the groups and of the customer's prefix lists."""
    groups = [row["GroupName"] for row in ec2.describe_security_groups()["SecurityGroups"]]
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    return groups + [row["PrefixListName"] for row in lists if row["OwnerId"] != "AWS"]


def _elsewhere(aws: EmbeddedAws, where: str) -> Any:
    return client(aws, "ec2", region="eu-central-1") if where == "Region" else client(aws, "ec2", **member(aws)[1])


@pytest.mark.parametrize("where", ["Region", "account"])
def test_another_account_or_region_sees_nothing_of_this_one(aws: EmbeddedAws, where: str) -> None:
    here, there = client(aws, "ec2"), _elsewhere(aws, where)
    group_id, prefix_list = _group(here), _prefix_list(here)
    world = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": prefix_list}]}

    assert _names(here) == ["default", "web", "offices"]
    assert _names(there) == ["default"]
    with pytest.raises(ClientError, match=r"\(InvalidGroup.NotFound\)"):
        there.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[world])
    with pytest.raises(ClientError, match=r"\(InvalidPrefixListID.NotFound\)"):
        there.authorize_security_group_ingress(GroupId=_group(there), IpPermissions=[world])


def test_the_account_of_an_assumed_role_owns_what_it_makes(aws: EmbeddedAws) -> None:
    account, keys = member(aws)
    there = client(aws, "ec2", **keys)
    (shown,) = there.describe_security_groups(GroupIds=[_group(there)])["SecurityGroups"]
    (listed,) = there.describe_managed_prefix_lists(PrefixListIds=[_prefix_list(there)])["PrefixLists"]
    (vpc,) = there.describe_vpcs()["Vpcs"]

    assert (shown["OwnerId"], shown["VpcId"]) == (account, vpc["VpcId"])
    assert f":{account}:prefix-list/" in listed["PrefixListArn"]


def test_a_group_on_a_network_interface_cannot_be_deleted(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    group_id = _group(ec2)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[group_id])["NetworkInterface"]
    with pytest.raises(ClientError, match=r"\(DependencyViolation\)"):
        ec2.delete_security_group(GroupId=group_id)
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])

    assert made["Groups"][0]["GroupId"] == group_id
    assert ec2.delete_security_group(GroupId=group_id)["Return"] is True


def test_a_change_of_a_prefix_list_wakes_the_function(aws: EmbeddedAws) -> None:
    deploy(aws)
    ec2 = client(aws, "ec2")
    prefix_list = _prefix_list(ec2)
    world = [{"Cidr": "0.0.0.0/0"}]
    ec2.modify_managed_prefix_list(PrefixListId=prefix_list, CurrentVersion=1, AddEntries=world)
    ec2.restore_managed_prefix_list_version(PrefixListId=prefix_list, CurrentVersion=2, PreviousVersion=1)
    aws.settle(SETTLE_S)

    _, modified, restored = [delivery.invocations[0].payload["event"]["detail"] for delivery in aws.deliveries]
    assert modified["requestParameters"] == {
        "ModifyManagedPrefixListRequest": {
            "PrefixListId": prefix_list,
            "CurrentVersion": 1,
            "AddEntry": {"Cidr": "0.0.0.0/0", "tag": 1},
        }
    }
    shown = modified["responseElements"]["ModifyManagedPrefixListResponse"]["prefixList"]
    assert (shown["prefixListId"], shown["version"], shown["ownerId"]) == (prefix_list, 2, int(ACCOUNT))
    assert restored["requestParameters"] == {
        "RestoreManagedPrefixListVersionRequest": {
            "PrefixListId": prefix_list,
            "CurrentVersion": 2,
            "PreviousVersion": 1,
        }
    }


def test_tags_of_other_resources_are_kept_by_moto(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    ec2.create_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "team", "Value": "web"}])

    assert ec2.describe_vpcs()["Vpcs"][0]["Tags"] == [{"Key": "team", "Value": "web"}]


def test_reads_can_be_told_to_lag() -> None:
    with EmbeddedAws(log=unheard, ec2={"read_lag": lambda: 1}) as aws:
        ec2 = client(aws, "ec2")
        _group(ec2)
        seen = [len(ec2.describe_security_groups()["SecurityGroups"]) for _ in range(2)]

    assert seen == [1, 2]


def test_calls_can_be_throttled() -> None:
    with EmbeddedAws(log=unheard, ec2={"throttle_clock": lambda: 0.0}) as aws:
        ec2 = client(aws, "ec2", ONCE)
        for number in range(50):
            _group(ec2, f"web-{number}")
        with pytest.raises(ClientError, match=r"\(RequestLimitExceeded\)") as refusal:
            _group(ec2)

    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
