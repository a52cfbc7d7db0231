"""Specimens of policies that strangers can use: how a person sets one, with an ordinary client."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

from cloudmend.controls import (
    ecr_policy_public,
    event_bus_policy_public,
    kms_key_policy_public,
    lambda_policy_public,
    secret_policy_public,
    sns_policy_public,
    sqs_policy_public,
)
from cloudmend.core.contract import Control
from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.testing.bench import REGION
from cloudmend.testing.clients import ACCOUNT
from cloudmend.testing.specimen import Client, Specimen

OTHER = "111122223333"


class _Holder(NamedTuple):
    """A kind of resource with a policy: the action that is opened, and how one is made and gets a policy.

    `make` returns the id. `put` is given the id, and the text.
    """

    control: Control[Any]
    action: str
    make: Callable[[Client], str]
    put: Callable[[Client, str, str], None]
    names_itself: bool = True  # whether its statements have the element Resource

    def specimen(self) -> Specimen:
        def open_(client: Client) -> str:
            name = self.make(client)
            self._set(client, name)
            return name

        return Specimen(
            self.control,
            open_,
            lambda client, name: self._set(client, name, self._inside(name, "added-meanwhile")),
            lambda client, name: self._set(client, name, {**self._everybody(name), "Sid": "wider"}),
        )

    def _set(self, client: Client, name: str, *more: Any) -> None:
        statements = [self._everybody(name), self._inside(name, "own"), *more]
        self.put(client, name, json.dumps({"Version": "2012-10-17", "Statement": statements}))

    def _everybody(self, name: str) -> dict[str, Any]:
        arn = self.control.resource.arn_of(name, ACCOUNT, REGION)
        about = {"Resource": arn} if self.names_itself else {}
        return {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": self.action, **about}

    def _inside(self, name: str, sid: str) -> dict[str, Any]:
        return {**self._everybody(name), "Sid": sid, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}


def _make_queue(client: Client) -> str:
    client("sqs").create_queue(QueueName="a-queue")
    return "a-queue"


def _put_of_queue(client: Client, name: str, text: str) -> None:
    url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})


def _make_topic(client: Client) -> str:
    return str(client("sns").create_topic(Name="a-topic")["TopicArn"]).rpartition(":")[2]


def _put_of_topic(client: Client, name: str, text: str) -> None:
    arn = sns_policy_public.CONTROL.resource.arn_of(name, ACCOUNT, REGION)
    client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=text)


def _make_secret(client: Client) -> str:
    made = client("secretsmanager").create_secret(Name="a/secret", SecretString="a-secret")
    return str(made["ARN"]).rpartition(":")[2]


def _put_of_secret(client: Client, name: str, text: str) -> None:
    arn = secret_policy_public.CONTROL.resource.arn_of(name, ACCOUNT, REGION)
    client("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=text)


def _make_repository(client: Client) -> str:
    client("ecr").create_repository(repositoryName="team/an-image")
    return "team/an-image"


def _put_of_repository(client: Client, name: str, text: str) -> None:
    client("ecr").set_repository_policy(repositoryName=name, policyText=text)


def _make_bus(client: Client) -> str:
    client("events").create_event_bus(Name="a-bus")
    return "a-bus"


def _put_of_bus(client: Client, name: str, text: str) -> None:
    client("events").put_permission(EventBusName=name, Policy=text)


def _make_function(client: Client) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handle(event, context): pass")
    asked = {"FunctionName": "a-function", "Runtime": RUNTIME, "Handler": "index.handle", "Role": role}
    client("lambda").create_function(**asked, Architectures=[architecture()], Code={"ZipFile": code.getvalue()})
    return "a-function"


def _put_of_function(client: Client, name: str, text: str) -> None:
    arn = lambda_policy_public.CONTROL.resource.arn_of(name, ACCOUNT, REGION)
    client("lambda").put_resource_policy(ResourceArn=arn, Policy=text)


def _make_key(client: Client) -> str:
    return str(client("kms").create_key()["KeyMetadata"]["KeyId"])


def _put_of_key(client: Client, name: str, text: str) -> None:
    """Set the policy, with the statement that a new key has first."""
    policy = json.loads(text)
    root = {"Sid": "root", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    policy["Statement"].insert(0, {"Effect": "Allow", **root})
    client("kms").put_key_policy(KeyId=name, PolicyName="default", Policy=json.dumps(policy))


QUEUE = _Holder(sqs_policy_public.CONTROL, "sqs:SendMessage", _make_queue, _put_of_queue).specimen()
_HOLDERS = (
    _Holder(sns_policy_public.CONTROL, "sns:Publish", _make_topic, _put_of_topic),
    _Holder(secret_policy_public.CONTROL, "secretsmanager:GetSecretValue", _make_secret, _put_of_secret),
    _Holder(ecr_policy_public.CONTROL, "ecr:BatchGetImage", _make_repository, _put_of_repository, names_itself=False),
    _Holder(lambda_policy_public.CONTROL, "lambda:InvokeFunction", _make_function, _put_of_function),
    _Holder(kms_key_policy_public.CONTROL, "kms:Decrypt", _make_key, _put_of_key),
    _Holder(event_bus_policy_public.CONTROL, "events:PutEvents", _make_bus, _put_of_bus),
)
POLICIES = tuple(each.specimen() for each in _HOLDERS)
