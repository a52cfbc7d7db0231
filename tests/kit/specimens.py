"""What the kit runs each control on: how a person puts a resource of its kind at fault, with an ordinary client."""

from __future__ import annotations

import json
from typing import Any

from cloudmend.controls import (
    ami_public,
    default_security_group,
    ebs_snapshot_public,
    eks_endpoint_cidrs,
    endpoint_service_public,
    instance_owner_tag,
    lightsail_ports,
    network_acl_open,
    rds_snapshot_public,
    s3_account_block_public_access,
    s3_bucket_acl_public,
    s3_bucket_block_public_access,
    s3_bucket_policy_public,
    ssm_document_public,
)
from cloudmend.testing.clients import ACCOUNT
from cloudmend.testing.specimen import Client, Specimen
from kit import policies, settings

OTHER = "111122223333"
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
OPEN_OBJECTS = {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}


def _public_snapshot(client: Client) -> str:
    ec2 = client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = str(ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot,
        Attribute="createVolumePermission",
        CreateVolumePermission={"Add": [{"UserId": OTHER}, {"Group": "all"}]},
    )
    return snapshot


def _open_bucket(client: Client) -> str:
    s3 = client("s3")
    s3.create_bucket(Bucket="a-bucket")
    flags = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False}
    s3.put_public_access_block(Bucket="a-bucket", PublicAccessBlockConfiguration=flags)
    return "a-bucket"


def _open_bucket_wider(client: Client, name: str) -> None:
    flags = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False}
    client("s3").put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=flags)


def _open_account(client: Client) -> str:
    flags = {"BlockPublicAcls": True, "BlockPublicPolicy": False}
    client("s3control").put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=flags)
    return ACCOUNT


def _open_account_wider(client: Client, account: str) -> None:
    flags = {"BlockPublicAcls": False, "BlockPublicPolicy": False}
    client("s3control").put_public_access_block(AccountId=account, PublicAccessBlockConfiguration=flags)


def _public_bucket(client: Client) -> str:
    client("s3").create_bucket(Bucket="a-bucket")
    client("s3").delete_public_access_block(Bucket="a-bucket")
    _set_bucket_policy(client, "a-bucket", OPEN_OBJECTS, _object_reader("own"))
    return "a-bucket"


def _disturb_bucket(client: Client, name: str) -> None:
    _set_bucket_policy(client, name, OPEN_OBJECTS, _object_reader("own"), _object_reader("added-meanwhile"))


def _public_bucket_wider(client: Client, name: str) -> None:
    _set_bucket_policy(client, name, OPEN_OBJECTS, _object_reader("own"), {**OPEN_OBJECTS, "Sid": "wider"})


def _set_bucket_policy(client: Client, bucket: str, *statements: Any) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)


def _object_reader(sid: str) -> dict[str, Any]:
    return {**OPEN_OBJECTS, "Sid": sid, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}


def _public_acl(client: Client) -> str:
    client("s3").create_bucket(Bucket="a-bucket", ObjectOwnership="ObjectWriter")
    client("s3").delete_public_access_block(Bucket="a-bucket")
    _grant(client, "a-bucket", {"Type": "CanonicalUser", "ID": "another-account"}, "READ_ACP")
    _grant(client, "a-bucket", {"Type": "Group", "URI": EVERYBODY}, "READ")
    return "a-bucket"


def _disturb_grants(client: Client, name: str) -> None:
    _grant(client, name, {"Type": "CanonicalUser", "ID": "added-meanwhile"}, "READ")


def _grant_wider(client: Client, name: str) -> None:
    _grant(client, name, {"Type": "Group", "URI": EVERYBODY}, "WRITE")


def _grant(client: Client, bucket: str, grantee: dict[str, str], permission: str) -> None:
    found = client("s3").get_bucket_acl(Bucket=bucket)
    grants = [*found["Grants"], {"Grantee": grantee, "Permission": permission}]
    client("s3").put_bucket_acl(Bucket=bucket, AccessControlPolicy={"Owner": found["Owner"], "Grants": grants})


def _public_db_snapshot(client: Client) -> str:
    rds = client("rds")
    login = {"MasterUsername": "owner", "MasterUserPassword": "a-password"}
    size = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "PubliclyAccessible": False}
    rds.create_db_instance(DBInstanceIdentifier="a-database", Engine="postgres", **size, **login)
    rds.create_db_snapshot(DBInstanceIdentifier="a-database", DBSnapshotIdentifier="a-snapshot")
    rds.modify_db_snapshot_attribute(
        DBSnapshotIdentifier="a-snapshot", AttributeName="restore", ValuesToAdd=[OTHER, "all"]
    )
    return "snapshot:a-snapshot"


