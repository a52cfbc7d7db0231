"""The lists of change sets: the resources that its template and parameters add, modify and remove."""

from __future__ import annotations

import json

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import client


def changes(aws: EmbeddedAws, kind: str, **parameters: str) -> list[tuple[str, str]]:
    """Return the changes that a change set names: (action, logical id). It is not executed."""
    queue = {"Type": "AWS::SQS::Queue"}
    template = {
        "Parameters": {"Wide": {"Type": "String", "Default": "no"}, "Name": {"Type": "String", "Default": "first"}},
        "Conditions": {"IsWide": {"Fn::Equals": [{"Ref": "Wide"}, "yes"]}},
        "Resources": {
            "Always": {**queue, "Properties": {"QueueName": {"Ref": "Name"}}},
            "Wide": {**queue, "Condition": "IsWide"},
        },
    }
    cloudformation = client(aws, "cloudformation")
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    made = cloudformation.create_change_set(
        StackName="wide", ChangeSetName=f"a{len(aws.calls)}", TemplateBody=json.dumps(template), Parameters=given,
        ChangeSetType=kind,
    )["Id"]  # fmt: skip
    listed = cloudformation.describe_change_set(ChangeSetName=made)["Changes"]
    if kind == "CREATE":
        cloudformation.execute_change_set(ChangeSetName=made)
    found = [each["ResourceChange"] for each in listed]
    return [(each["Action"], each["LogicalResourceId"]) for each in found]


def test_a_change_set_lists_what_will_be_there_and_nothing_else(aws: EmbeddedAws) -> None:
    assert changes(aws, "CREATE") == [("Add", "Always")]
    assert changes(aws, "UPDATE", Name="second") == [("Modify", "Always")]
    assert changes(aws, "UPDATE", Wide="yes") == [("Add", "Wide")]


def test_a_change_set_removes_what_its_condition_takes_away(aws: EmbeddedAws) -> None:
    assert changes(aws, "CREATE", Wide="yes") == [("Add", "Always"), ("Add", "Wide")]
    assert changes(aws, "UPDATE", Wide="no") == [("Remove", "Wide")]
