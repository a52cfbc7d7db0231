"""The clock of the embedded AWS: what follows it as a test moves it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, SETTLE_S, TEMPLATE, client, unheard

HOUR = timedelta(hours=1)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
}


def test_the_time_is_this_machines_until_it_is_moved(aws: EmbeddedAws) -> None:
    before = datetime.now(UTC)
    assert before <= aws.now <= datetime.now(UTC)
    aws.advance(HOUR)
    assert before + HOUR <= aws.now <= datetime.now(UTC) + HOUR


def test_the_clock_does_not_go_back(aws: EmbeddedAws) -> None:
    with pytest.raises(ValueError, match=r"cannot go back by 1:00:00"):
        aws.advance(-HOUR)


def test_a_start_tells_this_machines_time_again() -> None:
    with EmbeddedAws(log=unheard) as aws:
        aws.advance(HOUR)
    with EmbeddedAws(log=unheard) as aws:
        assert aws.now < datetime.now(UTC) + HOUR


def test_a_session_ends(aws: EmbeddedAws) -> None:
    role = client(aws, "iam").create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    keys = client(aws, "sts").assume_role(RoleArn=role, RoleSessionName="me", DurationSeconds=3600)["Credentials"]
    assert aws.now < keys["Expiration"] <= aws.now + HOUR
    as_role = client(
        aws,
        "sts",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    as_role.get_caller_identity()
    aws.advance(HOUR)

    with pytest.raises(ClientError, match=r"\(ExpiredToken\)"):
        as_role.get_caller_identity()


def test_a_function_goes_on_when_its_keys_would_have_ended(aws: EmbeddedAws) -> None:
    _deploy(aws)
    for _ in range(2):
        answer = client(aws, "lambda").invoke(FunctionName=_function(aws), Payload=b'{"id": "a"}')
        assert "FunctionError" not in answer
        aws.advance(timedelta(hours=13))


def test_calls_are_recorded_at_the_moved_time_and_forgotten_after_ninety_days(aws: EmbeddedAws) -> None:
    trail = client(aws, "cloudtrail")
    client(aws, "sqs").create_queue(QueueName="orders")
    (row,) = _lookup(trail, "CreateQueue")
    assert row["EventTime"] <= aws.now
    aws.advance(timedelta(days=91))
    client(aws, "sqs").create_queue(QueueName="returns")

    (row,) = _lookup(trail, "CreateQueue")
    assert "returns" in row["CloudTrailEvent"]


def test_a_rule_with_a_rate_wakes_its_function_each_time(aws: EmbeddedAws) -> None:
    _deploy(aws)
    rule = _scheduled(aws, "rate(6 hours)")
    start = aws.now
    aws.advance(timedelta(hours=13))

    found = [each for each in aws.deliveries if each.rule == rule]
    assert [each.error for each in found] == [None, None]
    event = found[0].invocations[0].payload["event"]
    assert (event["source"], event["resources"], event["detail"]) == ("aws.events", [rule], {})
    due = datetime.fromisoformat(event["time"])
    assert abs(due - (start + 6 * HOUR)) < timedelta(minutes=1)


def test_a_disabled_rule_and_time_that_passes_by_itself_wake_nobody(aws: EmbeddedAws) -> None:
    _deploy(aws)
    _scheduled(aws, "rate(6 hours)")
    client(aws, "events").disable_rule(Name="often")
    aws.advance(timedelta(hours=13))
    aws.settle(SETTLE_S)

    assert aws.deliveries == ()


def test_a_schedule_needs_a_role_that_may_wake_its_target(aws: EmbeddedAws) -> None:
    _deploy(aws)
    schedule = _schedule(aws, _function(aws), Input='{"id": "morning"}')
    aws.advance(24 * HOUR)
    for statement in ({"Action": "sqs:SendMessage"}, {"Action": "lambda:InvokeFunction"}):
        _grant(aws, statement)
        aws.advance(24 * HOUR)

    found = [each for each in aws.deliveries if each.rule == schedule]
    assert [(each.error, each.dead_lettered) for each in found] == [
        ("AccessDeniedException", False),
        ("AccessDeniedException", True),
        (None, False),
    ]
    assert found[-1].invocations[0].payload["event"] == {"id": "morning"}


def test_a_schedule_without_an_input_sends_the_event_of_scheduler(aws: EmbeddedAws) -> None:
    url = client(aws, "sqs").create_queue(QueueName="mornings")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:mornings"
    schedule = _schedule(aws, queue)
    _grant(aws, {"Action": "sqs:SendMessage"})
    aws.advance(24 * HOUR)

    (message,) = client(aws, "sqs").receive_message(QueueUrl=url)["Messages"]
    event = json.loads(message["Body"])
    assert (event["source"], event["resources"], event["detail"]) == ("aws.scheduler", [schedule], "{}")
    assert event["time"][11:] == "07:00:00Z"


def test_the_target_of_a_schedule_may_be_gone(aws: EmbeddedAws) -> None:
    gone = (f"arn:aws:sqs:us-east-1:{ACCOUNT}:gone", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:gone")
    for number, target in enumerate(gone):
        _schedule(aws, target, f"timer-{number}")
    aws.advance(24 * HOUR)

    assert [each.error for each in aws.deliveries] == ["ResourceNotFoundException"] * 2


def test_a_delayed_message_arrives(aws: EmbeddedAws) -> None:
    sqs = client(aws, "sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="an order", DelaySeconds=900)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    aws.advance(timedelta(minutes=15))

    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "an order"


def test_a_queue_forgets_after_its_retention(aws: EmbeddedAws) -> None:
    sqs = client(aws, "sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"MessageRetentionPeriod": "3600"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="an order")
    aws.advance(timedelta(minutes=59))
    assert _length(sqs, url) == "1"
    aws.advance(timedelta(minutes=2))

    assert _length(sqs, url) == "0"


def test_an_item_is_readable_for_a_while_after_its_time(aws: EmbeddedAws) -> None:
    dynamodb = client(aws, "dynamodb")
    _table(dynamodb)
    expires = int((aws.now + HOUR).timestamp())
    for key, value in (("mortal", {"N": str(expires)}), ("ancient", {"N": "1"}), ("worded", {"S": "soon"})):
        dynamodb.put_item(TableName="ledger", Item={"pk": {"S": key}, "expires": value})
    aws.advance(2 * HOUR)
    assert _keys(dynamodb) == ["ancient", "mortal", "worded"]
    aws.advance(timedelta(days=2))

    assert _keys(dynamodb) == ["ancient", "worded"]


def test_a_key_and_a_secret_are_deleted_when_their_windows_end(aws: EmbeddedAws) -> None:
    kms, secrets = client(aws, "kms"), client(aws, "secretsmanager")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    secrets.create_secret(Name="password", SecretString="secret")
    secrets.delete_secret(SecretId="password", RecoveryWindowInDays=7)
    aws.advance(timedelta(days=6))
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert secrets.describe_secret(SecretId="password")["Name"] == "password"
    aws.advance(timedelta(days=2))

    with pytest.raises(ClientError, match="NotFoundException"):
        kms.describe_key(KeyId=key)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.describe_secret(SecretId="password")


def test_the_clock_over_http(aws: EmbeddedAws) -> None:
    before = aws.now
    status, moved = _http(aws, "POST", b'{"seconds": 3600}')
    assert status == 200
    assert before + HOUR - timedelta(seconds=1) <= datetime.fromisoformat(moved["now"]) <= aws.now
    assert _http(aws, "GET")[1]["now"] >= moved["now"]
    for body in (b"", b"[]", b'{"seconds": -1}', b'{"seconds": "1"}', b'{"seconds": true}'):
        status, refused = _http(aws, "POST", body)
        assert (status, refused) == (400, {"error": 'Send {"seconds": 3600}: how far the clock moves forward.'})


def _http(aws: EmbeddedAws, method: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    request = AWSRequest(method, f"{aws.endpoint}/_cloudmend/clock", data=body).prepare()
    answer = URLLib3Session().send(request)
    return answer.status_code, json.loads(answer.content)


def _deploy(aws: EmbeddedAws) -> None:
    client(aws, "cloudformation").create_stack(
        StackName="small", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    )


def _function(aws: EmbeddedAws) -> str:
    (function,) = client(aws, "lambda").list_functions()["Functions"]
    arn: str = function["FunctionArn"]
    return arn


def _scheduled(aws: EmbeddedAws, expression: str) -> str:
    events, function = client(aws, "events"), _function(aws)
    rule: str = events.put_rule(Name="often", ScheduleExpression=expression)["RuleArn"]
    events.put_targets(Rule="often", Targets=[{"Id": "function", "Arn": function}])
    client(aws, "lambda").add_permission(
        FunctionName=function,
        StatementId="often",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    return rule


def _schedule(aws: EmbeddedAws, target: str, name: str = "timer", **more: str) -> str:
    """A schedule at seven, whose role of the same name Scheduler can assume. It has no rights yet."""
    trust = json.loads(json.dumps(TRUST))
    trust["Statement"][0]["Principal"] = {"Service": "scheduler.amazonaws.com"}
    role = client(aws, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    dead_letters = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead-letters"
    made: str = client(aws, "scheduler").create_schedule(
        Name=name,
        ScheduleExpression="cron(0 7 * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": target, "RoleArn": role, "DeadLetterConfig": {"Arn": dead_letters}, **more},
    )["ScheduleArn"]
    return made


def _grant(aws: EmbeddedAws, statement: dict[str, str]) -> None:
    """Let the role of the schedule do this, and nothing else."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}
    client(aws, "iam").put_role_policy(RoleName="timer", PolicyName="own", PolicyDocument=json.dumps(policy))


def _lookup(trail: Any, name: str) -> list[dict[str, Any]]:
    attributes = [{"AttributeKey": "EventName", "AttributeValue": name}]
    rows: list[dict[str, Any]] = trail.lookup_events(LookupAttributes=attributes)["Events"]
    return rows


def _length(sqs: Any, url: str) -> str:
    name = "ApproximateNumberOfMessages"
    length: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
    return length


def _table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName="ledger",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.update_time_to_live(
        TableName="ledger", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )


def _keys(dynamodb: Any) -> list[str]:
    return sorted(item["pk"]["S"] for item in dynamodb.scan(TableName="ledger")["Items"])
