"""template.yaml: its parameters, the rights it grants, the rule that wakes the function; and the sample event."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from cloudmend.controls import CONTROLS
from cloudmend.core.events import parse_event
from cloudmend.core.model import ApiCall
from cloudmend.core.policy import PARAMETERS, REPLACEMENT, parse_policy
from cloudmend.local.patterns import compile_pattern

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
FUNCTION: dict[str, Any] = RESOURCES["SecurityGroupRemediationLambda"]["Properties"]
RULE: dict[str, Any] = RESOURCES["ScheduledRule"]["Properties"]
EVENT: dict[str, Any] = json.loads((ROOT / "events" / "event.json").read_text())

ACCEPTED = [
    ("GuardedPorts", ""),
    ("ReplacementIpv4", ""),
    ("ReplacementIpv4", "vpc"),
    ("ReplacementIpv6", ""),
    ("ReplacementIpv6", "revoke"),
    ("GuardedPorts", "22"),
    ("GuardedPorts", "22,3389"),
    ("GuardedPorts", "0,65535"),
    ("GuardedPorts", "8000-8100,udp/53,tcp/22"),
    ("ReplacementIpv4", "10.0.0.0/8"),
    ("ReplacementIpv4", "203.0.113.255/32"),
    ("ReplacementIpv6", "fd00::/8"),
    ("ReplacementIpv6", "2001:db8:1:2:3:4:5:6/128"),
]
REFUSED = [
    *(("GuardedPorts", text) for text in ("22,", ",22", "22, 3389", "70000", "65536", "22-655360", "ssh", "icmp/8")),
    *(("ReplacementIpv4", text) for text in ("10.0.0.0", "10.0.0.0/33", "10.0.0.0/7", "0.0.0.0/0", "10.0.0/8")),
    *(("ReplacementIpv4", text) for text in ("256.0.0.0/8", "10.0.0.0./8", "fd00::/8", "10.0.0.0/8,10.1.0.0/16")),
    *(("ReplacementIpv6", text) for text in ("vpc,", "fd00::", "::/0", "fc00::/6", "fd00::/129", "10.0.0.0/8", "fd/8")),
]


def statements() -> list[dict[str, Any]]:
    """Every statement of the function's role."""
    policies = RESOURCES["SecurityGroupRemediationRole"]["Properties"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def actions(statement: dict[str, Any]) -> list[str]:
    listed = statement["Action"]
    return listed if isinstance(listed, list) else [listed]


def matches(parameter: str, value: str) -> bool:
    return re.fullmatch(TEMPLATE["Parameters"][parameter]["AllowedPattern"], value) is not None


def test_cfn_lint_finds_nothing() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), ROOT / "template.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_a_parameter_has_a_default_and_says_what_it_takes(name: str) -> None:
    parameter = TEMPLATE["Parameters"][name]
    assert {"Default", "Description", "ConstraintDescription"} <= parameter.keys()
    assert parameter.keys() & {"AllowedPattern", "AllowedValues", "MinValue"}
    assert name in parameter["ConstraintDescription"]


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_a_value_that_the_template_accepts_is_a_policy(name: str, value: str) -> None:
    assert matches(name, value)
    (variable,) = [parameter.variable for parameter in PARAMETERS if parameter.template == name]
    parse_policy({variable: value})


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_value_that_makes_no_sense_is_refused_before_anything_is_deployed(name: str, value: str) -> None:
    assert not matches(name, value)


def test_the_parameters_reach_the_function_under_the_policys_names() -> None:
    variables = FUNCTION["Environment"]["Variables"]
    settings = {name: value["Ref"] for name, value in variables.items() if name.startswith("CLOUDMEND_")}
    assert settings == {parameter.variable: parameter.template for parameter in PARAMETERS}


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.template)
def test_the_template_leaves_it_to_the_policy_file_unless_told_otherwise(parameter: Any) -> None:
    assert TEMPLATE["Parameters"][parameter.template]["Default"] == ""


def test_the_default_replacements_are_accepted_by_their_own_patterns() -> None:
    assert all(matches(parameter.template, parameter.default) for parameter in REPLACEMENT.values())


def test_the_role_holds_the_controls_ec2_actions_and_no_other() -> None:
    granted = [action for statement in statements() for action in actions(statement) if action.startswith("ec2:")]
    assert sorted(granted) == sorted(set().union(*(control.permissions for control in CONTROLS)))


def test_the_role_cannot_authorize_ingress() -> None:
    assert not [action for statement in statements() for action in actions(statement) if "Authorize" in action]


def test_the_role_grants_no_wildcard_and_brings_no_managed_policy() -> None:
    assert all(statement["Effect"] == "Allow" and "NotAction" not in statement for statement in statements())
    assert not [action for statement in statements() for action in actions(statement) if "*" in action]
    assert "ManagedPolicyArns" not in RESOURCES["SecurityGroupRemediationRole"]["Properties"]
    assert "Policies" not in FUNCTION


