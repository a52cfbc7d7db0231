"""The baseline: the walkthrough's original handler, written from its description.

It "leverages the boto3 library to remove open security groups and replace the IP ranges with the approved ones":
describe the group, revoke what is open to the world on port 22 or 3389, authorize 10.0.0.0/8 in its place. No proof,
no record, no undo.
"""

from __future__ import annotations

from typing import Any

import boto3  # type: ignore[import-untyped]

PORTS = (22, 3389)
WORLD = "0.0.0.0/0"
APPROVED = "10.0.0.0/8"

ec2 = boto3.resource("ec2")


def handler(event: Any, context: Any) -> None:  # noqa: ARG001 - Lambda's signature
    group = ec2.SecurityGroup(event["detail"]["requestParameters"]["groupId"])
    for permission in group.ip_permissions:
        sources = [source["CidrIp"] for source in permission["IpRanges"]]
        if permission.get("FromPort") in PORTS and WORLD in sources:
            ports = {name: permission[name] for name in ("IpProtocol", "FromPort", "ToPort")}
            group.revoke_ingress(IpPermissions=[{**ports, "IpRanges": [{"CidrIp": WORLD}]}])
            group.authorize_ingress(IpPermissions=[{**ports, "IpRanges": [{"CidrIp": APPROVED}]}])
