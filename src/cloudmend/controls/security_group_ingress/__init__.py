"""Closes security group rules that open a guarded port to the world. See README.md in this folder."""

from __future__ import annotations

from typing import Final

from cloudmend.controls.security_group_ingress.check import check
from cloudmend.controls.security_group_ingress.detect import all_clear, detect
from cloudmend.controls.security_group_ingress.expand import expand
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.marks import marks
from cloudmend.controls.security_group_ingress.observe import complete, observe, surroundings
from cloudmend.controls.security_group_ingress.plan import plan
from cloudmend.controls.security_group_ingress.targets import suspects, targets
from cloudmend.controls.security_group_ingress.trace import trace
from cloudmend.controls.security_group_ingress.undo import revert
from cloudmend.controls.security_group_ingress.unseen import unseen
from cloudmend.core.control import Control, Joint

CONTROL: Final = Control(
    id="security_group_ingress",
    title="A security group rule opens a guarded port to the world",
    event_source="ec2.amazonaws.com",
    event_names=frozenset(
        {
            "AuthorizeSecurityGroupIngress",
            "ModifyManagedPrefixList",
            "ModifySecurityGroupRules",
            "RestoreManagedPrefixListVersion",
        }
    ),
    permissions=frozenset(
        {
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcs",
            "ec2:GetManagedPrefixListAssociations",
            "ec2:GetManagedPrefixListEntries",
            "ec2:ModifySecurityGroupRules",
            "ec2:RevokeSecurityGroupIngress",
        }
    ),
    targets=targets,
    suspects=suspects,
    unseen=unseen,
    expand=expand,
    observe=observe,
    surroundings=surroundings,
    complete=complete,
    without=GroupFacts.without,
    dated=GroupFacts.dated,
    marks=marks,
    detect=detect,
    all_clear=all_clear,
    plan=plan,
    check=check,
    trace=trace,
    revert=revert,
    joints={
        "ec2:DescribeSecurityGroupRules": Joint("group-id", "GroupId"),
        "ec2:DescribeSecurityGroups": Joint("group-id", "GroupId"),
    },
)