def test_only_reads_that_know_no_resources_reach_everything() -> None:
    everywhere = [statement for statement in statements() if statement["Resource"] == "*"]
    assert [actions(statement) for statement in everywhere] == [
        [f"ec2:Describe{what}" for what in ("ManagedPrefixLists", "SecurityGroupRules", "SecurityGroups", "Vpcs")]
    ]


def test_writes_stay_in_this_account_and_region() -> None:
    (narrow,) = [statement for statement in statements() if statement["Sid"] == "NarrowRules"]
    here = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}"
    assert narrow["Resource"] == [{"Fn::Sub": f"{here}:{kind}/*"} for kind in ("security-group", "security-group-rule")]


def test_the_function_logs_to_its_own_group_and_keeps_failures_in_its_own_queue() -> None:
    own = {action: statement["Resource"] for statement in statements() for action in actions(statement)}
    assert own["logs:CreateLogStream"] == own["logs:PutLogEvents"] == {"Fn::GetAtt": ["RemediationLogGroup", "Arn"]}
    assert own["sqs:SendMessage"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    assert FUNCTION["LoggingConfig"]["LogGroup"] == {"Ref": "RemediationLogGroup"}


def test_an_event_that_fails_is_kept_on_both_ways_out() -> None:
    queue = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    (target,) = RULE["Targets"]
    assert target["DeadLetterConfig"]["Arn"] == queue
    assert FUNCTION["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == queue
    assert RESOURCES["DeadLetterQueue"]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 60 * 60


def test_eventbridge_may_reach_function_and_queue_for_this_rule_only() -> None:
    rule = {"Fn::GetAtt": ["ScheduledRule", "Arn"]}
    (statement,) = RESOURCES["DeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}
    permission = RESOURCES["LambdaInvokePermission"]["Properties"]
    assert (permission["Principal"], permission["SourceArn"]) == ("events.amazonaws.com", rule)


def test_the_pattern_is_written_once_and_names_the_controls_events() -> None:
    assert [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Events::Rule"] == [
        "ScheduledRule"
    ]
    assert "Events" not in FUNCTION
    names = RULE["EventPattern"]["detail"]["eventName"]
    assert sorted(names) == sorted(set().union(*(control.event_names for control in CONTROLS)))


WRAPPED = {"ModifySecurityGroupRulesRequest": {"GroupId": "sg-05fe30eb67c909f27", "SecurityGroupRule": ""}}
FLAT = {"groupId": "sg-05fe30eb67c909f27", "cidrIp": "0.0.0.0/0", "ipPermissions": {}}

WAKES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "the sample event": ({}, {}, True),
    "a flat opening": ({}, {"requestParameters": FLAT}, True),
    "a modified rule": ({}, {"eventName": "ModifySecurityGroupRules", "requestParameters": WRAPPED}, True),
    "parameters too large to be told": ({}, {"requestParameters": None}, True),
    "its own write": ({}, {"eventName": "ModifySecurityGroupRules", "userIdentity": {"type": "AssumedRole"}}, True),
    "a refused call": ({}, {"errorCode": "Client.UnauthorizedOperation"}, False),
    "a dry run": ({}, {"errorCode": "Client.DryRunOperation"}, False),
    "a copy whose errorCode is null": ({}, {"errorCode": None}, False),
    "a prefix list that grows": ({}, {"eventName": "ModifyManagedPrefixList"}, True),
    "a prefix list as it was once": ({}, {"eventName": "RestoreManagedPrefixListVersion"}, True),
    "a revocation": ({}, {"eventName": "RevokeSecurityGroupIngress"}, False),
    "an egress rule": ({}, {"eventName": "AuthorizeSecurityGroupEgress"}, False),
    "another service's call of that name": ({}, {"eventSource": "rds.amazonaws.com"}, False),
    "an event of another source": ({"source": "my.app"}, {}, False),
    "EC2's other events": ({"detail-type": "EC2 Instance State-change Notification"}, {}, False),
}


@pytest.mark.parametrize(("envelope", "detail", "wakes"), WAKES.values(), ids=WAKES.keys())
def test_the_rule_matches_what_can_open_a_group_and_nothing_else(
    envelope: dict[str, Any], detail: dict[str, Any], wakes: bool
) -> None:
    event = {**EVENT, **envelope, "detail": {**EVENT["detail"], **detail}}
    assert compile_pattern(json.dumps(RULE["EventPattern"])).matches(event) is wakes


def test_the_sample_event_names_its_group_in_one_place() -> None:
    assert re.findall(r"sg-[0-9a-f]+", json.dumps(EVENT)) == [EVENT["detail"]["requestParameters"]["groupId"]]


def test_the_sample_event_points_a_control_at_its_group() -> None:
    call = parse_event(EVENT)
    assert isinstance(call, ApiCall)
    (resource,) = [resource for control in CONTROLS if control.watches(call) for resource in control.targets(call)]
    assert resource.id == EVENT["detail"]["requestParameters"]["groupId"]


def test_nothing_survives_the_stack() -> None:
    assert all(resource.get("DeletionPolicy", "Delete") == "Delete" for resource in RESOURCES.values())
