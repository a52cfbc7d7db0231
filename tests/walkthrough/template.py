"""template.yaml as the tests read it: its resources, and what each role may do."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
# What all functions have in common.
GLOBALS: dict[str, Any] = TEMPLATE["Globals"]["Function"]
RESPONDER, SWEEPER, UNDOER = "SecurityGroupRemediationRole", "SweepRole", "UndoRole"


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Properties by logical id."""
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


FIRST = "SecurityGroupIngress"  # what the statements of the first control begin with
NOTHING = {"Ref": "AWS::NoValue"}


def unwrapped(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The condition under which a policy has a statement, and the statement."""
    if "Fn::If" not in item:
        return "", item
    condition, statement, otherwise = item["Fn::If"]
    assert otherwise == NOTHING
    return condition, statement


def managed(role: str, without: Collection[str] = ()) -> list[dict[str, Any]]:
    """Every statement that a role has for the controls, but for those under some conditions."""
    policies = [
        each["Properties"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::IAM::ManagedPolicy" and {"Ref": role} in each["Properties"]["Roles"]
        if each.get("Condition") not in without
    ]
    found = [unwrapped(each) for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    return [statement for condition, statement in found if condition not in without]


def statements(role: str, *, security_hub: bool = True) -> list[dict[str, Any]]:
    """Every statement of a role: of its own policies, and of those that name it, but for those of other controls."""
    shared = [policy for policy in of_type("AWS::IAM::Policy").values() if {"Ref": role} in policy["Roles"]]
    policies = [*RESOURCES[role]["Properties"].get("Policies", ()), *shared]
    found = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    found += [each for each in managed(role) if each["Sid"].startswith(FIRST)]
    return [statement for statement in found if security_hub or statement["Sid"] != "ImportOwnFindings"]


def of_controls(role: str, without: Collection[str] = ()) -> list[dict[str, Any]]:
    """Every statement that a role has for the controls, but for the first."""
    return [each for each in managed(role, without) if not each["Sid"].startswith(FIRST)]


def allowed_to_controls(role: str, without: Collection[str] = ()) -> set[str]:
    """The actions that a role is allowed for the controls, but for the first, and under some conditions."""
    return {action for each in of_controls(role, without) if each["Effect"] == "Allow" for action in actions(each)}


def actions(statement: dict[str, Any]) -> list[str]:
    listed = statement["Action"]
    return listed if isinstance(listed, list) else [listed]


def granted(role: str, *, security_hub: bool = True) -> set[str]:
    """The actions of a role."""
    return {action for each in statements(role, security_hub=security_hub) for action in actions(each)}
