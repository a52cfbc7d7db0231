"""What the front sees of every call: service, operation, caller, error; and the events of EC2's writes."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from werkzeug.test import Client
from werkzeug.wrappers import Response

from cloudmend.local.event_history import EventHistory
from cloudmend.local.front import Exchange, Front
from cloudmend.local.iam.resources_state import EmbeddedState
from cloudmend.local.lag import LaggingReads
from cloudmend.local.messages import ApiResponse, SeenCall
from cloudmend.local.server import EmbeddedAws
from cloudmend.local.trails import CloudTrail
from local.embedded.helpers import ACCOUNT, SETTLE_S, assume, client, deploy, open_to_the_world, role, with_properties

USER = f"arn:aws:iam::{ACCOUNT}:user/walkthrough"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/operator"


def seen(aws: EmbeddedAws) -> list[tuple[str, str, str | None]]:
    return [(call.service, call.operation, call.error) for call in aws.calls]


def test_operations_of_every_protocol_are_named(aws: EmbeddedAws) -> None:
    client(aws, "ec2").describe_vpcs()
    client(aws, "sts").get_caller_identity()
    client(aws, "iam").list_roles()
    client(aws, "sqs").list_queues()
    client(aws, "events").list_rules()
    client(aws, "lambda").list_functions()
    client(aws, "cloudwatch").describe_alarms()

    assert seen(aws) == [
        ("ec2", "DescribeVpcs", None),
        ("sts", "GetCallerIdentity", None),
        ("iam", "ListRoles", None),
        ("sqs", "ListQueues", None),
        ("events", "ListRules", None),
        ("lambda", "ListFunctions", None),
        ("monitoring", "DescribeAlarms", None),
    ]


def test_operations_of_s3_are_told_apart_by_path_query_and_headers(aws: EmbeddedAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="a/b c+d.txt", Body=b"one")
    s3.copy_object(Bucket="artifacts", Key="copy", CopySource="artifacts/a/b c+d.txt")
    s3.get_object(Bucket="artifacts", Key="copy")
    s3.head_object(Bucket="artifacts", Key="copy")
    s3.list_objects_v2(Bucket="artifacts")
    s3.list_buckets()

    operations = [call.operation for call in aws.calls]
    assert operations == [
        "CreateBucket", "PutObject", "CopyObject", "GetObject", "HeadObject", "ListObjectsV2", "ListBuckets",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("ec2", "describe_security_groups", {"GroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ("ec2", "describe_vpcs", {"VpcIds": ["vpc-0123456789abcdef0"]}, "InvalidVpcID.NotFound"),
        ("iam", "get_role", {"RoleName": "absent"}, "NoSuchEntity"),
        ("events", "describe_rule", {"Name": "absent"}, "ResourceNotFoundException"),
        ("lambda", "get_function", {"FunctionName": "absent"}, "ResourceNotFoundException"),
        ("cloudformation", "describe_stacks", {"StackName": "absent"}, "ValidationError"),
        ("s3", "head_bucket", {"Bucket": "absent"}, "404"),
    ],
)
def test_the_error_code_of_a_refused_call_is_seen(
    aws: EmbeddedAws, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(aws, service), operation)(**arguments)

    assert refused.value.response["Error"]["Code"] == code
    assert aws.calls[-1].error == code


def test_a_call_is_seen_with_the_time_in_utc(aws: EmbeddedAws) -> None:
    client(aws, "sts").get_caller_identity()
    client(aws, "sts").get_caller_identity()

    first, second = (call.time for call in aws.calls)
    assert first <= second
    assert str(first.tzinfo) == "UTC"


def test_an_unsigned_request_is_taken_for_one_of_s3_by_nobody(aws: EmbeddedAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="key", Body=b"body")
    with pytest.raises(HTTPError, match="403"):
        urlopen(f"{aws.endpoint}/artifacts/key")  # noqa: S310 the scheme is http

    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::artifacts/*"}
    s3.delete_public_access_block(Bucket="artifacts")
    s3.put_bucket_policy(Bucket="artifacts", Policy=json.dumps({"Version": "2012-10-17", "Statement": [public]}))
    with urlopen(f"{aws.endpoint}/artifacts/key") as answer:  # noqa: S310 the scheme is http
        assert answer.read() == b"body"
    assert aws.calls[-1].operation == "GetObject"
    assert aws.calls[-1].principal == "anonymous"


def test_a_presigned_request_is_signed_in_its_query(aws: EmbeddedAws) -> None:
    s3 = client(aws, "s3", Config(signature_version="s3v4"))
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="key", Body=b"body")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "artifacts", "Key": "key"})

    with urlopen(url) as answer:  # noqa: S310 the scheme is http
        assert answer.read() == b"body"
    assert aws.calls[-1].principal == USER


def test_a_role_session_is_the_assumed_role(aws: EmbeddedAws) -> None:
    client(aws, "ec2", **session_keys(aws)).describe_vpcs()

    assert aws.calls[-1].principal == f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/alice"


def test_an_iam_user_made_here_is_that_user(aws: EmbeddedAws) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="bob")
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    assert client(aws, "sts", **keys).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/bob"
    assert aws.calls[-1].principal == f"arn:aws:iam::{ACCOUNT}:user/bob"


def test_a_write_of_a_user_leaves_an_event_with_the_user(aws: EmbeddedAws) -> None:
    created, authorized = events_of(aws, open_to_the_world)

    assert created["detail"]["eventName"] == "CreateSecurityGroup"
    identity = authorized["detail"]["userIdentity"]
    assert (identity["type"], identity["userName"], identity["arn"]) == ("IAMUser", "walkthrough", USER)
    assert "sessionContext" not in identity
    assert (authorized["account"], authorized["region"]) == (ACCOUNT, "us-east-1")
    assert authorized["detail"]["sourceIPAddress"] == "127.0.0.1"
    assert authorized["detail"]["userAgent"].startswith("Botocore/")


def test_a_write_of_a_role_leaves_an_event_with_the_role_as_issuer(aws: EmbeddedAws) -> None:
    *_, authorized = events_of(aws, lambda aws: open_to_the_world(aws, **session_keys(aws)))

    identity = authorized["detail"]["userIdentity"]
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert identity["type"] == "AssumedRole"
    assert "userName" not in identity
    assert identity["principalId"] == f"{issuer['principalId']}:alice"
    assert (issuer["type"], issuer["arn"], issuer["userName"]) == ("Role", ROLE, "operator")
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"


def test_a_write_with_a_key_that_nobody_has_leaves_no_event(aws: EmbeddedAws) -> None:
    keys = {"aws_access_key_id": "AKIAEXAMPLEEXAMPLE01", "aws_secret_access_key": "example"}
    with pytest.raises(ClientError, match="AuthFailure"):
        open_to_the_world(aws, **keys)
    assert seen(aws) == [("ec2", "CreateSecurityGroup", "AuthFailure")]
    assert aws.calls[0].principal == "anonymous"
    assert not aws.events


def test_a_write_that_moto_answers_leaves_an_event_too(aws: EmbeddedAws) -> None:
    (created,) = events_of(aws, lambda aws: client(aws, "ec2").create_vpc(CidrBlock="10.9.0.0/16"))

    assert created["detail"]["requestParameters"]["cidrBlock"] == "10.9.0.0/16"
    assert created["detail"]["responseElements"]["vpc"]["vpcId"].startswith("vpc-")


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("delete_security_group", {"GroupId": "sg-0123456789abcdef0"}, "Client.InvalidGroup.NotFound"),
        ("delete_vpc", {"VpcId": "vpc-0123456789abcdef0"}, "Client.InvalidVpcID.NotFound"),
        ("create_security_group", {"GroupName": "a", "Description": "a", "DryRun": True}, "Client.DryRunOperation"),
    ],
)
def test_a_refused_write_leaves_an_event_with_the_error(
    aws: EmbeddedAws, operation: str, arguments: dict[str, Any], code: str
) -> None:
    def refused(aws: EmbeddedAws) -> None:
        with pytest.raises(ClientError):
            getattr(client(aws, "ec2"), operation)(**arguments)

    (event,) = events_of(aws, refused)
    assert event["detail"]["errorCode"] == code
    assert event["detail"]["responseElements"] is None


def test_a_read_leaves_no_event(aws: EmbeddedAws) -> None:
    assert events_of(aws, lambda aws: client(aws, "ec2").describe_security_groups()) == []


def test_tags_of_groups_are_kept_with_them_and_all_others_by_moto(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    group = open_to_the_world(aws)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ec2.create_tags(Resources=[group], Tags=[{"Key": "owner", "Value": "alice"}])
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "owner", "Value": "bob"}])

    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["Tags"][0]["Value"] == "alice"
    assert ec2.describe_vpcs()["Vpcs"][0]["Tags"][0]["Value"] == "bob"
    ec2.delete_tags(Resources=[group], Tags=[{"Key": "owner"}])
    assert not ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0].get("Tags")


def test_a_crash_of_the_server_is_an_answer_and_a_trace_in_the_log(aws: EmbeddedAws) -> None:
    def crash(_: Exchange) -> ApiResponse:
        raise ZeroDivisionError

    log: list[str] = []
    calls: list[SeenCall] = []
    events: list[object] = []
    front = Front(
        Response(),
        {"sts": crash},
        EmbeddedState(aws.groups),
        region="us-east-1",
        start="first",
        reads=LaggingReads({}),
        on_call=calls.append,
        trails=CloudTrail(events.append, EventHistory(), tells_of_silence=True),
        log=log.append,
    )
    scope = f"Credential={aws.environment['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/sts/aws4_request"
    answer = Client(front).post("/", headers={"Authorization": scope}, data={"Action": "GetCallerIdentity"})

    assert answer.status_code == 500
    assert "<Code>InternalFailure</Code>" in answer.text
    assert "ZeroDivisionError" in log[0]
    assert calls[0].error == "InternalFailure"


def session_keys(aws: EmbeddedAws) -> dict[str, str]:
    """Credentials of the role `operator`, in a session named alice."""
    return assume(aws, role(aws, "operator", "ec2:*"))


def events_of(aws: EmbeddedAws, calls: Any) -> list[dict[str, Any]]:
    """The events that EC2 calls leave: what a function gets that a rule for all of them wakes."""
    deploy(aws, with_properties("Rule", EventPattern={"source": ["aws.ec2"]}))
    calls(aws)
    aws.settle(SETTLE_S)
    return [delivery.invocations[0].payload["event"] for delivery in aws.deliveries]


@pytest.mark.parametrize("service", ["ec2", "sts", "cloudtrail"])
def test_a_region_that_there_is_not_is_refused_by_its_name_and_nothing_is_logged(
    service: str, aws: EmbeddedAws, capfd: pytest.CaptureFixture[str]
) -> None:
    typo = client(aws, service, region="us-esat-1")
    call = {"ec2": "describe_regions", "sts": "get_caller_identity", "cloudtrail": "describe_trails"}[service]
    with pytest.raises(ClientError, match=r"\(InvalidRegion\).*us-esat-1 is not the name of a Region"):
        getattr(typo, call)()
    assert "Traceback" not in "".join(capfd.readouterr())
