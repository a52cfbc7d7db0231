"""Rights are enforced: who is refused what, and how each service says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.utils import utcnow

from cloudmend.core.partitions import partition_of
from cloudmend.local.identity import session_of
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import (
    ACCOUNT,
    ACCOUNT_ITSELF,
    allowing,
    assume,
    aws_cli,
    client,
    document,
    member,
    open_to_the_world,
    role,
    trusting,
    unheard,
    user,
)

REGION = "us-east-1"
JSON = "application/x-amz-json-1.1"
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mend"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/mend"

# A call of each protocol, its action and resource as the service writes them in a denial.
CALLS: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    "ec2": ("ec2", "create_security_group", {"GroupName": "web", "Description": "web"}, "ec2:CreateSecurityGroup", ""),
    "query": ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}, "iam:CreateRole", ""),
    "sns": ("sns", "publish", {"TopicArn": TOPIC, "Message": "m"}, "SNS:Publish", TOPIC),
    "sqs": ("sqs", "purge_queue", {"QueueUrl": f"http://localhost/{ACCOUNT}/work"}, "sqs:purgequeue", QUEUE),
    "cloudwatch": ("cloudwatch", "list_metrics", {}, "cloudwatch:ListMetrics", ""),
    "json": ("dynamodb", "describe_table", {"TableName": "ledger"}, "dynamodb:DescribeTable", TABLE),
    "events": ("events", "disable_rule", {"Name": "mend"}, "events:DisableRule", BUS),
    "rest-json": ("lambda", "get_function", {"FunctionName": "mend"}, "lambda:GetFunction", FUNCTION),
    "s3": ("s3", "get_object", {"Bucket": "b", "Key": "k"}, "s3:GetObject", '"arn:aws:s3:::b/k"'),
}
DENIED = {
    "ec2": ("UnauthorizedOperation", 403),
    "query": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "sqs": ("AccessDenied", 403),
    "cloudwatch": ("AccessDenied", 403),
    "json": ("AccessDeniedException", 400),
    "events": ("AccessDeniedException", 400),
    "rest-json": ("AccessDeniedException", 403),
    "s3": ("AccessDenied", 403),
}
UNKNOWN = {
    "ec2": ("AuthFailure", 401),
    "query": ("InvalidClientTokenId", 403),
    "sns": ("InvalidClientTokenId", 403),
    "sqs": ("InvalidClientTokenId", 403),
    "cloudwatch": ("InvalidClientTokenId", 403),
    "json": ("UnrecognizedClientException", 400),
    "events": ("UnrecognizedClientException", 400),
    "rest-json": ("UnrecognizedClientException", 403),
    "s3": ("InvalidAccessKeyId", 403),
}
EXPIRED = {
    "ec2": ("RequestExpired", 400),
    "query": ("ExpiredToken", 403),
    "sns": ("ExpiredToken", 403),
    "sqs": ("ExpiredToken", 403),
    "cloudwatch": ("ExpiredToken", 403),
    "json": ("ExpiredTokenException", 400),
    "events": ("ExpiredTokenException", 400),
    "rest-json": ("ExpiredTokenException", 403),
    "s3": ("ExpiredToken", 400),
}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def bob(aws: EmbeddedAws) -> dict[str, str]:
    """The keys of a user who may list queues, and nothing else."""
    return user(aws, "bob", "sqs:ListQueues")


def refused(aws: EmbeddedAws, kind: str, keys: dict[str, str]) -> tuple[str, int, str]:
    """The code, the status, and the sentence of a call that is refused."""
    service, operation, params, *_ = CALLS[kind]
    with pytest.raises(ClientError) as error:
        getattr(client(aws, service, **keys), operation)(**params)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


@pytest.mark.parametrize("kind", CALLS)
def test_a_denial_has_the_code_of_its_service_and_names_action_and_resource(
    aws: EmbeddedAws, bob: dict[str, str], kind: str
) -> None:
    *_, action, resource = CALLS[kind]
    code, status, sentence = refused(aws, kind, bob)
    assert (code, status) == DENIED[kind]
    before = "You are not authorized to perform this operation. " if kind == "ec2" else ""
    assert sentence.startswith(f"{before}User: {BOB} is not authorized to perform: {action}")
    assert sentence.endswith(f" because no identity-based policy allows the {action} action")
    assert resource in sentence.partition(" on resource: ")[2]


@pytest.mark.parametrize("kind", CALLS)
def test_a_key_that_nobody_has_is_refused(aws: EmbeddedAws, kind: str) -> None:
    nobody = {"aws_access_key_id": "AKIAEXAMPLEEXAMPLE01", "aws_secret_access_key": "example"}
    assert refused(aws, kind, nobody)[:2] == UNKNOWN[kind]


@pytest.mark.parametrize("kind", CALLS)
def test_a_session_that_has_ended_is_refused(aws: EmbeddedAws, kind: str) -> None:
    arn = role(aws, f"ended-{kind}", "*")
    keys = assume(aws, arn)
    session = session_of(keys["aws_access_key_id"], partition_of(REGION).id)
    assert session is not None
    session.expiration = utcnow()
    assert refused(aws, kind, keys)[:2] == EXPIRED[kind]


def test_another_service_of_xml_does_not_spell_a_refusal_as_s3(aws: EmbeddedAws) -> None:
    keys = {"aws_access_key_id": "AKIAEXAMPLEEXAMPLE01", "aws_secret_access_key": "example"}
    nobody = client(aws, "route53", **keys)
    with pytest.raises(ClientError, match=r"\(InvalidClientTokenId\)"):
        nobody.list_hosted_zones()


def test_the_key_of_a_session_needs_its_token(aws: EmbeddedAws) -> None:
    keys = assume(aws, role(aws, "tokens", "*"))
    assert client(aws, "sqs", **keys).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    token = keys.pop("aws_session_token")
    assert refused(aws, "query", keys)[:2] == UNKNOWN["query"]
    assert refused(aws, "query", {**keys, "aws_session_token": token[:-1]})[:2] == UNKNOWN["query"]


def test_a_key_that_is_inactive_or_deleted_is_refused(aws: EmbeddedAws) -> None:
    keys, iam = user(aws, "leaver", "*"), client(aws, "iam")
    named = {"UserName": "leaver", "AccessKeyId": keys["aws_access_key_id"]}
    assert client(aws, "sqs", **keys).list_queues()
    iam.update_access_key(Status="Inactive", **named)
    assert refused(aws, "json", keys)[:2] == UNKNOWN["json"]
    iam.delete_access_key(**named)
    assert refused(aws, "json", keys)[:2] == UNKNOWN["json"]


def test_what_a_policy_allows_is_answered_and_nothing_beside_it(aws: EmbeddedAws) -> None:
    own, other = open_to_the_world(aws), client(aws, "ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{own}"
    keys = user(aws, "narrow")
    client(aws, "iam").put_user_policy(
        UserName="narrow", PolicyName="own", PolicyDocument=allowing("ec2:RevokeSecurityGroupIngress", resource=arn)
    )
    ec2 = client(aws, "ec2", **keys)
    world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    assert ec2.revoke_security_group_ingress(GroupId=own, IpPermissions=[world])["Return"]
    with pytest.raises(ClientError, match=r"not authorized to perform: ec2:DeleteVpc on resource: arn:aws:ec2:"):
        ec2.delete_vpc(VpcId=other)
    with pytest.raises(ClientError, match=r"UnauthorizedOperation.* ec2:DescribeVpcs because"):
        ec2.describe_vpcs()


def test_a_denied_write_is_recorded_and_one_by_nobody_is_not(aws: EmbeddedAws, bob: dict[str, str]) -> None:
    before = len(aws.events)
    refused(aws, "ec2", {"aws_access_key_id": "AKIAEXAMPLEEXAMPLE01", "aws_secret_access_key": "example"})
    refused(aws, "ec2", bob)
    refused(aws, "query", bob)
    told = [event["detail"] for event in aws.events[before:]]
    assert [(each["eventName"], each["errorCode"]) for each in told] == [
        ("CreateSecurityGroup", "Client.UnauthorizedOperation"),
        ("CreateRole", "AccessDenied"),
    ]
    assert {each["userIdentity"]["arn"] for each in told} == {BOB}


def test_the_aws_cli_shows_a_denial(aws: EmbeddedAws, bob: dict[str, str]) -> None:
    names = {"AWS_ACCESS_KEY_ID": bob["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": bob["aws_secret_access_key"]}
    for words, code in (
        (("ec2", "describe-vpcs"), "UnauthorizedOperation"),
        (("sns", "list-topics"), "AuthorizationError"),
        (("ssm", "get-parameter", "--name", "/p"), "AccessDeniedException"),
        (("s3api", "list-buckets"), "AccessDenied"),
    ):
        run = aws_cli(aws, *words, **names)
        assert run.returncode != 0
        assert f"An error occurred ({code}) when calling" in run.stderr
        assert f"User: {BOB} is not authorized to perform: " in run.stderr
    assert aws_cli(aws, "sqs", "list-queues", **names).returncode == 0
    assert aws_cli(aws, "sts", "get-caller-identity", **names).returncode == 0


def test_a_call_that_nobody_described_is_refused_with_a_sentence(aws: EmbeddedAws) -> None:
    keys = user(aws, "ada", "ecs:*", "ec2:*")
    with pytest.raises(ClientError) as error:
        client(aws, "ecs", **keys).list_clusters()
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    said = error.value.response["Error"]["Message"]
    assert said.startswith(f"User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized. The embedded AWS does not know ")
    assert "which rights ecs:ListClusters needs" in said


def test_a_call_that_nobody_described_is_answered_for_an_administrator_alone(aws: EmbeddedAws) -> None:
    assert client(aws, "ecs").list_clusters()["clusterArns"] == []
    keys = assume(aws, role(aws, "limited", "*"), Policy=allowing("ecs:*"))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client(aws, "ecs", **keys).list_clusters()


def test_a_call_whose_parameters_cannot_be_read_is_refused_and_an_administrator_hears_why(aws: EmbeddedAws) -> None:
    def put(keys: dict[str, str]) -> str:
        config = Config(parameter_validation=False)
        with pytest.raises(ClientError) as error:
            client(aws, "dynamodb", config, **keys).transact_write_items(TransactItems=[{"Put": {}}])
        return f"{error.value}"

    assert "is not authorized. Its parameters cannot be read." in put(user(aws, "sloppy", "dynamodb:*"))
    assert "AccessDenied" not in put({})


def test_the_printed_key_is_an_administrators_as_iam_has_it(aws: EmbeddedAws) -> None:
    (policy,) = client(aws, "iam").list_attached_user_policies(UserName="walkthrough")["AttachedPolicies"]
    assert policy == {
        "PolicyName": "AdministratorAccess",
        "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
    }


def test_an_administrator_may_not_do_what_an_explicit_denial_forbids(aws: EmbeddedAws) -> None:
    iam, sns = client(aws, "iam"), client(aws, "sns")
    sns.create_topic(Name="alarms")
    denying = document({"Effect": "Deny", "Action": "sns:Publish", "Resource": "*"})
    iam.put_user_policy(UserName="walkthrough", PolicyName="never", PolicyDocument=denying)
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        sns.publish(TopicArn=TOPIC, Message="m")
    iam.delete_user_policy(UserName="walkthrough", PolicyName="never")
    assert sns.publish(TopicArn=TOPIC, Message="m")["MessageId"]


def test_a_member_account_is_limited_by_its_organization(aws: EmbeddedAws) -> None:
    account, keys = member(aws)
    organizations, sqs = client(aws, "organizations"), client(aws, "sqs", **keys)
    assert sqs.create_queue(QueueName="before")["QueueUrl"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    denying = document({"Effect": "Deny", "Action": "sqs:CreateQueue", "Resource": "*"})
    made = organizations.create_policy(Content=denying, Description="", Name="no", Type="SERVICE_CONTROL_POLICY")
    policy = made["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=root)
    with pytest.raises(ClientError, match="with an explicit deny in a service control policy"):
        sqs.create_queue(QueueName="after")
    assert client(aws, "sqs").create_queue(QueueName="of-the-management-account")["QueueUrl"]
    organizations.detach_policy(PolicyId=policy, TargetId=root)
    assert account in sqs.create_queue(QueueName="again")["QueueUrl"]


def test_a_malformed_policy_grants_nothing_and_leaves_the_others_as_they_are(aws: EmbeddedAws) -> None:
    malformed = {"Effect": "Allow", "Action": "sns:*", "Resource": "*", "Condition": {"Equals": {"aws:a": "b"}}}
    policies = [
        {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
        for name, statement in (("malformed", malformed), ("good", json.loads(allowing("sqs:*"))["Statement"][0]))
    ]
    trust = json.loads(trusting(ACCOUNT_ITSELF))
    properties = {"RoleName": "careless", "AssumeRolePolicyDocument": trust, "Policies": policies}
    template = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}}}
    client(aws, "cloudformation").create_stack(StackName="careless", TemplateBody=json.dumps(template))
    keys = assume(aws, f"arn:aws:iam::{ACCOUNT}:role/careless")
    assert client(aws, "sqs", **keys).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    with pytest.raises(ClientError, match="because no identity-based policy allows the SNS:ListTopics action"):
        client(aws, "sns", **keys).list_topics()


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListRoles", "MissingAuthenticationToken"),
        (
            {"X-Amz-Target": "AWSEvents.ListRules", "Content-Type": "application/x-amz-json-1.1"},
            b"{}",
            "MissingAuthenticationTokenException",
        ),
        ({}, None, "AccessDenied"),
    ],
)
def test_a_call_that_nobody_signed_is_refused(
    aws: EmbeddedAws, headers: dict[str, str], body: bytes | None, code: str
) -> None:
    with pytest.raises(HTTPError) as error:
        urlopen(Request(aws.endpoint + "/", body, headers))  # noqa: S310 the scheme is http
    assert code.encode() in error.value.read()
    assert aws.calls[-1].error == code
