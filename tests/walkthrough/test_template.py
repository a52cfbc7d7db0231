"""template.yaml: its parameters, what wakes and keeps what, its alarms; and the sample event. Rights: test_roles."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from cloudmend.controls import every
from cloudmend.controls.catalog import CATALOG, REPLACEMENT_IPV4, REPLACEMENT_IPV6
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.keys import Table
from cloudmend.core.events import parse_event
from cloudmend.core.model import ApiCall
from cloudmend.core.notice.event import NoticeRequest, ask_for_notice
from cloudmend.core.policy.model import RIGHTS
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.target import resources
from cloudmend.lambda_ import world
from cloudmend.lambda_.telemetry import COUNTED, FLAGGED, SECONDS_TO_CLOSED, UNDELIVERED
from cloudmend.local.patterns.compiler import compile_pattern
from ledgers.backends import table_resource
from walkthrough.template import GLOBALS, RESOURCES, ROOT, TEMPLATE, of_type, unwrapped

FUNCTIONS = of_type("AWS::Serverless::Function")


def with_every_control_on(value: Any) -> Any:
    """What CloudFormation makes of a value of the template while each control hears its calls."""
    if isinstance(value, dict):
        if "Fn::If" in value:
            return with_every_control_on(value["Fn::If"][1])
        return {key: with_every_control_on(each) for key, each in value.items()}
    return [with_every_control_on(each) for each in value] if isinstance(value, list) else value


RULE: dict[str, Any] = with_every_control_on(RESOURCES["ScheduledRule"]["Properties"])
EVENT: dict[str, Any] = json.loads((ROOT / "events" / "event.json").read_text())

ACCEPTED = [
    ("GuardedPorts", ""),
    ("ReplacementIpv4", ""),
    ("ReplacementIpv4", "vpc"),
    ("ReplacementIpv6", ""),
    ("ReplacementIpv6", "revoke"),
    ("GuardedPorts", "22"),
    ("GuardedPorts", "22,3389"),
    ("GuardedPorts", "0-1,65535"),
    ("GuardedPorts", "8000-8100,udp/53,tcp/22"),
    ("ReplacementIpv4", "10.0.0.0/8"),
    ("ReplacementIpv4", "203.0.113.255/32"),
    ("ReplacementIpv6", "fd00::/8"),
    ("ReplacementIpv6", "2001:db8:1:2:3:4:5:6/128"),
    ("Settings", ""),
    ("Settings", "mode=observe"),
    ("Settings", "control.security_group_ingress.limits.ipv4=/16;mode.account.111122223333=off;"),
    ("Settings", "control.security_group_ingress.guarded=22,5432;control.sqs_policy_public.mode=observe"),
]
REFUSED = [
    *(("GuardedPorts", text) for text in ("22,", ",22", "22, 3389", "70000", "65536", "22-655360", "ssh", "icmp/8")),
    *(("GuardedPorts", text) for text in ("0", "22,0", "udp/0,22", "0-0", "00")),
    *(("ReplacementIpv4", text) for text in ("10.0.0.0", "10.0.0.0/33", "10.0.0.0/7", "0.0.0.0/0", "10.0.0/8")),
    *(("ReplacementIpv4", text) for text in ("256.0.0.0/8", "10.0.0.0./8", "fd00::/8", "10.0.0.0/8,10.1.0.0/16")),
    *(("Settings", text) for text in ("mode", "mode=", "guarded=22", ";mode=fix", "mode=fix;;", "mode = fix")),
    *(("SweepSchedule", text) for text in ("", "hourly", "rate(6)", "rate(6 hours", "6 hours")),
    *(("NoticeEmail", text) for text in ("somebody", "a@b", "a b@example.com")),
    *(("UndoPrincipal", text) for text in ("*", "somebody", "arn:aws:iam::123456789012:root")),
    *(("UndoPrincipal", f"arn:aws:{of}::123456789012:assumed-role/Admin/jane") for of in ("sts", "iam")),
    *(("ReplacementIpv6", text) for text in ("vpc,", "fd00::", "::/0", "fc00::/6", "fd00::/129", "10.0.0.0/8", "fd/8")),
]


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
    (variable,) = [parameter.variable for parameter in CATALOG.settings if parameter.template == name]
    parse_policy({variable: value}, catalog=CATALOG)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SweepSchedule", "rate(1 day)"),
        ("SweepSchedule", "cron(0 3 * * ? *)"),
        ("NoticeEmail", "somebody@example.com"),
        ("UndoPrincipal", "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"),
        ("UndoPrincipal", "arn:aws-us-gov:iam::123456789012:role/Admin"),
        ("UndoPrincipal", "arn:aws-cn:iam::123456789012:user/jane"),
    ],
)
def test_a_value_that_is_none_of_the_policys_is_accepted(name: str, value: str) -> None:
    assert matches(name, value)


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_a_value_that_makes_no_sense_is_refused_before_anything_is_deployed(name: str, value: str) -> None:
    assert not matches(name, value)


def test_the_parameters_reach_the_functions_under_the_policys_names() -> None:
    variables = GLOBALS["Environment"]["Variables"]
    settings = {parameter.variable: variables[parameter.variable]["Ref"] for parameter in CATALOG.settings}
    assert settings == {parameter.variable: parameter.template for parameter in CATALOG.settings}


def test_the_environment_names_what_the_functions_ask_for_and_nothing_else() -> None:
    asked = {value for value in vars(world).values() if isinstance(value, str) and value.startswith("CLOUDMEND_")}
    own = FUNCTIONS["SweepFunction"]["Environment"]["Variables"]
    given = {name for name in {**GLOBALS["Environment"]["Variables"], **own} if name.startswith("CLOUDMEND_")}
    assert given == asked | {parameter.variable for parameter in CATALOG.settings} | {RIGHTS}


def test_what_the_stack_lets_each_control_do_reaches_the_functions() -> None:
    blank, words = GLOBALS["Environment"]["Variables"][RIGHTS]["Fn::Join"]
    parameters = {name: value["Default"] for name, value in TEMPLATE["Parameters"].items()}
    filled = [re.sub(r"\$\{(\w+)\}", lambda found: parameters[found[1]], word["Fn::Sub"]) for word in words]
    policy = parse_policy({RIGHTS: blank.join(filled)}, catalog=CATALOG)
    assert policy.rights == {control.id: control.mode for control in every()}


@pytest.mark.parametrize("parameter", CATALOG.settings, ids=lambda parameter: parameter.template)
def test_the_template_leaves_it_to_the_policy_file_unless_told_otherwise(parameter: Any) -> None:
    assert TEMPLATE["Parameters"][parameter.template]["Default"] == ""


def test_the_default_replacements_are_accepted_by_their_own_patterns() -> None:
    defaults = Table().replacement
    assert matches(REPLACEMENT_IPV4.template, defaults.ipv4)
    assert matches(REPLACEMENT_IPV6.template, defaults.ipv6)


def test_what_fails_is_kept_on_every_way_out() -> None:
    queue = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    (target,) = RULE["Targets"]
    assert target["DeadLetterConfig"]["Arn"] == queue
    for function in FUNCTIONS.values():
        assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == queue
    assert RESOURCES["SweepTimer"]["Properties"]["Target"]["DeadLetterConfig"]["Arn"] == queue
    assert RESOURCES["ContinuationQueue"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == queue
    assert RESOURCES["DeadLetterQueue"]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 60 * 60


def test_eventbridge_may_reach_function_and_queue_for_these_rules_only() -> None:
    names = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Events::Rule"]
    rules = [{"Fn::GetAtt": [name, "Arn"]} for name in names]
    (statement,) = RESOURCES["DeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    let_in = [unwrapped(each) for each in statement["Condition"]["ArnEquals"]["aws:SourceArn"]]
    assert in_order(arn for _, arn in let_in) == in_order(rules)
    for condition, arn in let_in:
        assert condition == RESOURCES[arn["Fn::GetAtt"][0]].get("Condition", "")
    permissions = of_type("AWS::Lambda::Permission").values()
    assert {each["Principal"] for each in permissions} == {"events.amazonaws.com"}
    assert in_order(each["SourceArn"] for each in permissions) == in_order(rules)


def in_order(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=str)


def test_a_request_for_a_notice_wakes_the_function_and_is_kept_like_an_event() -> None:
    asking = RESOURCES["NoticeRequestRule"]["Properties"]
    (entry,) = ask_for_notice(NoticeRequest(record="sg-1/x")).params["Entries"]
    assert asking["EventPattern"] == {"source": [entry["Source"]], "detail-type": [entry["DetailType"]]}
    assert asking["Targets"] == RULE["Targets"]


def test_the_pattern_is_written_once_and_names_the_controls_events() -> None:
    names = RULE["EventPattern"]["detail"]["eventName"]
    assert sorted(names) == sorted(trigger.name for trigger in CONTROL.triggers)


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
    (resource,) = resources(CONTROL, call)
    assert resource.id == EVENT["detail"]["requestParameters"]["groupId"]


def test_nothing_but_the_ledger_survives_the_stack() -> None:
    kept = {name: resource for name, resource in RESOURCES.items() if resource.get("DeletionPolicy") == "Retain"}
    assert kept == {"LedgerTable": table_resource()}


def test_partition_and_url_suffix_are_aws_s_to_say() -> None:
    """Service principals, and the names of CloudTrail's sources, are the same in every partition."""
    text = json.dumps(RESOURCES)
    assert re.findall(r"arn:aws[a-z-]*:", text) == []
    named = set(re.findall(r"[^\"]*amazonaws\.com[^\"]*", text))
    principals = {f"{service}.amazonaws.com" for service in ("cloudwatch", "events", "lambda", "scheduler")}
    sources = {trigger.source for control in every() for trigger in control.triggers}
    groups = {"*http://acs.amazonaws.com/groups/global/*"}  # as ACLs of S3 name them, in every partition
    assert named - {"sns.${AWS::Region}.amazonaws.com"} == principals | sources | groups


