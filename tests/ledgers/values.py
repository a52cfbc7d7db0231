"""Intents, records and exemptions to store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloudmend.core.ledger_records import TimedExemption
from cloudmend.core.model import Actor, Edit, Intent, Record, Request, Resource
from support import ACCOUNT, NOW, REGION

GROUP = "sg-0ce22d5f105b9f34f"
OTHER_GROUP = "sg-05fe30eb67c909f27"
CONTROL = "security_group_ingress"
RULE = {
    "SecurityGroupRuleId": "sgr-0123456789abcdef0",
    "GroupId": GROUP,
    "IsEgress": False,
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "CidrIpv4": "0.0.0.0/0",
    "Description": "open; $(rm) {&} ! é",
    "Tags": [{"Key": "team", "Value": "net"}],
}


def intent(group_id: str = GROUP, **fields: Any) -> Intent:
    defaults: dict[str, Any] = {
        "control": CONTROL,
        "resource": Resource(type="AWS::EC2::SecurityGroup", id=group_id, parts=("sgr-0123456789abcdef0",)),
        "account": ACCOUNT,
        "region": REGION,
        "event_id": "3f2a9d5e-0000-4000-8000-000000000001",
        "event_name": "AuthorizeSecurityGroupIngress",
        "actor": Actor(kind="IAMUser", arn=f"arn:aws:iam::{ACCOUNT}:user/mallory"),
        "policy_hash": "9b1c",
        "code_version": "0.1.0",
        "before": {"SecurityGroupRules": [RULE]},
        "requests": (Request("ec2:ModifySecurityGroupRules", {"GroupId": group_id, "SecurityGroupRules": []}),),
        "undo": ("aws ec2 modify-security-group-rules --region eu-west-1",),
    }
    return Intent(**{**defaults, **fields})


def record(summary: str = "narrowed", group_id: str = GROUP) -> Record:
    return Record(
        status="mended",
        control=CONTROL,
        resource=Resource(type="AWS::EC2::SecurityGroup", id=group_id),
        account=ACCOUNT,
        region=REGION,
        event_id="3f2a9d5e-0000-4000-8000-000000000001",
        event_name="AuthorizeSecurityGroupIngress",
        actor=Actor(kind="IAMUser"),
        summary=summary,
        edits=(Edit(part="sgr-0123456789abcdef0", before="0.0.0.0/0", after="10.0.0.0/8", did="narrowed", why="open"),),
        seconds_since_call=2.5,
    )


def exemption(exemption_id: str = "e-1", **fields: Any) -> TimedExemption:
    defaults: dict[str, Any] = {
        "group": GROUP,
        "owner": "network-team",
        "reason": "The vendor has no VPN yet",
        "expires": NOW + timedelta(hours=2),
        "created": NOW,
        "created_by": f"arn:aws:iam::{ACCOUNT}:user/alice",
    }
    return TimedExemption(id=exemption_id, **{**defaults, **fields})
