"""Policies of resources: what AWS refuses is refused, though moto would store it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, client, unheard

REGION = "us-east-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:a-topic"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/a-bus"
PARTNER = "arn:aws:iam::123456789012:root"
ACTIONS = {
    "sqs": "sqs:SendMessage",
    "sns": "SNS:Publish",
    "secretsmanager": "secretsmanager:GetSecretValue",
    "ecr": "ecr:BatchGetImage",
    "events": "events:PutEvents",
}
CODES = {
    "sqs": "InvalidAttributeValue",
    "sns": "InvalidParameter",
    "secretsmanager": "MalformedPolicyDocumentException",
    "ecr": "InvalidParameterException",
    "events": "ValidationException",
}
LIMITS = {"sqs": 8192, "sns": 30_720, "secretsmanager": 20_480, "ecr": 10_240, "events": 10_240}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as started:
        client(started, "sqs").create_queue(QueueName="a-queue")
        client(started, "sns").create_topic(Name="a-topic")
        client(started, "secretsmanager").create_secret(Name="a-secret", SecretString="secret")
        client(started, "ecr").create_repository(repositoryName="an-image")
        client(started, "events").create_event_bus(Name="a-bus")
        yield started


def put(aws: EmbeddedAws, service: str, text: str) -> None:
    set_: dict[str, Callable[[Any], Any]] = {
        "sqs": lambda sqs: sqs.set_queue_attributes(QueueUrl=_url(sqs), Attributes={"Policy": text}),
        "sns": lambda sns: sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=text),
        "secretsmanager": lambda secrets: secrets.put_resource_policy(SecretId="a-secret", ResourcePolicy=text),
        "ecr": lambda ecr: ecr.set_repository_policy(repositoryName="an-image", policyText=text),
        "events": lambda events: events.put_permission(EventBusName="a-bus", Policy=text),
    }
    set_[service](client(aws, service))


def _url(sqs: Any) -> str:
    return str(sqs.get_queue_url(QueueName="a-queue")["QueueUrl"])


def held(aws: EmbeddedAws, service: str) -> Any:
    get: dict[str, Callable[[Any], Any]] = {
        "sqs": lambda sqs: sqs.get_queue_attributes(QueueUrl=_url(sqs), AttributeNames=["Policy"])["Attributes"],
        "sns": lambda sns: sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"],
        "secretsmanager": lambda secrets: secrets.get_resource_policy(SecretId="a-secret"),
        "ecr": lambda ecr: ecr.get_repository_policy(repositoryName="an-image"),
        "events": lambda events: events.describe_event_bus(Name="a-bus"),
    }
    answer = get[service](client(aws, service))
    return json.loads(next(answer[key] for key in ("Policy", "ResourcePolicy", "policyText") if key in answer))


def statement(service: str, **more: Any) -> dict[str, Any]:
    arns = {"sns": TOPIC, "events": BUS}
    about = {} if service == "ecr" else {"Resource": arns.get(service, "*")}
    principal = {"AWS": PARTNER}
    return {"Sid": "a", "Effect": "Allow", "Principal": principal, "Action": ACTIONS[service], **about, **more}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize("service", ACTIONS)
def test_a_policy_is_taken_and_replaces_the_one_before(aws: EmbeddedAws, service: str) -> None:
    put(aws, service, policy(statement(service, Sid="b"), statement(service, Sid="c")))
    text = policy(statement(service), statement(service, Sid="z"))
    put(aws, service, text)
    assert held(aws, service) == json.loads(text)


@pytest.mark.parametrize("service", ACTIONS)
@pytest.mark.parametrize(
    "text",
    [
        "{nope",
        policy(),
        policy({"Effect": "Allow"}),
        "too large",
        "deleted principal",
        "foreign action",
    ],
)
def test_what_is_no_policy_of_the_service_is_refused(aws: EmbeddedAws, service: str, text: str) -> None:
    made = {
        "too large": policy(statement(service), statement(service, Sid="b" * LIMITS[service])),
        "deleted principal": policy(statement(service, Principal={"AWS": "AROAEXAMPLEOFAROLE123"})),
        "foreign action": policy(statement(service, Action="iam:PassRole")),
    }
    put(aws, service, policy(statement(service)))
    with pytest.raises(ClientError) as refused:
        put(aws, service, made.get(text, text))
    assert refused.value.response["Error"]["Code"] == CODES[service]
    assert held(aws, service) == json.loads(policy(statement(service)))


def test_the_policy_of_a_key_that_a_stack_made_is_a_text(aws: EmbeddedAws) -> None:
    own = {"Effect": "Allow", "Principal": {"AWS": PARTNER}, "Action": "kms:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [own]}
    made = {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document}}}}
    client(aws, "cloudformation").create_stack(StackName="a-stack", TemplateBody=json.dumps(made))
    (row,) = client(aws, "cloudformation").describe_stack_resources(StackName="a-stack")["StackResources"]
    answer = client(aws, "kms").get_key_policy(KeyId=row["PhysicalResourceId"], PolicyName="default")
    assert json.loads(answer["Policy"]) == document


def test_a_key_keeps_whoever_sets_its_policy_unless_they_say_that_they_know(aws: EmbeddedAws) -> None:
    kms = client(aws, "kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    other = {"AWS": "arn:aws:iam::111122223333:root"}
    partner = {"Effect": "Allow", "Principal": other, "Action": "kms:*", "Resource": "*"}
    for text in (policy(partner), "{nope", policy(), policy({**partner, "Action": "s3:*"})):
        with pytest.raises(ClientError, match="MalformedPolicyDocumentException"):
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=text)
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == before
    own = {**partner, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(own, partner))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(partner), BypassPolicyLockoutSafetyCheck=True)


def test_a_topic_takes_no_policy_of_another_topic_and_is_never_without_one(aws: EmbeddedAws) -> None:
    for text in (policy(statement("sns", Resource=f"{TOPIC}-2")), policy(statement("sns", Resource="*")), ""):
        with pytest.raises(ClientError, match="InvalidParameter"):
            put(aws, "sns", text)


def test_a_queue_is_without_a_policy_after_an_empty_one(aws: EmbeddedAws) -> None:
    put(aws, "sqs", policy(statement("sqs")))
    put(aws, "sqs", "")
    sqs = client(aws, "sqs")
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=_url(sqs), AttributeNames=["All"])["Attributes"]


def test_a_repository_takes_no_resource(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        put(aws, "ecr", policy(statement("ecr", Resource="*")))


def test_a_repository_answers_the_text_in_another_format(aws: EmbeddedAws) -> None:
    text = policy(statement("ecr"))
    put(aws, "ecr", text)
    answer = client(aws, "ecr").get_repository_policy(repositoryName="an-image")["policyText"]
    assert answer != text
    assert json.loads(answer) == json.loads(text)


@pytest.mark.parametrize("condition", [None, {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}])
def test_a_secret_can_be_kept_from_a_public_policy(aws: EmbeddedAws, condition: Any) -> None:
    public = statement("secretsmanager", Principal="*", **({"Condition": condition} if condition else {}))
    asked = {"SecretId": "a-secret", "ResourcePolicy": policy(public), "BlockPublicPolicy": True}
    if condition:
        client(aws, "secretsmanager").put_resource_policy(**asked)
    else:
        with pytest.raises(ClientError, match="PublicPolicyException"):
            client(aws, "secretsmanager").put_resource_policy(**asked)


@pytest.mark.parametrize("missing", ["Sid", "Resource"])
def test_a_statement_of_a_bus_has_a_sid_and_names_the_bus(aws: EmbeddedAws, missing: str) -> None:
    given = {key: value for key, value in statement("events").items() if key != missing}
    with pytest.raises(ClientError, match="ValidationException"):
        put(aws, "events", policy(given))


def test_a_bus_shows_everybody_as_they_were_written(aws: EmbeddedAws) -> None:
    everybody = {"StatementId": "everybody", "Action": "events:PutEvents", "Principal": "*"}
    client(aws, "events").put_permission(EventBusName="a-bus", **everybody)
    assert [each["Principal"] for each in held(aws, "events")["Statement"] if each["Sid"] == "everybody"] == ["*"]