def _public_cluster_snapshot(client: Client) -> str:
    rds = client("rds")
    login = {"MasterUsername": "owner", "MasterUserPassword": "a-password"}
    rds.create_db_cluster(DBClusterIdentifier="a-cluster", Engine="aurora-postgresql", **login)
    names = {"DBClusterIdentifier": "a-cluster", "DBClusterSnapshotIdentifier": "a-snapshot"}
    rds.create_db_cluster_snapshot(**names)
    rds.modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier="a-snapshot", AttributeName="restore", ValuesToAdd=[OTHER, "all"]
    )
    return "cluster-snapshot:a-snapshot"


def _public_image(client: Client) -> str:
    ec2 = client("ec2")
    image = str(ec2.register_image(Name="an-image")["ImageId"])
    change = {"Add": [{"UserId": OTHER}, {"Group": "all"}]}
    ec2.modify_image_attribute(ImageId=image, Attribute="launchPermission", LaunchPermission=change)
    return image


def _public_document(client: Client) -> str:
    ssm = client("ssm")
    content = {"schemaVersion": "2.2", "description": "Says something.", "mainSteps": []}
    ssm.create_document(Name="a-document", DocumentType="Command", Content=json.dumps(content))
    version = {"SharedDocumentVersion": "$LATEST"}
    ssm.modify_document_permission(Name="a-document", PermissionType="Share", AccountIdsToAdd=["all"], **version)
    return "a-document"


def _public_service(client: Client) -> str:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    made = client("elbv2").create_load_balancer(Name="balancer", Subnets=[subnet], Type="network")
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    service = ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[balancer], AcceptanceRequired=False
    )["ServiceConfiguration"]["ServiceId"]
    principals = [f"arn:aws:iam::{OTHER}:root", "*"]
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service, AddAllowedPrincipals=principals)
    return str(service)


def _open_service_wider(client: Client, service: str) -> None:
    wider = {"AddAllowedPrincipals": ["*"], "PermissionType": "transit-gateway-attachment"}
    client("ec2").modify_vpc_endpoint_service_permissions(ServiceId=service, **wider)


def _open_instance(client: Client) -> str:
    """One port is open to everybody and to a partner, another one, which is not guarded, to everybody."""
    lightsail = client("lightsail")
    machine = {"availabilityZone": "us-east-1a", "blueprintId": "debian_12", "bundleId": "nano_3_0"}
    lightsail.create_instances(instanceNames=["an-instance"], **machine)
    while lightsail.get_instance(instanceName="an-instance")["instance"]["state"]["name"] == "pending":
        pass
    ssh = {**_tcp(22), "cidrs": ["0.0.0.0/0", "203.0.113.7/32"], "cidrListAliases": ["lightsail-connect"]}
    lightsail.put_instance_public_ports(instanceName="an-instance", portInfos=[ssh, {**_tcp(80), **_WORLD}])
    return "an-instance"


_WORLD = {"cidrs": ["0.0.0.0/0"], "ipv6Cidrs": ["::/0"]}


def _tcp(port: int) -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": port, "toPort": port}


def _disturb_instance(client: Client, name: str) -> None:
    client("lightsail").open_instance_public_ports(
        instanceName=name, portInfo={**_tcp(443), "cidrs": ["198.51.100.9/32"]}
    )


def _open_instance_wider(client: Client, name: str) -> None:
    client("lightsail").open_instance_public_ports(instanceName=name, portInfo={**_tcp(22), "ipv6Cidrs": ["::/0"]})


def _open_acl(client: Client) -> str:
    """One entry that goes, one that is narrowed, and one before which others come."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    acl = str(ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"])
    used = {"Name": "association.subnet-id", "Values": [subnet]}
    (default,) = ec2.describe_network_acls(Filters=[used])["NetworkAcls"]
    association = default["Associations"][0]["NetworkAclAssociationId"]
    ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    _allow(client, acl, 90, "52.0.0.0/8", (22, 22))
    _allow(client, acl, 100, "0.0.0.0/0", (22, 22))
    _allow(client, acl, 110, "0.0.0.0/0", (1024, 65535))
    return acl


def _allow(client: Client, acl: str, number: int, network: str, ports: tuple[int, int], protocol: str = "6") -> None:
    allowed = {"RuleNumber": number, "Egress": False, "RuleAction": "allow", "CidrBlock": network}
    port_range = {"From": ports[0], "To": ports[1]}
    client("ec2").create_network_acl_entry(NetworkAclId=acl, Protocol=protocol, PortRange=port_range, **allowed)


def _disturb_acl(client: Client, acl: str) -> None:
    _allow(client, acl, 130, "198.51.100.9/32", (80, 80))


def _open_acl_wider(client: Client, acl: str) -> None:
    _allow(client, acl, 120, "0.0.0.0/0", (3389, 3389), "17")


def _launched_instance(client: Client) -> str:
    ec2 = client("ec2")
    image = ec2.register_image(Name="an-image")["ImageId"]
    options = {"HttpTokens": "required", "HttpEndpoint": "enabled"}
    (made,) = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, MetadataOptions=options)["Instances"]
    return str(made["InstanceId"])


def _open_default_group(client: Client) -> str:
    """Admit another group to the default one of the default VPC, with a tag. It has AWS's own two rules already."""
    ec2 = client("ec2")
    (group,) = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    other = ec2.create_security_group(GroupName="web", Description="the web")["GroupId"]
    admitted = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[{**admitted, "UserIdGroupPairs": [{"GroupId": other, "Description": "the web"}]}],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "team", "Value": "web"}]}],
    )
    return str(group["GroupId"])


