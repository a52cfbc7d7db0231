"""doctor's judgement of what AWS answers, where the embedded AWS cannot be brought to answer it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from cloudmend.cli.doctor import check, function, rule, settings, trail
from cloudmend.cli.doctor.check import Answer, Deployment, all_of
from cloudmend.cli.doctor.trail import Trail
from cloudmend.core.event_rules import EventRule

HERE = Deployment(account="111122223333", region="eu-west-1", partition="aws", stack="cloudmend")
AUTHORIZE = ("ec2.amazonaws.com", "AuthorizeSecurityGroupIngress")
SHARE = ("rds.amazonaws.com", "ModifyDBSnapshotAttribute")
MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


def a_trail(name: str = "main", **properties: Any) -> Trail:
    return Trail(
        name=name, arn=f"arn:aws:cloudtrail:eu-west-1:111122223333:trail/{name}", home="eu-west-1", **properties
    )


@pytest.mark.parametrize(
    ("fields", "records"),
    [
        ([], True),
        ([{"Field": "readOnly", "Equals": ["false"]}], True),
        ([{"Field": "readOnly", "Equals": ["true"]}], False),
        ([{"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}], True),
        ([{"Field": "eventSource", "NotEquals": ["ec2.amazonaws.com"]}], False),
        ([{"Field": "eventName", "StartsWith": ["Authorize", "Modify"]}], True),
        ([{"Field": "eventName", "NotStartsWith": ["Authorize"]}], False),
        ([{"Field": "eventSource", "EndsWith": [".amazonaws.com"]}], True),
        ([{"Field": "eventSource", "NotEndsWith": [".amazonaws.com"]}], False),
        ([{"Field": "userIdentity.arn", "Equals": ["arn:aws:iam::111122223333:user/one"]}], False),
    ],
)
def test_advanced_selectors_record_the_call_where_it_meets_each_of_their_fields(
    fields: list[dict[str, Any]], *, records: bool
) -> None:
    selectors = {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT, *fields]}]}
    assert a_trail(selectors=selectors).records(AUTHORIZE) is records


@pytest.mark.parametrize(
    ("selector", "records"),
    [
        ({}, True),
        ({"ReadWriteType": "WriteOnly"}, True),
        ({"ReadWriteType": "ReadOnly"}, False),
        ({"IncludeManagementEvents": False}, False),
        ({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, True),
        ({"ExcludeManagementEventSources": ["ec2.amazonaws.com"]}, False),
    ],
)
def test_basic_selectors_record_the_call_unless_they_say_otherwise(selector: dict[str, Any], *, records: bool) -> None:
    assert a_trail(selectors={"EventSelectors": [{"ReadWriteType": "All", **selector}]}).records(AUTHORIZE) is records


def test_one_good_trail_is_enough_and_one_that_is_hidden_may_be_it() -> None:
    stopped, good, hidden = a_trail("old"), a_trail(is_logging=True), a_trail("organization", problem="it is not ours.")
    assert trail.judge([stopped, hidden, good], [AUTHORIZE], HERE).verdict == "ok"
    assert trail.judge([stopped, hidden], [AUTHORIZE], HERE).verdict == "unknown"
    assert trail.judge([stopped], [AUTHORIZE], HERE).fix.startswith(
        "aws cloudtrail start-logging --name arn:aws:cloudtrail:"
    )


def test_calls_that_no_trail_records_are_named_and_two_trails_may_share_them() -> None:
    fields = [MANAGEMENT, {"Field": "eventSource", "NotEquals": ["rds.amazonaws.com"]}]
    without_rds = {"AdvancedEventSelectors": [{"FieldSelectors": fields}]}
    main = a_trail(is_logging=True, selectors=without_rds)
    answer = trail.judge([main], [AUTHORIZE, SHARE], HERE)
    assert answer.verdict == "broken"
    assert answer.found == (
        "Trail main (eu-west-1) leaves out ModifyDBSnapshotAttribute: EventBridge does not receive these calls."
    )
    assert "put-event-selectors" in answer.fix
    only_rds = {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventSource", "Equals": [SHARE[0]]}]}]}
    other = a_trail("other", is_logging=True, selectors=only_rds)
    assert trail.judge([main, other], [AUTHORIZE, SHARE], HERE).verdict == "ok"


def test_of_several_the_faults_are_told_and_each_has_its_fix() -> None:
    well, warned, ill, hidden = (
        Answer("ok", "A is well."),
        Answer("warning", "B is late.", "b"),
        Answer("broken", "C is gone.", "c"),
        Answer.hidden("D may not be read."),
    )
    assert all_of([well, well], "All are well.") == Answer("ok", "All are well.")
    told = "B is late. C is gone. Not checked: D may not be read."
    assert all_of([well, warned, ill, hidden], "All are well.") == Answer("broken", told, "b && c")
    assert all_of([warned, hidden], "").verdict == "unknown"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("CREATE_COMPLETE", "ok"),
        ("UPDATE_COMPLETE", "ok"),
        ("UPDATE_IN_PROGRESS", "warning"),
        ("UPDATE_ROLLBACK_COMPLETE", "warning"),
        ("ROLLBACK_COMPLETE", "broken"),
        ("UPDATE_ROLLBACK_FAILED", "broken"),
        ("CREATE_FAILED", "broken"),
        ("REVIEW_IN_PROGRESS", "warning"),
    ],
)
def test_a_stack_is_as_well_as_its_status(status: str, verdict: str) -> None:
    answer = check.stack({"StackStatus": status}, (), HERE)
    assert (answer.verdict, bool(answer.fix)) == (verdict, verdict != "ok")


@pytest.mark.parametrize(
    ("configuration", "verdict"),
    [
        ({"State": "Active", "LastUpdateStatus": "Successful"}, "ok"),
        ({"State": "Pending", "LastUpdateStatus": "InProgress"}, "warning"),
        ({"State": "Failed", "StateReason": "no subnet"}, "broken"),
        ({"State": "Active", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no key"}, "broken"),
    ],
)
def test_a_function_is_as_well_as_its_state_and_its_last_update(configuration: dict[str, str], verdict: str) -> None:
    answer = function.function(configuration, {"ReservedConcurrentExecutions": 5}, "mend", HERE)
    assert answer.verdict == verdict
    assert all(value in answer.found for value in configuration.values() if value.startswith("no"))


def test_a_rule_that_also_passes_on_read_only_calls_is_enabled() -> None:
    state = {"State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}
    assert rule.rule(state, EventRule("Wake", AUTHORIZE[0], AUTHORIZE[1:]), "wake", HERE).verdict == "ok"


def test_an_alias_of_the_function_is_a_target_and_another_function_is_not() -> None:
    arn = HERE.arn("lambda", "function:mend")
    assert rule.target([{"Arn": f"{arn}:live"}], "wake", "mend", HERE).verdict == "ok"
    assert rule.target([{"Arn": f"{arn}-2"}], "wake", "mend", HERE).verdict == "broken"


def test_the_last_sweep_is_the_newest_line_of_the_sweeping_function() -> None:
    streams = [
        {"logStreamName": "2026/11/24/sweep[$LATEST]1", "lastEventTimestamp": 1_795_500_000_000},
        {"logStreamName": "2026/11/24/mend[$LATEST]2", "lastEventTimestamp": 1_795_600_000_000},
    ]
    assert function.last_sweep(streams, "sweep", HERE).found == "The last sweep was at 2026-11-24T06:00:00Z."
    assert function.last_sweep(streams[1:], "sweep", HERE).verdict == "warning"


def test_a_line_that_is_not_json_is_told_as_it_is() -> None:
    lines = [
        {"timestamp": 0, "message": "[ERROR] first"},
        {"timestamp": 1000, "message": "[ERROR] Runtime.ImportModule"},
    ]
    answer = function.errors(lines, 0, "/cloudmend/cloudmend", HERE)
    assert answer.found.startswith("2 in the log /cloudmend/cloudmend")
    assert answer.found.endswith("the last at 1970-01-01T00:00:01Z: [ERROR] Runtime.ImportModule")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [("as-deployed", "ok"), ("fix", "ok"), ("observe", "warning"), ("off", "warning"), (None, "warning")],
)
def test_a_switch_that_does_not_say_fix_is_a_warning(value: str | None, verdict: str) -> None:
    assert settings.switch(value, "/cloudmend/mode", HERE).verdict == verdict


@pytest.mark.parametrize(
    ("status", "verdict"), [("ACTIVE", "ok"), ("UPDATING", "ok"), ("ARCHIVED", "broken"), (None, "broken")]
)
def test_a_ledger_that_is_gone_or_cannot_be_written_is_broken(status: str | None, verdict: str) -> None:
    described = {"Table": {"TableStatus": status}} if status else None
    answer = function.ledger(described, "ledger", HERE)
    assert (answer.verdict, bool(answer.fix)) == (verdict, verdict == "broken")


def test_the_queue_that_is_made_anew_lets_in_both_rules_as_the_template_does() -> None:
    here = Deployment(
        account="111122223333",
        region="eu-west-1",
        partition="aws",
        stack="cloudmend",
        resources={"ScheduledRule": "calls", "NoticeRequestRule": "notices"},
        rule_ids=("ScheduledRule", "RdsControlsRule", "NoticeRequestRule"),
    )
    words = shlex.split(function.dead_letters(None, "https://sqs.eu-west-1.amazonaws.com/111122223333/dead", here).fix)
    attributes = json.loads(words[words.index("--attributes") + 1])
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == [
        "arn:aws:events:eu-west-1:111122223333:rule/calls",
        "arn:aws:events:eu-west-1:111122223333:rule/notices",
    ]
