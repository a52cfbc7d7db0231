"""Which events reach the function, in what form, and where those end that do not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import (
    ACCOUNT,
    SETTLE_S,
    client,
    deploy,
    messages,
    open_to_the_world,
    put_event,
    with_properties,
    without,
)

FAILURES = f"arn:aws:sqs:us-east-1:{ACCOUNT}:failures"
DEAD_LETTERS = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead-letters"


def test_an_event_that_the_rule_matches_reaches_the_function_whole(aws: EmbeddedAws) -> None:
    stack = deploy(aws)
    event_id = put_event(aws, key=["value"])

    (delivery,) = aws.deliveries
    event = delivery.invocations[0].payload["event"]
    assert (event["id"], event["source"], event["detail"]) == (event_id, "test", {"key": ["value"]})
    assert (event["account"], event["region"]) == (ACCOUNT, "us-east-1")
    assert delivery.rule == f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{stack['RuleName']}"
    assert delivery.target == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{stack['FunctionName']}"
    assert (delivery.event_id, delivery.attempts, delivery.error) == (event_id, 1, None)
    assert not delivery.dead_lettered
    assert delivery.ended_in is None


def test_a_call_to_ec2_wakes_the_function(aws: EmbeddedAws) -> None:
    deploy(aws)
    group = open_to_the_world(aws)
    aws.settle(SETTLE_S)

    details = [delivery.invocations[0].payload["event"]["detail"] for delivery in aws.deliveries]
    assert [detail["eventName"] for detail in details] == ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress"]
    assert details[1]["requestParameters"]["groupId"] == group


def test_an_event_that_the_rule_does_not_match_reaches_nobody(aws: EmbeddedAws) -> None:
    deploy(aws)
    event_id = put_event(aws, errorCode="Client.UnauthorizedOperation")

    assert aws.deliveries == ()
    assert aws.events[-1]["id"] == event_id


def test_a_disabled_rule_delivers_nothing(aws: EmbeddedAws) -> None:
    client(aws, "events").disable_rule(Name=deploy(aws)["RuleName"])
    put_event(aws)

    assert aws.deliveries == ()


def test_a_rule_made_by_put_rule_delivers_as_well(aws: EmbeddedAws) -> None:
    stack = deploy(aws, without("Rule", "Permission", "DeadLetterQueuePolicy"))
    function = client(aws, "lambda").get_function(FunctionName=stack["FunctionName"])["Configuration"]["FunctionArn"]
    events = client(aws, "events")
    rule = events.put_rule(Name="mine", EventPattern=json.dumps({"source": ["test"]}))["RuleArn"]
    events.put_targets(Rule="mine", Targets=[{"Id": "function", "Arn": function}])
    client(aws, "lambda").add_permission(
        FunctionName=function,
        StatementId="let-the-rule-in",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    put_event(aws)

    assert [delivery.error for delivery in aws.deliveries] == [None]


def test_an_event_put_whole_can_come_late_and_twice(aws: EmbeddedAws) -> None:
    deploy(aws)
    event = {"id": "one", "source": "test", "account": ACCOUNT, "region": "us-east-1", "time": "2020-01-01T00:00:00Z"}
    for _ in range(2):
        aws.put_event(event)
    aws.settle(SETTLE_S)

    assert [delivery.invocations[0].payload["event"] for delivery in aws.deliveries] == [event, event]


@pytest.mark.parametrize(
    ("given", "received"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail"}, {"name": 'a "quoted" name', "count": 3}),
        ({"InputPath": "$.detail.absent"}, None),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"name": "$.detail.name", "count": "$.detail.count", "detail": "$.detail"},
                    "InputTemplate": '{"name": <name>, "n": <count>, "all": <detail>, "text": "<count> of <name>"}',
                }
            },
            {
                "name": 'a "quoted" name',
                "n": 3,
                "all": {"name": 'a "quoted" name', "count": 3},
                "text": '3 of a "quoted" name',
            },
        ),
    ],
)
def test_the_target_says_what_the_function_gets(aws: EmbeddedAws, given: dict[str, Any], received: Any) -> None:
    echo = "def handler(event, context):\n    return event\n"
    target = {"Id": "function", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}, **given}
    deploy(aws, with_properties("Rule", with_properties("Function", InlineCode=echo), Targets=[target]))
    put_event(aws, name='a "quoted" name', count=3)

    assert aws.deliveries[0].invocations[0].payload == received


def test_without_permission_the_event_goes_to_the_dead_letter_queue_at_once(aws: EmbeddedAws) -> None:
    stack = deploy(aws, without("Permission"))
    event_id = put_event(aws, key="value")

    (delivery,) = aws.deliveries
    assert (delivery.attempts, delivery.error) == (0, "NO_PERMISSIONS")
    assert delivery.dead_lettered
    assert delivery.ended_in == DEAD_LETTERS
    (letter,) = messages(aws, "dead-letters")
    assert letter["body"]["id"] == event_id
    assert letter["attributes"]["ERROR_CODE"] == "NO_PERMISSIONS"
    assert letter["attributes"]["RULE_ARN"].endswith(f":rule/{stack['RuleName']}")
    assert letter["attributes"]["TARGET_ARN"].endswith(f":function:{stack['FunctionName']}")


def test_a_permission_for_another_rule_is_none(aws: EmbeddedAws) -> None:
    deploy(aws, with_properties("Permission", SourceArn=f"arn:aws:events:us-east-1:{ACCOUNT}:rule/other"))
    put_event(aws)

    assert aws.deliveries[0].error == "NO_PERMISSIONS"


def test_a_queue_that_does_not_let_the_rule_in_gets_nothing(aws: EmbeddedAws) -> None:
    deploy(aws, without("Permission", "DeadLetterQueuePolicy"))
    put_event(aws)

    assert (aws.deliveries[0].dead_lettered, aws.deliveries[0].ended_in) == (False, None)
    assert messages(aws, "dead-letters") == []


def test_an_event_for_a_function_that_is_gone_goes_to_the_dead_letter_queue(aws: EmbeddedAws) -> None:
    client(aws, "lambda").delete_function(FunctionName=deploy(aws)["FunctionName"])
    put_event(aws)

    assert (aws.deliveries[0].error, aws.deliveries[0].ended_in) == ("NO_RESOURCE", DEAD_LETTERS)


def test_a_function_that_fails_is_tried_three_times_then_its_failure_is_recorded(aws: EmbeddedAws) -> None:
    stack = deploy(aws)
    event_id = put_event(aws, fail=True)

    (delivery,) = aws.deliveries
    assert (delivery.attempts, delivery.error) == (3, "ValueError")
    assert (delivery.dead_lettered, delivery.ended_in) == (False, FAILURES)
    (message,) = messages(aws, "failures")
    record = message["body"]
    assert record["requestPayload"]["id"] == event_id
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"].endswith(f":function:{stack['FunctionName']}:$LATEST")
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorType"] == "ValueError"
    assert record["responsePayload"]["errorMessage"] == "asked to fail"
    assert messages(aws, "dead-letters") == []


def test_all_tries_of_an_event_have_one_request_id(aws: EmbeddedAws) -> None:
    deploy(aws)
    put_event(aws, fail=True)

    assert len({invocation.request_id for invocation in aws.deliveries[0].invocations}) == 1


def test_the_template_says_how_often_it_is_tried(aws: EmbeddedAws) -> None:
    deploy(aws, with_properties("Function", EventInvokeConfig={"MaximumRetryAttempts": 0}))
    put_event(aws, fail=True)

    assert (aws.deliveries[0].attempts, aws.deliveries[0].ended_in) == (1, None)


def test_a_function_without_concurrency_is_not_tried_at_all(aws: EmbeddedAws) -> None:
    deploy(aws, with_properties("Function", ReservedConcurrentExecutions=0))
    put_event(aws)

    assert (aws.deliveries[0].attempts, aws.deliveries[0].error) == (0, "ZeroReservedConcurrency")
    assert aws.deliveries[0].ended_in == FAILURES


@pytest.mark.parametrize(
    "pattern", ["{}", '{"source": []}', '{"source": "test"}', "not json", '{"a": [{"like": "b"}]}']
)
def test_put_rule_refuses_an_invalid_pattern(aws: EmbeddedAws, pattern: str) -> None:
    with pytest.raises(ClientError) as refused:
        client(aws, "events").put_rule(Name="mine", EventPattern=pattern)

    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"
    assert client(aws, "events").list_rules()["Rules"] == []


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Source": "aws.ec2", "DetailType": "a", "Detail": "{}"}, "NotAuthorizedForSourceException"),
        ({"Source": "test", "DetailType": "a", "Detail": "no json"}, "MalformedDetail"),
    ],
)
def test_put_events_refuses_an_entry_alone(aws: EmbeddedAws, entry: dict[str, str], code: str) -> None:
    good = {"Source": "test", "DetailType": "a", "Detail": "{}"}
    answer = client(aws, "events").put_events(Entries=[entry, good])

    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    assert "EventId" in answer["Entries"][1]


@pytest.mark.parametrize(("source", "result"), [("test", True), ("other", False)])
def test_a_pattern_can_be_tried_on_an_event(aws: EmbeddedAws, source: str, result: bool) -> None:
    answer = client(aws, "events").test_event_pattern(
        EventPattern='{"source": ["test"]}', Event=f'{{"source": "{source}"}}'
    )
    assert answer["Result"] is result


@pytest.mark.parametrize(
    ("pattern", "event", "code"),
    [("{}", "{}", "InvalidEventPatternException"), ('{"source": ["test"]}', "no json", "ValidationException")],
)
def test_a_pattern_or_an_event_that_is_none_is_refused(aws: EmbeddedAws, pattern: str, event: str, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        client(aws, "events").test_event_pattern(EventPattern=pattern, Event=event)