def test_no_deployment_of_a_newer_template_resets_the_switch() -> None:
    """CloudFormation leaves a resource alone whose definition is the deployed one, whatever became of its value."""
    assert RESOURCES["ModeParameter"] == {
        "Type": "AWS::SSM::Parameter",
        "Properties": {
            "Name": {"Fn::Sub": "/cloudmend/${AWS::StackName}/mode"},
            "Description": "as-deployed, fix or observe.",
            "Type": "String",
            "Value": "as-deployed",
            "AllowedPattern": "^(as-deployed|fix|observe)$",
        },
    }


def test_a_message_of_the_sweep_is_out_of_sight_longer_than_the_sweep_can_take() -> None:
    timeout = FUNCTIONS["SweepFunction"]["Timeout"]
    assert RESOURCES["ContinuationQueue"]["Properties"]["VisibilityTimeout"] == 6 * timeout
    assert RESOURCES["ContinuationMapping"]["Properties"]["BatchSize"] == 1


def metrics() -> set[str]:
    """The metrics of our own that the template's alarms and dashboard read."""
    alarms = of_type("AWS::CloudWatch::Alarm").values()
    plain = {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "cloudmend"}
    combined = [
        part["MetricStat"]["Metric"] for alarm in alarms for part in alarm.get("Metrics", ()) if "MetricStat" in part
    ]
    body = json.loads(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    rows = [
        row for widget in body["widgets"] for row in widget["properties"]["metrics"] if row[0] in ("cloudmend", ".")
    ]
    shown = {row[1] for row in rows} - {"FailedInvocations"}
    return plain | {metric["MetricName"] for metric in combined} | shown


def test_the_dashboard_can_be_left_out() -> None:
    assert RESOURCES["Dashboard"]["Condition"] == "ShowsDashboard"
    assert TEMPLATE["Conditions"]["ShowsDashboard"] == {"Fn::Equals": [{"Ref": "ShowDashboard"}, "on"]}
    assert TEMPLATE["Parameters"]["ShowDashboard"]["Default"] == "on"


def test_alarms_and_dashboard_read_what_the_functions_count() -> None:
    assert metrics() <= {*COUNTED.values(), *FLAGGED, SECONDS_TO_CLOSED, UNDELIVERED}
    alarms = of_type("AWS::CloudWatch::Alarm").values()
    assert {"BudgetExhausted", "Missed", "LedgerUnreadable", UNDELIVERED} <= {
        alarm.get("MetricName") for alarm in alarms
    }
    assert all(alarm["AlarmActions"] == [{"Ref": "NoticeTopic"}] for alarm in alarms)
