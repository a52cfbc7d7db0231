"""Managed policies of a stack: attached, with the statements whose conditions hold, updated, and deleted."""

from __future__ import annotations

import json
from typing import Any

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import client
from local.embedded.test_stacks import update

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def statement(sid: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}


TEMPLATE: dict[str, Any] = {
    "Parameters": {"Rights": {"Type": "String", "Default": "observe"}},
    "Conditions": {
        "Hears": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Rights"}, "off"]}]},
        "Mends": {"Fn::Equals": [{"Ref": "Rights"}, "fix"]},
    },
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [TRUST]}},
        },
        "Policy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": "Hears",
            "Properties": {
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        statement("Read"),
                        {"Fn::If": ["Mends", statement("Mend"), {"Ref": "AWS::NoValue"}]},
                    ],
                },
            },
        },
    },
}


def granted(aws: EmbeddedAws) -> list[str]:
    """The statements of the role's managed policies, by their ids."""
    iam = client(aws, "iam")
    (role,) = iam.list_roles()["Roles"]
    attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    versions = [iam.get_policy_version(PolicyArn=each["PolicyArn"], VersionId="v1") for each in attached]
    return [each["Sid"] for version in versions for each in version["PolicyVersion"]["Document"]["Statement"]]


def test_a_managed_policy_has_the_statements_whose_conditions_hold_through_updates(aws: EmbeddedAws) -> None:
    cloudformation, iam = client(aws, "cloudformation"), client(aws, "iam")
    cloudformation.create_stack(StackName="small", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"])
    assert granted(aws) == ["Read"]
    update(aws, TEMPLATE, Rights="fix")
    assert granted(aws) == ["Read", "Mend"]
    assert len(iam.list_policies(Scope="Local")["Policies"]) == 1
    update(aws, TEMPLATE, Rights="off")
    assert granted(aws) == []
    update(aws, TEMPLATE, Rights="observe")
    assert granted(aws) == ["Read"]
    cloudformation.delete_stack(StackName="small")
    assert iam.list_policies(Scope="Local")["Policies"] == iam.list_roles()["Roles"] == []
