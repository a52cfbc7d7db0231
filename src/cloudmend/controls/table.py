"""The module of each control, and the calls that wake it. Generated from the controls: make generate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# By id, in the order in which they run.
MODULES: Final[Mapping[str, str]] = {
    "security_group_ingress": "cloudmend.controls.security_group_ingress",
    "ami_public": "cloudmend.controls.ami_public",
    "ebs_snapshot_public": "cloudmend.controls.ebs_snapshot_public",
    "eks_endpoint_cidrs": "cloudmend.controls.eks_endpoint_cidrs",
    "endpoint_service_public": "cloudmend.controls.endpoint_service_public",
    "lightsail_ports": "cloudmend.controls.lightsail_ports",
    "network_acl_open": "cloudmend.controls.network_acl_open",
    "rds_snapshot_public": "cloudmend.controls.rds_snapshot_public",
    "s3_bucket_block_public_access": "cloudmend.controls.s3_bucket_block_public_access",
    "sqs_policy_public": "cloudmend.controls.sqs_policy_public",
    "ssm_document_public": "cloudmend.controls.ssm_document_public",
}
# By event source and name of the call.
WAKES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "ec2.amazonaws.com": {
        "AuthorizeSecurityGroupIngress": ("security_group_ingress",),
        "CreateNetworkAclEntry": ("network_acl_open",),
        "DeleteNetworkAclEntry": ("network_acl_open",),
        "ModifyImageAttribute": ("ami_public",),
        "ModifyManagedPrefixList": ("security_group_ingress",),
        "ModifySecurityGroupRules": ("security_group_ingress",),
        "ModifySnapshotAttribute": ("ebs_snapshot_public",),
        "ModifyVpcEndpointServiceConfiguration": ("endpoint_service_public",),
        "ModifyVpcEndpointServicePermissions": ("endpoint_service_public",),
        "ReplaceNetworkAclAssociation": ("network_acl_open",),
        "ReplaceNetworkAclEntry": ("network_acl_open",),
        "RestoreManagedPrefixListVersion": ("security_group_ingress",),
    },
    "eks.amazonaws.com": {
        "CreateCluster": ("eks_endpoint_cidrs",),
        "UpdateClusterConfig": ("eks_endpoint_cidrs",),
    },
    "lightsail.amazonaws.com": {
        "CreateInstances": ("lightsail_ports",),
        "CreateInstancesFromSnapshot": ("lightsail_ports",),
        "OpenInstancePublicPorts": ("lightsail_ports",),
        "PutInstancePublicPorts": ("lightsail_ports",),
        "SetIpAddressType": ("lightsail_ports",),
    },
    "rds.amazonaws.com": {
        "ModifyDBClusterSnapshotAttribute": ("rds_snapshot_public",),
        "ModifyDBSnapshotAttribute": ("rds_snapshot_public",),
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
