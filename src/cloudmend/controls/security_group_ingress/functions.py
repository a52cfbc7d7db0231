"""The functions of the control, as the commands that look call them: with the whole policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from cloudmend.controls.security_group_ingress.check import check
from cloudmend.controls.security_group_ingress.detect import all_clear, detect
from cloudmend.controls.security_group_ingress.expand import expand
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.marks import marks
from cloudmend.controls.security_group_ingress.observe import complete, observe, surroundings
from cloudmend.controls.security_group_ingress.plan import plan
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.controls.security_group_ingress.targets import targets
from cloudmend.core.control import Control
from cloudmend.core.policy import Policy

T = TypeVar("T")


def _by_policy(function: Callable[..., T]) -> Callable[..., T]:
    """Return the function as the engine calls it: with the whole policy, where it takes the control's settings."""

    def call(*arguments: Any) -> T:
        *others, policy = arguments
        return function(*others, policy.settings_of(CONTROL))

    return call


def _on_flapping(policy: Policy) -> Policy:
    settings: Settings = policy.settings_of(CONTROL)
    return policy.with_settings(CONTROL, settings.for_flapping())


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
    expand=_by_policy(expand),
    observe=_by_policy(observe),
    surroundings=surroundings,
    complete=_by_policy(complete),
    without=GroupFacts.without,
    dated=GroupFacts.dated,
    marks=marks,
    detect=_by_policy(detect),
    all_clear=_by_policy(all_clear),
    plan=_by_policy(plan),
    check=_by_policy(check),
    settings=Settings,
    on_flapping=_on_flapping,
)
