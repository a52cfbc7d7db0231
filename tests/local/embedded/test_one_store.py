"""The one store: whatever answers about groups or their users on the wire knows the same groups and lists."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from contracts.documented import OURS
from local.embedded.helpers import ACCOUNT, client


@pytest.fixture
def ec2(aws: EmbeddedAws) -> Any:
    return client(aws, "ec2")


@pytest.fixture
def group(ec2: Any) -> str:
    made = ec2.create_security_group(GroupName="web", Description="testing")
    group_id: str = made["GroupId"]
    return group_id


def run(ec2: Any, **more: Any) -> dict[str, Any]:
    """A new instance."""
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, **more)
    instance: dict[str, Any] = made["Instances"][0]
    return instance


def names(groups: list[dict[str, str]]) -> list[str]:
    return sorted(group["GroupName"] for group in groups)


def interfaces(ec2: Any, group: str) -> list[dict[str, Any]]:
    named = [{"Name": "group-id", "Values": [group]}]
    found: list[dict[str, Any]] = ec2.describe_network_interfaces(Filters=named)["NetworkInterfaces"]
    return found


def other_vpc(ec2: Any) -> tuple[str, str]:
    """A VPC that is not the default one, and its subnet."""
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]


@pytest.mark.parametrize("how", ["ids", "names"])
def test_an_instance_carries_the_groups_that_it_is_launched_with(ec2: Any, group: str, how: str) -> None:
    named = {"ids": {"SecurityGroupIds": [group]}, "names": {"SecurityGroups": ["web"]}}[how]
    instance = run(ec2, **named)
    (shown,) = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"]
    (interface,) = interfaces(ec2, group)

    expected = [{"GroupId": group, "GroupName": "web"}]
    assert instance["SecurityGroups"] == shown["SecurityGroups"] == interface["Groups"] == expected
    assert shown["NetworkInterfaces"][0]["Groups"] == expected


@pytest.mark.parametrize("kind", ["instance", "network-interface"])
def test_an_instance_is_found_by_the_groups_that_it_carries(ec2: Any, group: str, kind: str) -> None:
    run(ec2)
    launched = run(ec2, SecurityGroupIds=[group])["InstanceId"]
    for name, value in (("group-id", group), ("group-name", "web")):
        named = [{"Name": f"{kind}.{name}", "Values": [value]}]
        (reservation,) = ec2.describe_instances(Filters=named)["Reservations"]
        assert [instance["InstanceId"] for instance in reservation["Instances"]] == [launched]


def test_an_instance_without_a_group_carries_the_default_one(ec2: Any) -> None:
    (default,) = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    assert run(ec2)["SecurityGroups"] == [{"GroupId": default["GroupId"], "GroupName": "default"}]


def test_the_groups_of_an_instance_and_of_its_first_interface_change_together(ec2: Any, group: str) -> None:
    instance = run(ec2)["InstanceId"]
    ec2.modify_instance_attribute(InstanceId=instance, Groups=[group])
    (interface,) = interfaces(ec2, group)
    other = ec2.create_security_group(GroupName="other", Description="testing")["GroupId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=[other])

    (shown,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
    assert names(shown["SecurityGroups"]) == ["other"]


def test_a_group_in_use_by_an_instance_stays_until_the_instance_ends(ec2: Any, group: str) -> None:
    instance = run(ec2, SecurityGroupIds=[group])["InstanceId"]
    with pytest.raises(ClientError, match=r"\(DependencyViolation\)"):
        ec2.delete_security_group(GroupId=group)
    ec2.terminate_instances(InstanceIds=[instance])
    assert ec2.delete_security_group(GroupId=group)["Return"] is True


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ({"SecurityGroupIds": ["sg-web"]}, "InvalidGroupId.Malformed"),
        ({"SecurityGroups": ["nobody"]}, "InvalidGroup.NotFound"),
        ({"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-0123456789abcdef0"]}]}, "InvalidGroup.NotFound"),
    ],
)
def test_an_instance_with_a_group_that_there_is_not_is_refused(ec2: Any, named: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        run(ec2, **named)
    assert ec2.describe_instances()["Reservations"] == []


def test_a_group_of_another_vpc_is_refused_wherever_it_is_to_be_used(ec2: Any, group: str) -> None:
    vpc, subnet = other_vpc(ec2)
    there = ec2.create_security_group(GroupName="there", Description="testing", VpcId=vpc)["GroupId"]
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[there])["NetworkInterface"]["NetworkInterfaceId"]
    for refused in (
        lambda: run(ec2, SecurityGroupIds=[there]),
        lambda: run(ec2, SecurityGroupIds=[group], SubnetId=subnet),
        lambda: ec2.create_network_interface(SubnetId=subnet, Groups=[group]),
        lambda: ec2.modify_network_interface_attribute(NetworkInterfaceId=made, Groups=[group]),
    ):
        with pytest.raises(ClientError, match=r"\(InvalidParameter\).*different networks"):
            refused()
    ec2.create_security_group(GroupName="wide", Description="testing")
    assert [names(each["Groups"]) for each in interfaces(ec2, there)] == [["there"]]


def test_an_associated_group_is_used_in_both_of_its_vpcs(ec2: Any) -> None:
    (vpc, _), (other, subnet) = other_vpc(ec2), other_vpc(ec2)
    group = ec2.create_security_group(GroupName="wide", Description="testing", VpcId=vpc)["GroupId"]
    ec2.associate_security_group_vpc(GroupId=group, VpcId=other)
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]["NetworkInterfaceId"]
    with pytest.raises(ClientError, match=r"\(DependencyViolation\)"):
        ec2.disassociate_security_group_vpc(GroupId=group, VpcId=other)
    ec2.delete_network_interface(NetworkInterfaceId=made)

    assert ec2.disassociate_security_group_vpc(GroupId=group, VpcId=other)["State"] == "disassociating"


def test_a_peered_vpc_s_group_can_be_referred_to_until_the_peering_ends(ec2: Any) -> None:
    (vpc, _), (other, _) = other_vpc(ec2), other_vpc(ec2)
    here, there = (
        ec2.create_security_group(GroupName="web", Description="testing", VpcId=each)["GroupId"]
        for each in (vpc, other)
    )
    asked = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    peering = asked["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    door = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": there}]}
    ec2.authorize_security_group_ingress(GroupId=here, IpPermissions=[door])
    (row,) = ec2.describe_security_group_references(GroupId=[there])["SecurityGroupReferenceSet"]
    assert (row["ReferencingVpcId"], row["VpcPeeringConnectionId"]) == (vpc, peering)

    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    (stale,) = ec2.describe_stale_security_groups(VpcId=vpc)["StaleSecurityGroupSet"]
    assert stale["GroupId"] == here


def test_a_launch_names_groups_for_the_instance_or_for_its_interfaces(ec2: Any, group: str) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group]}
    with pytest.raises(ClientError, match=r"\(InvalidParameterCombination\)"):
        run(ec2, SecurityGroupIds=[group], NetworkInterfaces=[interface])
    assert names(run(ec2, NetworkInterfaces=[interface])["SecurityGroups"]) == ["web"]


def test_a_route_to_a_prefix_list_keeps_the_list_and_is_among_its_users(ec2: Any) -> None:
    vpc, _ = other_vpc(ec2)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    made = ec2.create_managed_prefix_list(PrefixListName="offices", AddressFamily="IPv4", MaxEntries=1)["PrefixList"]
    route = {"RouteTableId": table["RouteTableId"], "GatewayId": gateway}
    with pytest.raises(ClientError, match=r"\(InvalidPrefixListID.NotFound\)"):
        ec2.create_route(**route, DestinationPrefixListId="pl-0123456789abcdef0")
    ec2.create_route(**route, DestinationPrefixListId=made["PrefixListId"])
    (shown,) = ec2.describe_route_tables(RouteTableIds=[table["RouteTableId"]])["RouteTables"]
    users = ec2.get_managed_prefix_list_associations(PrefixListId=made["PrefixListId"])["PrefixListAssociations"]

    assert made["PrefixListId"] in {each.get("DestinationPrefixListId") for each in shown["Routes"]}
    assert users == [{"ResourceId": table["RouteTableId"], "ResourceOwner": ACCOUNT}]
    refused = ec2.delete_managed_prefix_list(PrefixListId=made["PrefixListId"])["PrefixList"]
    assert (refused["State"], table["RouteTableId"] in refused["StateMessage"]) == ("delete-failed", True)


def test_a_block_of_ipv6_that_a_vpc_gets_opens_the_way_out_of_its_groups(ec2: Any) -> None:
    vpc, _ = other_vpc(ec2)
    ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    (shown,) = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    assert shown["IpPermissionsEgress"][0]["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]


def test_a_vpc_goes_with_its_default_group_and_with_no_other(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="web", Description="testing", VpcId=vpc)["GroupId"]
    with pytest.raises(ClientError, match=r"\(DependencyViolation\)"):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)
    assert [row["VpcId"] for row in ec2.describe_security_groups()["SecurityGroups"] if row["VpcId"] == vpc] == []


def test_each_operation_of_the_store_is_answered_by_it_on_the_wire(aws: EmbeddedAws, ec2: Any) -> None:
    """moto answers a dry run otherwise, or not at all. The store refuses the group, or finds that it would succeed."""
    state = aws.groups(ACCOUNT, "us-east-1").state
    known = {"GroupId": next(iter(state.groups)), "VpcId": state.vpcs[0].id, "PrefixListId": "pl-63a5400a"}
    for operation in OURS:
        with pytest.raises(ClientError) as refused:
            aws_call(ec2, operation, known)
        code = refused.value.response["Error"]["Code"]
        assert code not in ("UnsupportedOperation", "InternalFailure"), operation


def aws_call(ec2: Any, operation: str, known: dict[str, str]) -> None:
    """A dry run of an operation with what it takes of the known ids, and nothing else."""
    shape = ec2.meta.service_model.operation_model(operation).input_shape
    given = {
        name: [value] if shape.members[name].type_name == "list" else value
        for name, value in known.items()
        if name in shape.members
    }
    required = {
        name: {"string": "text", "integer": 1, "long": 1, "list": []}[shape.members[name].type_name]
        for name in shape.required_members
    }
    method = next(method for method, name in ec2.meta.method_to_api_mapping.items() if name == operation)
    getattr(ec2, method)(**{**required, **given, "DryRun": True})
