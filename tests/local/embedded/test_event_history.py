"""The event history: LookupEvents tells each management call of 90 days, with a trail or without."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.cloudtrail import RecordedCall
from cloudmend.local.event_history import EventHistory
from cloudmend.local.messages import ApiError
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, open_to_the_world

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def call(name: str = "RunInstances", time: datetime = NOW, **fields: Any) -> RecordedCall:
    given: dict[str, Any] = {
        "source": "ec2.amazonaws.com",
        "name": name,
        "request": {"groupId": "sg-1"},
        "response": None,
        "error_code": "",
        "error_message": "",
        "is_read": False,
        "identity": {"type": "IAMUser", "userName": "alice", "accessKeyId": "AKIAEXAMPLE"},
        "account": ACCOUNT,
        "region": "us-east-1",
        "time": time,
        "source_ip": "192.0.2.1",
        "user_agent": "tests",
        "request_id": "request",
        "event_id": name,
        **fields,
    }
    return RecordedCall(**given)


def look_up(history: EventHistory, **asked: Any) -> Any:
    return history.look_up(ACCOUNT, "us-east-1", asked, NOW)


def names(answer: Any) -> list[str]:
    return [each["EventName"] for each in answer["Events"]]


def test_a_write_a_read_and_a_refused_call_are_told_though_no_trail_logs(aws: EmbeddedAws) -> None:
    trails = client(aws, "cloudtrail")
    trails.delete_trail(Name="management-events")
    group = open_to_the_world(aws)
    client(aws, "s3").list_buckets()
    with pytest.raises(ClientError):
        client(aws, "ec2").delete_security_group(GroupId="sg-00000000000000000")
    events = trails.lookup_events()["Events"]
    assert [each["EventName"] for each in events] == [
        "DeleteSecurityGroup",
        "ListBuckets",
        "AuthorizeSecurityGroupIngress",
        "CreateSecurityGroup",
        "DeleteTrail",
    ]
    opened = events[2]
    assert (opened["Username"], opened["ReadOnly"], opened["EventSource"]) == (
        "walkthrough",
        "false",
        "ec2.amazonaws.com",
    )
    assert opened["AccessKeyId"] == aws.environment["AWS_ACCESS_KEY_ID"]
    assert opened["Resources"] == [{"ResourceType": "AWS::EC2::SecurityGroup", "ResourceName": group}]
    assert json.loads(opened["CloudTrailEvent"])["requestParameters"]["groupId"] == group
    assert json.loads(events[0]["CloudTrailEvent"])["errorCode"] == "Client.InvalidGroup.NotFound"
    assert not client(aws, "cloudtrail", region="eu-west-1").lookup_events()["Events"]


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("EventName", "ListKeys", ["ListKeys"]),
        ("EventSource", "s3.amazonaws.com", ["CreateBucket"]),
        ("ReadOnly", "true", ["ListKeys"]),
        ("ReadOnly", "false", ["CreateBucket", "RunInstances"]),
        ("Username", "bob", ["ListKeys"]),
        ("ResourceType", "AWS::S3::Bucket", ["CreateBucket"]),
        ("ResourceName", "sg-1", ["RunInstances"]),
        ("AccessKeyId", "ASIAEXAMPLE", ["ListKeys"]),
        ("EventId", "CreateBucket", ["CreateBucket"]),
        ("EventId", "none", []),
    ],
)
def test_an_attribute_finds_the_events_that_have_it(key: str, value: str, found: list[str]) -> None:
    history = EventHistory()
    history.add(call())
    history.add(call("CreateBucket", source="s3.amazonaws.com", request={"bucketName": "a-bucket", "roleName": None}))
    bob = {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/bob", "accessKeyId": "ASIAEXAMPLE"}
    history.add(call("ListKeys", source="kms.amazonaws.com", request=None, identity=bob, is_read=True))
    attributes = [{"AttributeKey": key, "AttributeValue": value}]
    assert names(look_up(history, LookupAttributes=attributes)) == found


def test_pages_hold_what_came_before_though_more_comes_meanwhile() -> None:
    history = EventHistory()
    for number in range(120):
        history.add(call(f"Call{number}"))
    first = look_up(history)
    history.add(call("Late"))
    second = look_up(history, NextToken=first["NextToken"])
    third = look_up(history, NextToken=second["NextToken"])
    found = [*names(first), *names(second), *names(third)]
    assert found == [f"Call{number}" for number in reversed(range(120))]
    assert [len(names(each)) for each in (first, second, third)] == [50, 50, 20]
    assert "NextToken" not in third
    assert names(look_up(history, MaxResults=1)) == ["Late"]


def test_a_token_goes_with_the_parameters_that_it_came_with() -> None:
    history = EventHistory()
    for number in range(3):
        history.add(call(f"Call{number}"))
    of_alice = [{"AttributeKey": "Username", "AttributeValue": "alice"}]
    token = look_up(history, LookupAttributes=of_alice, MaxResults=2)["NextToken"]
    assert names(look_up(history, LookupAttributes=of_alice, MaxResults=2, NextToken=token)) == ["Call0"]
    for wrong in (token, "none", ""):
        with pytest.raises(ApiError) as error:
            look_up(history, NextToken=wrong)
        assert error.value.code == "InvalidNextTokenException"


def test_what_is_older_than_90_days_or_outside_the_times_is_not_told() -> None:
    history = EventHistory()
    for name, days in (("Old", 91), ("Kept", 89), ("Recent", 1)):
        history.add(call(name, NOW - timedelta(days=days)))
    assert names(look_up(history)) == ["Recent", "Kept"]
    assert names(look_up(history, StartTime=0)) == ["Recent", "Kept"]
    assert names(look_up(history, StartTime=(NOW - timedelta(days=2)).timestamp())) == ["Recent"]
    assert names(look_up(history, EndTime=(NOW - timedelta(days=2)).timestamp())) == ["Kept"]


def test_another_account_and_another_region_have_histories_of_their_own() -> None:
    history = EventHistory()
    history.add(call("Theirs", account="111122223333"))
    history.add(call("Abroad", region="eu-west-1"))
    history.add(call("Ours"))
    assert names(look_up(history)) == ["Ours"]


def test_nobody_but_a_session_or_a_user_has_a_name() -> None:
    history = EventHistory()
    history.add(call(identity={"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}))
    history.add(call(identity={"type": "AWSService"}))
    assert [each["Username"] for each in look_up(history)["Events"]] == ["AWSService", "root"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"StartTime": 2, "EndTime": 1}, "InvalidTimeRangeException"),
        ({"LookupAttributes": [{"AttributeKey": "Color", "AttributeValue": "a"}]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{"AttributeKey": "EventId"}]}, "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": [{"AttributeKey": "EventId", "AttributeValue": "a"}] * 2},
            "InvalidLookupAttributesException",
        ),
    ],
)
def test_a_lookup_that_aws_refuses_is_refused(asked: Any, code: str) -> None:
    with pytest.raises(ApiError) as error:
        look_up(EventHistory(), **asked)
    assert error.value.code == code


def test_there_are_no_insights() -> None:
    history = EventHistory()
    history.add(call())
    assert look_up(history, EventCategory="insight") == {"Events": []}
