"""Specimens of settings with ordered values: how a person sets a laxer one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudmend.controls import (
    ebs_encryption_default,
    emr_block_public_access,
    image_block_public_access,
    instance_imdsv2,
    instance_metadata_defaults,
    rds_instance_public,
    redshift_cluster_public,
    serial_console_access,
    snapshot_block_public_access,
    subnet_public_ip,
    transit_gateway_auto_accept,
    vpc_block_public_access,
)
from cloudmend.testing.bench import REGION
from cloudmend.testing.specimen import Client, Specimen


def _calls(service: str, *names: str, **params: Any) -> Callable[[Client], str]:
    """Return a way to open a setting of the Region: calls, the last of them with these parameters."""

    def open_(client: Client) -> str:
        *before, last = names
        for name in before:
            getattr(client(service), name)()
        getattr(client(service), last)(**params)
        return REGION

    return open_


def _accepting_gateway(client: Client) -> str:
    made = client("ec2").create_transit_gateway(Options={"AutoAcceptSharedAttachments": "enable"})
    return str(made["TransitGateway"]["TransitGatewayId"])


def _old_instance(client: Client) -> str:
    ec2 = client("ec2")
    image = ec2.register_image(Name="an-image")["ImageId"]
    options = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"}
    (made,) = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, MetadataOptions=options)["Instances"]
    return str(made["InstanceId"])


def _giving_subnet(client: Client) -> str:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"])
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    return subnet


_LOGIN = {"MasterUsername": "owner", "MasterUserPassword": "A-passw0rd"}


_DATABASE = "a-public-database"


def _public_database(client: Client) -> str:
    """Create a private DB instance and publish it: RDS takes its time for both. Another change waits for its window."""
    rds = client("rds")
    size = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "Engine": "postgres"}
    rds.create_db_instance(DBInstanceIdentifier=_DATABASE, PubliclyAccessible=False, **size, **_LOGIN)
    _until_available(client)
    rds.modify_db_instance(DBInstanceIdentifier=_DATABASE, PubliclyAccessible=True, DBInstanceClass="db.r6g.large")
    _until_available(client)
    return f"db:{_DATABASE}"


def _until_available(client: Client) -> None:
    while (
        client("rds").describe_db_instances(DBInstanceIdentifier=_DATABASE)["DBInstances"][0]["DBInstanceStatus"]
        != "available"
    ):
        pass


def _public_warehouse(client: Client) -> str:
    """Create a private Redshift cluster and publish it at an Elastic IP address, for which Redshift takes its time."""
    redshift = client("redshift")
    address = client("ec2").allocate_address()["PublicIp"]
    redshift.create_cluster(ClusterIdentifier="a-warehouse", NodeType="ra3.large", NumberOfNodes=2, **_LOGIN)
    redshift.modify_cluster(ClusterIdentifier="a-warehouse", PubliclyAccessible=True, ElasticIp=address)
    while redshift.describe_clusters()["Clusters"][0]["ClusterStatus"] != "available":
        pass
    return "a-warehouse"


_BLOCK = {"BlockPublicSecurityGroupRules": False, "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 22}]}
SETTINGS = (
    Specimen(snapshot_block_public_access.CONTROL, _calls("ec2", "disable_snapshot_block_public_access")),
    Specimen(image_block_public_access.CONTROL, _calls("ec2", "disable_image_block_public_access")),
    Specimen(
        ebs_encryption_default.CONTROL,
        _calls("ec2", "enable_ebs_encryption_by_default", "disable_ebs_encryption_by_default"),
    ),
    Specimen(serial_console_access.CONTROL, _calls("ec2", "enable_serial_console_access")),
    Specimen(
        instance_metadata_defaults.CONTROL,
        _calls("ec2", "modify_instance_metadata_defaults", HttpTokens="optional", HttpPutResponseHopLimit=2),
    ),
    Specimen(
        vpc_block_public_access.CONTROL,
        _calls("ec2", "modify_vpc_block_public_access_options", InternetGatewayBlockMode="off"),
    ),
    Specimen(
        emr_block_public_access.CONTROL,
        _calls("emr", "put_block_public_access_configuration", BlockPublicAccessConfiguration=_BLOCK),
    ),
    Specimen(transit_gateway_auto_accept.CONTROL, _accepting_gateway),
    Specimen(instance_imdsv2.CONTROL, _old_instance),
    Specimen(subnet_public_ip.CONTROL, _giving_subnet),
    Specimen(rds_instance_public.CONTROL, _public_database),
    Specimen(redshift_cluster_public.CONTROL, _public_warehouse),
)
# One factory makes them all. Quick are one with three values, one written whole, one of a resource, and one that
# AWS applies later, whose undo brings back a second part.
_QUICK = {
    "snapshot_block_public_access",
    "emr_block_public_access",
    "transit_gateway_auto_accept",
    "redshift_cluster_public",
}
DEEP = tuple(each for each in SETTINGS if each.control.id not in _QUICK)