def _open_default_group_wider(client: Client, group: str) -> None:
    out = {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
    client("ec2").authorize_security_group_egress(GroupId=group, IpPermissions=[out])


OFFICE, PARTNER_RANGE = "198.51.100.0/24", "203.0.113.7/32"


def _open_cluster(client: Client) -> str:
    network = {"subnetIds": ["subnet-0123456789abcdef0"], "endpointPrivateAccess": True}
    role = "arn:aws:iam::123456789012:role/cluster"
    listed = {"publicAccessCidrs": ["0.0.0.0/0", PARTNER_RANGE]}
    client("eks").create_cluster(name="a-cluster", roleArn=role, resourcesVpcConfig={**network, **listed})
    return "a-cluster"


def _change_cluster(client: Client, name: str, more: str) -> None:
    eks = client("eks")
    listed = eks.describe_cluster(name=name)["cluster"]["resourcesVpcConfig"]["publicAccessCidrs"]
    eks.update_cluster_config(name=name, resourcesVpcConfig={"publicAccessCidrs": [*listed, more]})
    while eks.describe_cluster(name=name)["cluster"]["status"] == "UPDATING":
        pass


def _disturb_cluster(client: Client, name: str) -> None:
    _change_cluster(client, name, "203.0.113.9/32")


def _open_cluster_wider(client: Client, name: str) -> None:
    _change_cluster(client, name, "198.0.0.0/8")


def _of_rds(kind: str) -> tuple[str, str]:
    return f"rds:Describe{kind}Attributes", f"rds:Modify{kind}Attribute"


SPECIMENS = (
    Specimen(ebs_snapshot_public.CONTROL, _public_snapshot),
    Specimen(s3_bucket_block_public_access.CONTROL, _open_bucket, worsen=_open_bucket_wider),
    policies.QUEUE,
    Specimen(rds_snapshot_public.CONTROL, _public_db_snapshot, unused=_of_rds("DBClusterSnapshot")),
    Specimen(rds_snapshot_public.CONTROL, _public_cluster_snapshot, unused=_of_rds("DBSnapshot")),
    Specimen(ami_public.CONTROL, _public_image),
    Specimen(ssm_document_public.CONTROL, _public_document),
    Specimen(endpoint_service_public.CONTROL, _public_service, worsen=_open_service_wider),
    Specimen(
        eks_endpoint_cidrs.CONTROL,
        _open_cluster,
        _disturb_cluster,
        _open_cluster_wider,
        added="203.0.113.9/32",
        policy=f'approved.ipv4 = ["{OFFICE}"]\n',
    ),
    Specimen(lightsail_ports.CONTROL, _open_instance, _disturb_instance, _open_instance_wider, added="198.51.100.9/32"),
    Specimen(network_acl_open.CONTROL, _open_acl, _disturb_acl, _open_acl_wider, added="198.51.100.9/32"),
    Specimen(
        s3_account_block_public_access.CONTROL,
        _open_account,
        worsen=_open_account_wider,
        policy='flags = ["BlockPublicAcls", "BlockPublicPolicy"]\n',
    ),
    Specimen(s3_bucket_policy_public.CONTROL, _public_bucket, _disturb_bucket, _public_bucket_wider),
    Specimen(s3_bucket_acl_public.CONTROL, _public_acl, _disturb_grants, _grant_wider),
    Specimen(instance_owner_tag.CONTROL, _launched_instance, by_event=True),
    Specimen(default_security_group.CONTROL, _open_default_group, worsen=_open_default_group_wider),
    *policies.POLICIES,
    *settings.SETTINGS,
)
# The quick profile has a few of each family that one factory makes. Of those that are shared with everybody these are
# the EBS snapshot, the DB snapshot and the endpoint service, of those with a policy the queue and the secret.
_DEEP = {
    "kms_key_policy_public",
    "ami_public",
    "instance_owner_tag",
    "ecr_policy_public",
    "event_bus_policy_public",
    "lambda_policy_public",
    "sns_policy_public",
    "ssm_document_public",
}
DEEP = (*settings.DEEP, *(each for each in SPECIMENS if each.control.id in _DEEP))
