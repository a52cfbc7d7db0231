"""The policies of resources that the embedded AWS holds: read from its state, and enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudmend.local.iam.resource_policies import resource_policy, trust_of
from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, LAMBDA, archive, client, document, member, role, trusting, unheard, user

REGION = "us-east-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def stranger(aws: EmbeddedAws) -> tuple[str, dict[str, str]]:
    """An account, and the keys of its administrator."""
    return member(aws)


def granting(account: str, action: str, resource: str = "*") -> str:
    return document({"Effect": "Allow", "Principal": {"AWS": account}, "Action": action, "Resource": resource})


def held(arn: str) -> Any:
    policy = resource_policy(arn)
    return policy and json.loads(policy.text)


def refused(operation: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as error:
        operation(**params)
    return str(error.value.response["Error"]["Message"])


def test_a_stranger_sends_to_a_queue_whose_policy_lets_it(aws: EmbeddedAws, stranger: Any) -> None:
    account, keys = stranger
    sqs = client(aws, "sqs")
    url, arn = sqs.create_queue(QueueName="work")["QueueUrl"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
    send = client(aws, "sqs", **keys).send_message
    assert held(arn) is None
    assert "because no resource-based policy allows" in refused(send, QueueUrl=url, MessageBody="m")
    policy = granting(account, "sqs:SendMessage", arn)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    assert held(arn) == json.loads(policy)
    # It may: moto knows no queue of another account.
    assert "The specified queue does not exist" in refused(send, QueueUrl=url, MessageBody="m")


def test_a_stranger_publishes_to_a_topic_whose_policy_lets_it(aws: EmbeddedAws, stranger: Any) -> None:
    account, keys = stranger
    sns = client(aws, "sns")
    arn = sns.create_topic(Name="alarms")["TopicArn"]
    publish = client(aws, "sns", **keys).publish
    assert "because no resource-based policy allows" in refused(publish, TopicArn=arn, Message="m")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=granting(account, "sns:Publish", arn))
    assert publish(TopicArn=arn, Message="m")["MessageId"]


def test_a_stranger_reads_a_bucket_whose_policy_lets_it(aws: EmbeddedAws, stranger: Any) -> None:
    account, keys = stranger
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="shared")
    s3.put_object(Bucket="shared", Key="a/b", Body=b"body")
    get = client(aws, "s3", **keys).get_object
    assert "because no resource-based policy allows" in refused(get, Bucket="shared", Key="a/b")
    s3.put_bucket_policy(Bucket="shared", Policy=granting(account, "s3:GetObject", "arn:aws:s3:::shared/*"))
    assert held("arn:aws:s3:::shared")["Statement"] == held("arn:aws:s3:::shared/a/b")["Statement"]
    assert get(Bucket="shared", Key="a/b")["Body"].read() == b"body"


def test_a_key_is_used_by_whom_its_policy_lets(aws: EmbeddedAws) -> None:
    kms = client(aws, "kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    bob = client(aws, "kms", **user(aws, "bob", "kms:Encrypt"))
    assert bob.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    only = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/walkthrough"}, "Action": "kms:*"}
    kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=document({**only, "Resource": "*"}))
    assert "because no resource-based policy allows the kms:Encrypt action" in refused(
        bob.encrypt, KeyId=arn, Plaintext=b"x"
    )


def test_a_stranger_invokes_a_function_whose_policy_lets_it(aws: EmbeddedAws, stranger: Any) -> None:
    account, keys = stranger
    functions = client(aws, "lambda")
    made = functions.create_function(
        FunctionName="mend",
        Role=role(aws, "mender", trust=trusting(LAMBDA)),
        Handler="index.handler",
        Runtime=RUNTIME,
        Architectures=[architecture()],
        Code={"ZipFile": archive("def handler(event, context):\n    return 7\n")},
    )
    arn = made["FunctionArn"]
    invoke = client(aws, "lambda", **keys).invoke
    assert held(arn) is None
    assert "because no resource-based policy allows" in refused(invoke, FunctionName=arn)
    functions.add_permission(FunctionName="mend", StatementId="them", Action="lambda:InvokeFunction", Principal=account)
    assert invoke(FunctionName=arn)["Payload"].read() == b"7"


def test_a_stranger_reads_a_secret_whose_policy_lets_it(aws: EmbeddedAws, stranger: Any) -> None:
    account, keys = stranger
    secrets = client(aws, "secretsmanager")
    arn = secrets.create_secret(Name="token", SecretString="s")["ARN"]
    get = client(aws, "secretsmanager", **keys).get_secret_value
    assert "because no resource-based policy allows" in refused(get, SecretId=arn)
    policy = granting(account, "secretsmanager:GetSecretValue")
    secrets.put_resource_policy(SecretId=arn, ResourcePolicy=policy)
    assert held(arn) == json.loads(policy)


def test_a_table_and_a_bus_have_their_policies(aws: EmbeddedAws, stranger: Any) -> None:
    account, _ = stranger
    dynamodb, events = client(aws, "dynamodb"), client(aws, "events")
    made = dynamodb.create_table(
        TableName="ledger",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table = made["TableDescription"]["TableArn"]
    bus = events.create_event_bus(Name="shared")["EventBusArn"]
    assert (held(table), held(bus)) == (None, None)
    dynamodb.put_resource_policy(ResourceArn=table, Policy=granting(account, "dynamodb:GetItem", table))
    events.put_permission(EventBusName="shared", Action="events:PutEvents", Principal=account, StatementId="them")
    assert held(table) == held(f"{table}/index/by-kind") == json.loads(granting(account, "dynamodb:GetItem", table))
    assert held(bus)["Statement"][0]["Action"] == "events:PutEvents"


@pytest.mark.parametrize(
    "arn",
    [
        "*",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:absent",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:absent",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/absent",
        "arn:aws:s3:::absent",
        "arn:aws:s3:::absent/a/b",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:absent",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:absent",
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:absent",
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/absent",
        f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/absent",
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/absent",
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1",
    ],
)
def test_what_is_not_there_or_has_no_policy_has_none(aws: EmbeddedAws, arn: str) -> None:
    assert resource_policy(arn) is None


def test_a_key_that_is_not_there_leaves_all_to_its_account(aws: EmbeddedAws) -> None:
    """So an administrator hears from KMS that there is no such key, and a stranger hears nothing."""
    (statement,) = held(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/absent")["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"AWS": ACCOUNT}, "kms:*")


def test_the_trust_of_a_role_is_its_policy_for_those_who_assume_it(aws: EmbeddedAws) -> None:
    arn = role(aws, "trusted")
    policy = trust_of(arn)
    assert policy is not None
    assert json.loads(policy.text)["Statement"][0]["Principal"] == {"AWS": ACCOUNT}
    assert trust_of(f"{arn}s") is None
