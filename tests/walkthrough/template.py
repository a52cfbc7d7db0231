"""template.yaml as the tests read it: its resources, and what each role may do."""

from __future__ import annotations

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


def statements(role: str, *, security_hub: bool = True) -> list[dict[str, Any]]:
    """Every statement of a role: of its own policies, and of those that name it."""
    shared = [policy for policy in of_type("AWS::IAM::Policy").values() if {"Ref": role} in policy["Roles"]]
    policies = [*RESOURCES[role]["Properties"].get("Policies", ()), *shared]
    found = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    return [statement for statement in found if security_hub or statement["Sid"] != "ImportOwnFindings"]


def actions(statement: dict[str, Any]) -> list[str]:
    listed = statement["Action"]
    return listed if isinstance(listed, list) else [listed]


def granted(role: str, *, security_hub: bool = True) -> set[str]:
    """The actions of a role."""
    return {action for each in statements(role, security_hub=security_hub) for action in actions(each)}
