"""The module of each control, and the calls that wake it. Generated from the controls: make generate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# By id, in the order in which they run.
MODULES: Final[Mapping[str, str]] = {
    "security_group_ingress": "cloudmend.controls.security_group_ingress",
    "ami_public": "cloudmend.controls.ami_public",
    "ebs_encryption_default": "cloudmend.controls.ebs_encryption_default",
    "ebs_snapshot_public": "cloudmend.controls.ebs_snapshot_public",
    "eks_endpoint_cidrs": "cloudmend.controls.eks_endpoint_cidrs",
    "emr_block_public_access": "cloudmend.controls.emr_block_public_access",
    "endpoint_service_public": "cloudmend.controls.endpoint_service_public",
    "image_block_public_access": "cloudmend.controls.image_block_public_access",
    "instance_imdsv2": "cloudmend.controls.instance_imdsv2",
    "instance_metadata_defaults": "cloudmend.controls.instance_metadata_defaults",
    "lightsail_ports": "cloudmend.controls.lightsail_ports",
    "network_acl_open": "cloudmend.controls.network_acl_open",
    "rds_instance_public": "cloudmend.controls.rds_instance_public",
    "rds_snapshot_public": "cloudmend.controls.rds_snapshot_public",
    "redshift_cluster_public": "cloudmend.controls.redshift_cluster_public",
    "s3_bucket_block_public_access": "cloudmend.controls.s3_bucket_block_public_access",
    "serial_console_access": "cloudmend.controls.serial_console_access",
    "snapshot_block_public_access": "cloudmend.controls.snapshot_block_public_access",
    "sqs_policy_public": "cloudmend.controls.sqs_policy_public",
    "ssm_document_public": "cloudmend.controls.ssm_document_public",
    "subnet_public_ip": "cloudmend.controls.subnet_public_ip",
    "transit_gateway_auto_accept": "cloudmend.controls.transit_gateway_auto_accept",
    "vpc_block_public_access": "cloudmend.controls.vpc_block_public_access",
}
# By event source and name of the call.
WAKES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "ec2.amazonaws.com": {
        "AuthorizeSecurityGroupIngress": ("security_group_ingress",),
        "CreateNetworkAclEntry": ("network_acl_open",),
        "CreateTransitGateway": ("transit_gateway_auto_accept",),
        "DeleteNetworkAclEntry": ("network_acl_open",),
        "DisableEbsEncryptionByDefault": ("ebs_encryption_default",),
        "DisableImageBlockPublicAccess": ("image_block_public_access",),
        "DisableSerialConsoleAccess": ("serial_console_access",),
        "DisableSnapshotBlockPublicAccess": ("snapshot_block_public_access",),
        "EnableEbsEncryptionByDefault": ("ebs_encryption_default",),
        "EnableImageBlockPublicAccess": ("image_block_public_access",),
        "EnableSerialConsoleAccess": ("serial_console_access",),
        "EnableSnapshotBlockPublicAccess": ("snapshot_block_public_access",),
        "ModifyImageAttribute": ("ami_public",),
        "ModifyInstanceMetadataDefaults": ("instance_metadata_defaults",),
        "ModifyInstanceMetadataOptions": ("instance_imdsv2",),
        "ModifyManagedPrefixList": ("security_group_ingress",),
        "ModifySecurityGroupRules": ("security_group_ingress",),
        "ModifySnapshotAttribute": ("ebs_snapshot_public",),
        "ModifySubnetAttribute": ("subnet_public_ip",),
        "ModifyTransitGateway": ("transit_gateway_auto_accept",),
        "ModifyVpcBlockPublicAccessOptions": ("vpc_block_public_access",),
        "ModifyVpcEndpointServiceConfiguration": ("endpoint_service_public",),
        "ModifyVpcEndpointServicePermissions": ("endpoint_service_public",),
        "ReplaceNetworkAclAssociation": ("network_acl_open",),
        "ReplaceNetworkAclEntry": ("network_acl_open",),
        "RestoreManagedPrefixListVersion": ("security_group_ingress",),
        "RunInstances": ("instance_imdsv2",),
    },
    "eks.amazonaws.com": {
        "CreateCluster": ("eks_endpoint_cidrs",),
        "UpdateClusterConfig": ("eks_endpoint_cidrs",),
    },
    "elasticmapreduce.amazonaws.com": {
        "PutBlockPublicAccessConfiguration": ("emr_block_public_access",),
    },
    "lightsail.amazonaws.com": {
        "CreateInstances": ("lightsail_ports",),
        "CreateInstancesFromSnapshot": ("lightsail_ports",),
        "OpenInstancePublicPorts": ("lightsail_ports",),
        "PutInstancePublicPorts": ("lightsail_ports",),
        "SetIpAddressType": ("lightsail_ports",),
    },
    "rds.amazonaws.com": {
        "CreateDBCluster": ("rds_instance_public",),
        "CreateDBInstance": ("rds_instance_public",),
        "CreateDBInstanceReadReplica": ("rds_instance_public",),
        "ModifyDBClusterSnapshotAttribute": ("rds_snapshot_public",),
        "ModifyDBInstance": ("rds_instance_public",),
        "ModifyDBSnapshotAttribute": ("rds_snapshot_public",),
        "RestoreDBClusterFromSnapshot": ("rds_instance_public",),
        "RestoreDBClusterToPointInTime": ("rds_instance_public",),
        "RestoreDBInstanceFromDBSnapshot": ("rds_instance_public",),
        "RestoreDBInstanceFromS3": ("rds_instance_public",),
        "RestoreDBInstanceToPointInTime": ("rds_instance_public",),
    },
    "redshift.amazonaws.com": {
        "CreateCluster": ("redshift_cluster_public",),
        "ModifyCluster": ("redshift_cluster_public",),
        "RestoreFromClusterSnapshot": ("redshift_cluster_public",),
    },
    "s3.amazonaws.com": {
        "DeleteBucketPublicAccessBlock": ("s3_bucket_block_public_access",),
        "PutBucketPublicAccessBlock": ("s3_bucket_block_public_access",),
    },
    "sqs.amazonaws.com": {
        "AddPermission": ("sqs_policy_public",),
        "CreateQueue": ("sqs_policy_public",),
        "SetQueueAttributes": ("sqs_policy_public",),
    },
    "ssm.amazonaws.com": {
        "ModifyDocumentPermission": ("ssm_document_public",),
    },
}
