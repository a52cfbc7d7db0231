"""Every shape in which an event is known to come, each with what must come out of it beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import pytest

from cloudmend.controls.security_group_ingress.targets import targets
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Ignored, Resource
from cloudmend.core.recognized import KINDS
from cloudmend.core.wrappings import ANY_KEY, FORMS, parse_events
from event_fixtures import EVENTS

GROUP: Final = "sg-0c4b1f8e2d7a69350"
RULE, RULE_2 = "sgr-07c3e1a5b9d248f60", "sgr-0e9a2b4c6d8f01357"
ONE: Final = f"{GROUP} {RULE}"
TWO: Final = f"{GROUP} {RULE} {RULE_2}"
BY_NAME: Final = "AWS::EC2::SecurityGroup named web"
LIST: Final = "pl-0d52e8b7136fa94c0"
NO_CALL: Final = "EventError: This is an EventBridge event that reports no API call"
REGION: Final = "AWS::Region eu-west-1"

# For each event that the file holds: the resources to look at, each with the parts that the event names;
# or the beginning of why there are none.
EXPECTED: Final[dict[str, tuple[str, ...]]] = {
    # AuthorizeSecurityGroupIngress, the classic encoding
    "nested": (ONE,),
    "nested-several-items": (TWO,),
    "nested-ipv4-and-ipv6-in-one-item": (TWO,),
    "nested-ipv4-and-ipv6-in-two-items": (TWO,),
    "nested-from-a-prefix-list": (ONE,),
    "nested-all-traffic-without-ports": (ONE,),
    "nested-all-traffic-with-ports-0-to-65535": (ONE,),
    "nested-icmp": (ONE,),
    "flat": (ONE,),
    "by-name": (ONE,),
    "before-2021": ("sg-4f1c09ab",),
    "before-2021-by-name": (BY_NAME,),
    "error-code-null": (ONE,),
    "emptied": (REGION,),
    "request-as-a-string": (ONE,),
    "refused-unauthorized": (
        "Ignored: AuthorizeSecurityGroupIngress failed with Client.UnauthorizedOperation and changed nothing",
    ),
    "refused-dry-run": ("Ignored: AuthorizeSecurityGroupIngress failed with Client.DryRunOperation",),
    "refused-duplicate": ("Ignored: AuthorizeSecurityGroupIngress failed with Client.InvalidPermission.Duplicate",),
    # the wrapper encoding
    "modify-one-rule": (ONE,),
    "modify-several-rules": (TWO,),
    "modify-without-ports": (ONE,),
    "modify-without-the-inner-rule": (ONE,),
    "modify-no-rule": (GROUP,),
    "prefix-list-modified": (LIST,),
    "prefix-list-modified-several-entries": (LIST,),
    "prefix-list-restored": (LIST,),
    "prefix-list-emptied": (REGION,),
    # whoever did it (test_attribution.py says who), the group is found
    "who-root": (ONE,),
    "who-user-in-the-console": (ONE,),
    "who-user-in-cloudshell": (ONE,),
    "who-identity-center": (ONE,),
    "who-another-account": (ONE,),
    "who-instance": (ONE,),
    "who-cloudformation": (ONE,),
    "who-eks": (ONE,),
    "who-load-balancer-controller": (ONE,),
    "who-signin": (ONE,),
    "who-service": (ONE,),
    "who-arn-alone": (ONE,),
    "who-bare-string": (ONE,),
    "who-nobody": (ONE,),
    "who-identity-center-user": (ONE,),
    "who-on-behalf-of": (ONE,),
    "who-source-identity": (ONE,),
    # wrong but common
    "hand-made-lists-in-place-of-items": (ONE,),
    "hand-made-ports-as-strings": (GROUP,),
    "hand-made-boto-casing": (GROUP,),
    "hand-made-items-an-object": (ONE,),
    "hand-made-event-name-alone": ("AWS::Region ",),
    "hand-made-placeholder": ("EventError: Event e443ca4e",),
    "hand-made-placeholder-prefix-list": ("EventError: Event 8afe9f93",),
    "hand-made-regions-disagree": (ONE,),
    # wrapped; SNS in SQS with raw delivery looks like SQS alone
    "wrapped-sns": (ONE,),
    "wrapped-sqs": (ONE, ONE),
    "wrapped-sns-in-sqs": (ONE,),
    "wrapped-trail-file": (ONE, REGION, "Ignored: AuthorizeSecurityGroupIngress failed"),
    "wrapped-lookup-events": (ONE, f"{GROUP} {RULE_2}"),
    "wrapped-lookup-event-alone": (ONE,),
    "wrapped-failure-destination": (ONE,),
    "wrapped-failure-destination-in-sqs": (ONE,),
    "wrapped-failure-destination-on-a-bus": (ONE,),
    "wrapped-replay": (ONE,),
    "wrapped-input-path": (ONE,),
    "wrapped-input-transformer": (ONE,),
    "wrapped-sqs-in-a-pipe": (ONE,),
    "wrapped-kinesis": (ONE,),
    "wrapped-kinesis-in-a-pipe": (ONE,),
    "wrapped-firehose-transformation": (ONE,),
    "wrapped-cloudwatch-logs": (ONE, f"{GROUP} {RULE_2}"),
    "wrapped-cloudwatch-logs-of-a-bus": (ONE,),
    "wrapped-cloudwatch-logs-in-kinesis": (ONE,),
    "wrapped-cloudwatch-logs-in-s3": (ONE,),
    "wrapped-filter-log-events": (ONE,),
    "wrapped-logs-insights": (ONE,),
    "wrapped-logs-insights-export": (ONE,),
    "wrapped-lake": (ONE,),
    "wrapped-athena": (ONE,),
    "wrapped-http-request": (ONE,),
    "wrapped-step-functions": (ONE,),
    "wrapped-one-bad-among-several": (
        ONE,
        "EventError: In Records[1].body: The event is text, not an object.",
        "Ignored: it is S3's test message",
        f"{GROUP} {RULE_2}",
    ),
    # known, and without an event: the name of what it is, and what to do
    "known-s3-notification": ("EventError: In Records[0]: This is S3's notice that a file was stored (aws:s3).",),
    "known-s3-object-created": (f"{NO_CALL} (Object Created). Only events of detail-type",),
    "known-s3-test-message": ("Ignored: it is S3's test message",),
    "known-cloudtrail-delivery": ("EventError: In Records[0].Sns.Message: This is CloudTrail's notice that it",),
    "known-cloudwatch-logs-control-message": ("Ignored: it is the message by which CloudWatch Logs tries",),
    "known-dynamodb-stream": (
        "EventError: In Records[0]: This is a record of another event source of Lambda's (aws:d",
    ),
    "known-kafka": ("EventError: This is a batch of Kafka's records (aws:kafka). Send the events themselves:",),
    "known-failed-stream-batch": ("EventError: This is Lambda's notice of a stream's batch that failed.",),
    "known-ocsf": ("EventError: This is an event in OCSF, as Security Lake stores it.",),
    "known-config-rule": ("EventError: This is an event of AWS Config.",),
    "known-digest": ("EventError: This is a digest of CloudTrail's,",),
    "known-insights": ("Ignored: it is a CloudTrail Insights event",),
    "known-lake-columns": ("EventError: In QueryResultRows[0]: This is a row of a query that does not hold the whole",),
    "known-logs-insights-fields": ("EventError: In results[0]: This is a row of a query that does not hold the whole",),
    "known-event-history-row": ("EventError: In results[0]: This is a row of the event history that the console dow",),
    "known-input-path-to-the-parameters": ("EventError: This is an event that an input transformer or InputPath cut",),
    "known-event-without-detail": ("EventError: This is an EventBridge event without its detail",),
    "known-another-detail-type": (f"{NO_CALL} (GuardDuty Finding). Only events of detail-type",),
}

# For each form in the table, the fixtures that show it.
FIXTURES_OF_FORMS: Final[dict[str, tuple[str, ...]]] = {
    "Records[]": ("wrapped-trail-file",),
    "Records[].Sns.Message": ("wrapped-sns",),
    "Records[].body": ("wrapped-sqs", "wrapped-failure-destination-in-sqs"),
    "Records[].body.Message": ("wrapped-sns-in-sqs",),
    "[].body": ("wrapped-sqs-in-a-pipe", "wrapped-logs-insights-export"),
    "Events[].CloudTrailEvent": ("wrapped-lookup-events", "wrapped-lookup-event-alone"),
    "requestPayload": ("wrapped-failure-destination", "wrapped-failure-destination-on-a-bus"),
    "awslogs.data.logEvents[].message": ("wrapped-cloudwatch-logs", "wrapped-cloudwatch-logs-of-a-bus"),
    "logEvents[].message": ("wrapped-cloudwatch-logs-in-s3",),
    "Records[].kinesis.data": ("wrapped-kinesis", "wrapped-cloudwatch-logs-in-kinesis"),
    "[].data": ("wrapped-kinesis-in-a-pipe",),
    "records[].data": ("wrapped-firehose-transformation",),
    "events[].message": ("wrapped-filter-log-events",),
    "results[].@message": ("wrapped-logs-insights",),
    "QueryResultRows[].eventJson": ("wrapped-lake",),
    "ResultSet": ("wrapped-athena",),
    "body": ("wrapped-http-request",),
    "Payload": ("wrapped-step-functions",),
    "YOUR_KEY": ("wrapped-input-transformer",),
}


def told(answer: ApiCall | Ignored | EventError) -> str:
    if isinstance(answer, Ignored):
        return f"Ignored: {answer.reason}"
    try:
        if isinstance(answer, EventError):
            raise answer
        (resource,) = targets(answer)
    except EventError as error:
        return f"EventError: {error}"
    return named(resource)


def named(resource: Resource) -> str:
    """A group or a list by its id, as its type is seen from it; anything else with its type."""
    type_of_id = {"sg-": "AWS::EC2::SecurityGroup", "pl-": "AWS::EC2::PrefixList"}.get(resource.id[:3])
    if resource.type == type_of_id and not resource.name:
        return " ".join([resource.id, *resource.parts])
    return f"{resource.type} named {resource.name}" if resource.name else f"{resource.type} {resource.id}"


def test_every_fixture_has_its_answer_beside_it() -> None:
    assert EXPECTED.keys() == EVENTS.keys()


def test_every_form_in_the_table_has_a_fixture_that_shows_it() -> None:
    assert {form.path for form in (*FORMS, ANY_KEY)} == FIXTURES_OF_FORMS.keys()
    for form in (*FORMS, ANY_KEY):
        assert [EXPECTED[name][0] for name in FIXTURES_OF_FORMS[form.path]] == [ONE] * len(FIXTURES_OF_FORMS[form.path])


def test_every_kind_that_is_known_to_hold_no_event_has_a_fixture_that_shows_it() -> None:
    known = [told(answer) for name in EVENTS if name.startswith("known-") for answer in parse_events(EVENTS[name])]
    for kind in KINDS:
        assert [answer for answer in known if kind.name in answer], kind.name


def test_what_is_ignored_is_told_with_its_id_where_it_has_one() -> None:
    assert parse_events(EVENTS["known-insights"]) == (
        Ignored("it is a CloudTrail Insights event", "0f6d5a3e-7f1b-4c53-9a77-2f1f1c8f7b11"),
    )
    assert parse_events(EVENTS["known-s3-test-message"]) == (Ignored("it is S3's test message"),)


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_out_of_each_shape_comes_what_stands_beside_it(name: str, expected: tuple[str, ...]) -> None:
    answers = [told(answer) for answer in parse_events(EVENTS[name])]
    assert [answer[: len(start)] for answer, start in zip(answers, expected, strict=True)] == list(expected)


def test_the_envelope_s_account_and_region_are_believed_where_the_record_s_differ() -> None:
    (call,) = parse_events(EVENTS["hand-made-regions-disagree"])
    assert isinstance(call, ApiCall)
    assert (call.account, call.region) == ("123456789012", "us-east-2")


@pytest.mark.parametrize("name", ["wrapped-trail-file", "wrapped-lookup-event-alone"])
def test_a_record_without_an_envelope_tells_its_own_account_region_and_time(name: str) -> None:
    call = parse_events(EVENTS[name])[0]
    assert isinstance(call, ApiCall)
    assert (call.account, call.region) == ("111122223333", "eu-west-1")
    assert call.time == datetime(2026, 3, 10, 9, 24, 31, tzinfo=UTC)
