"""The rights that template.yaml grants: each role's actions, where they reach, and what no role may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudmend.aws import ledger, notices
from cloudmend.aws import stack as switch
from cloudmend.aws import world as regions
from cloudmend.aws.stack import NOTICE_PERMISSIONS
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.notice.event import NoticeRequest, ask_for_notice
from walkthrough.template import (
    GLOBALS,
    RESOURCES,
    RESPONDER,
    SWEEPER,
    TEMPLATE,
    UNDOER,
    actions,
    granted,
    managed,
    of_type,
    statements,
    unwrapped,
)

MENDERS = (RESPONDER, SWEEPER)
ROLES = tuple(of_type("AWS::IAM::Role"))
LEDGER_WRITES = {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}


def of_service(role: str, *services: str) -> set[str]:
    return {action for action in granted(role) if action.partition(":")[0] in services}


def by_sid(role: str, sid: str) -> dict[str, Any]:
    (found,) = [statement for statement in statements(role) if statement["Sid"] == sid]
    return found


def test_the_functions_roles_hold_what_the_code_declares_and_no_other() -> None:
    declared = {right.action for right in (*CONTROL.reads, *CONTROL.follows, *CONTROL.writes)}
    declared |= ledger.PERMISSIONS | notices.PERMISSIONS | switch.SWITCH_PERMISSIONS
    assert of_service(RESPONDER, "ec2", "dynamodb", "sns", "events", "securityhub", "ssm") == declared


@pytest.mark.parametrize("role", MENDERS)
def test_the_role_cannot_authorize_ingress(role: str) -> None:
    assert not [action for action in granted(role) if "Authorize" in action or "CreateTags" in action]


def test_only_the_role_for_people_can_open_anything() -> None:
    able = {role for role in ROLES if "ec2:AuthorizeSecurityGroupIngress" in granted(role)}
    assert able == {UNDOER}


def test_the_roles_differ_in_what_wakes_them() -> None:
    queue = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
    assert granted(SWEEPER) - granted(RESPONDER) == {*queue, *regions.REGIONS_PERMISSIONS}
    assert granted(RESPONDER) - granted(SWEEPER) == {"ec2:GetManagedPrefixListAssociations"}
    assert by_sid(SWEEPER, "LeaveWorkToItself")["Resource"] == {"Fn::GetAtt": ["ContinuationQueue", "Arn"]}


def test_who_answers_events_may_leave_work_to_the_sweep_and_not_take_any() -> None:
    leaving = by_sid(RESPONDER, "LeaveToTheNextHour")
    assert (actions(leaving), leaving["Resource"]) == (
        ["sqs:SendMessage"],
        {"Fn::GetAtt": ["ContinuationQueue", "Arn"]},
    )


@pytest.mark.parametrize("role", ROLES)
def test_a_role_grants_no_wildcard_and_brings_no_managed_policy(role: str) -> None:
    assert all(each["Effect"] == "Allow" and "NotAction" not in each for each in statements(role))
    assert not [action for action in granted(role) if "*" in action]
    assert "ManagedPolicyArns" not in RESOURCES[role]["Properties"]


def test_sam_adds_no_rights_of_its_own() -> None:
    functions = of_type("AWS::Serverless::Function").values()
    assert all("Role" in function and not function.keys() & {"Policies", "Events"} for function in functions)
    assert "Policies" not in GLOBALS


@pytest.mark.parametrize("role", ROLES)
def test_only_reads_that_know_no_resources_reach_everything(role: str) -> None:
    everywhere = {action for each in statements(role) if each["Resource"] == "*" for action in actions(each)}
    reads = ("ManagedPrefixLists", "Regions", "SecurityGroupRules", "SecurityGroups", "Vpcs")
    assert everywhere <= {f"ec2:Describe{what}" for what in reads}


@pytest.mark.parametrize(
    ("role", "sid"), [(RESPONDER, "SecurityGroupIngressMend"), (UNDOER, "SecurityGroupIngressUndo")]
)
def test_writes_stay_in_this_account_and_region(role: str, sid: str) -> None:
    here = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}"
    rules = [{"Fn::Sub": f"{here}:{kind}/*"} for kind in ("security-group", "security-group-rule")]
    assert by_sid(role, sid)["Resource"] == rules


@pytest.mark.parametrize(
    ("policy", "role", "here"),
    [("MendControlsElsewherePolicy", SWEEPER, RESPONDER), ("UndoControlsElsewherePolicy", UNDOER, UNDOER)],
)
def test_other_regions_are_reached_where_they_are_swept_with_no_more_than_at_home(
    policy: str, role: str, here: str
) -> None:
    assert {"Condition": "SweepsAllRegions"} in TEMPLATE["Conditions"][RESOURCES[policy]["Condition"]]["Fn::And"]
    assert RESOURCES[policy]["Properties"]["Roles"] == [{"Ref": role}]
    elsewhere = [unwrapped(each)[1] for each in RESOURCES[policy]["Properties"]["PolicyDocument"]["Statement"]]
    allowed = [each for each in elsewhere if each["Effect"] == "Allow"]
    at_home = [each for each in managed(here) if "Elsewhere" not in each["Sid"]]
    assert {action for each in allowed for action in actions(each)} <= {
        action for each in at_home for action in actions(each)
    }
    homes = [str({**each, "Sid": ""}).replace("${AWS::Region}", "*") for each in at_home]
    assert not [each for each in allowed if str({**each, "Sid": ""}) not in homes]


def test_the_sweep_alone_reads_the_ledger_by_time() -> None:
    assert by_sid(SWEEPER, "ReadLedgerByTime")["Resource"] == {"Fn::Sub": "${LedgerTable.Arn}/index/by-time"}
    assert "by-time" not in str(statements(RESPONDER))


@pytest.mark.parametrize("role", MENDERS)
def test_who_mends_cannot_exempt(role: str) -> None:
    keeping = by_sid(role, "KeepLedger")
    assert set(actions(keeping)) == LEDGER_WRITES
    assert keeping["Condition"] == {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": ["budget/*", "open", "place/*", "resource/*", "standing/*", "units"]
        }
    }
    assert not set(actions(by_sid(role, "ReadLedger"))) & LEDGER_WRITES


def test_the_role_for_people_uses_the_whole_ledger_and_restores_rules_with_their_tags() -> None:
    assert of_service(UNDOER, "dynamodb") == ledger.PERMISSIONS
    tags = by_sid(UNDOER, "SecurityGroupIngressUndo2")
    assert tags["Condition"] == {"StringEquals": {"ec2:CreateAction": "AuthorizeSecurityGroupIngress"}}
    assert "ec2:RevokeSecurityGroupIngress" not in granted(UNDOER)


def test_who_undoes_may_ask_for_a_notice_and_not_write_one() -> None:
    """They have no right to the topics, nor to the key, nor to an event of the source that tells of mends."""
    asking = by_sid(UNDOER, "AskForNotices")
    (entry,) = ask_for_notice(NoticeRequest(record="sg-1/x")).params["Entries"]
    assert asking["Condition"] == {
        "StringEquals": {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
    }
    assert entry["Source"] != by_sid(RESPONDER, "PutOwnEvents")["Condition"]["StringEquals"]["events:source"]
    assert asking["Resource"] == by_sid(RESPONDER, "PutOwnEvents")["Resource"]
    assert of_service(UNDOER, "events", "sns", "kms", "securityhub", "lambda", "logs", "ssm") == NOTICE_PERMISSIONS


def test_people_come_with_mfa_or_are_named() -> None:
    (trust,) = RESOURCES[UNDOER]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    condition, named, otherwise = trust["Condition"]["Fn::If"]
    assert condition == "NamesUndoPrincipal"
    assert named == {"ArnLike": {"aws:PrincipalArn": {"Ref": "UndoPrincipal"}}}
    assert otherwise == {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.mark.parametrize("role", MENDERS)
def test_a_function_logs_to_its_own_group_and_keeps_failures_in_its_own_queue(role: str) -> None:
    own = {action: statement["Resource"] for statement in statements(role) for action in actions(statement)}
    assert own["logs:CreateLogStream"] == own["logs:PutLogEvents"] == {"Fn::GetAtt": ["RemediationLogGroup", "Arn"]}
    assert by_sid(role, "KeepFailedEvents")["Resource"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    assert GLOBALS["LoggingConfig"]["LogGroup"] == {"Ref": "RemediationLogGroup"}


def test_the_schedule_wakes_the_sweep_and_nothing_else() -> None:
    assert granted("SweepTimerRole") == {"lambda:InvokeFunction", "sqs:SendMessage"}
    assert by_sid("SweepTimerRole", "WakeSweep")["Resource"] == {"Fn::GetAtt": ["SweepFunction", "Arn"]}


def test_the_topics_key_serves_the_functions_and_the_alarms_of_this_account() -> None:
    _, functions, alarms = RESOURCES["NoticeKey"]["Properties"]["KeyPolicy"]["Statement"]
    assert functions["Principal"]["AWS"] == [{"Fn::GetAtt": [role, "Arn"]} for role in MENDERS]
    via = [{"Fn::Sub": f"sns.${{AWS::Region}}.{suffix}"} for suffix in ("amazonaws.com", "${AWS::URLSuffix}")]
    assert functions["Condition"] == {"StringEquals": {"kms:ViaService": via}}
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


INLINE_LIMIT = 10_240  # characters of all inline policies of a role, without white space


@pytest.mark.parametrize("role", ROLES)
def test_what_stands_in_the_roles_themselves_is_far_from_their_limit(role: str) -> None:
    """It does not grow with the controls, whose rights are managed policies."""
    inline = [each for each in statements(role) if not each["Sid"].startswith("SecurityGroupIngress")]
    assert len("".join(json.dumps(inline).split())) < INLINE_LIMIT / 2
