"""Real clients of the embedded AWS, and a small stack: a function that a rule wakes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from aws_commands import run_aws
from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.local.server import EmbeddedAws
from cloudmend.testing.clients import ACCOUNT as ACCOUNT
from cloudmend.testing.clients import SETTLE_S as SETTLE_S
from cloudmend.testing.clients import client as client
from cloudmend.testing.clients import unheard as unheard

HANDLER = """
import json, os

def handler(event, context):
    print("woken by", event.get("id"))
    if event.get("detail", {}).get("fail"):
        raise ValueError("asked to fail")
    return {"event": event, "setting": os.environ.get("SETTING")}
"""

# A SAM template, inline: what the function needs to be woken by a rule, and where failures go.
TEMPLATE: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Setting": {"Type": "String", "Default": "default", "AllowedPattern": "[a-z]+"}},
    "Resources": {
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "InlineCode": HANDLER,
                "Handler": "index.handler",
                "Runtime": RUNTIME,
                "Architectures": [architecture()],
                "Environment": {"Variables": {"SETTING": {"Ref": "Setting"}}},
                "LoggingConfig": {"LogGroup": {"Ref": "LogGroup"}},
                "EventInvokeConfig": {
                    "DestinationConfig": {
                        "OnFailure": {"Type": "SQS", "Destination": {"Fn::GetAtt": ["FailureQueue", "Arn"]}}
                    }
                },
            },
        },
        "LogGroup": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/small/stack"}},
        "FailureQueue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failures"}},
        "DeadLetterQueue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead-letters"}},
        "DeadLetterQueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "DeadLetterQueue"}],
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": "*",
                            "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}},
                        }
                    ]
                },
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["test", "aws.ec2"], "detail": {"errorCode": [{"exists": False}]}},
                "Targets": [
                    {
                        "Id": "function",
                        "Arn": {"Fn::GetAtt": ["Function", "Arn"]},
                        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}},
                    }
                ],
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Ref": "Function"},
                "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]},
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Namespace": "AWS/SQS",
                "Threshold": 0,
            },
        },
    },
    "Outputs": {
        "FunctionName": {"Value": {"Ref": "Function"}},
        "RuleName": {"Value": {"Ref": "Rule"}},
        "Setting": {"Value": {"Ref": "Setting"}},
    },
}


def aws_cli(aws: EmbeddedAws, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The AWS CLI with this AWS's environment, these variables, and nothing else but a PATH and an empty home."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, **aws.environment, **variables}
    return run_aws(arguments, environment)


def asked_lately(home: Path) -> None:
    """SAM asks PyPI for its latest version once a week, and tells AWS of its use: not today, and so not from a test."""
    folder = home / ".aws-sam"
    folder.mkdir(exist_ok=True)
    (folder / "metadata.json").write_text('{"lastVersionCheck": 4102444800.0, "telemetryEnabled": false}')


def without(*names: str) -> dict[str, Any]:
    """The template without these resources, and without the outputs that refer to them."""
    resources = {name: resource for name, resource in TEMPLATE["Resources"].items() if name not in names}
    outputs = {name: output for name, output in TEMPLATE["Outputs"].items() if output["Value"]["Ref"] not in names}
    return {**TEMPLATE, "Resources": resources, "Outputs": outputs}


def with_properties(name: str, template: dict[str, Any] = TEMPLATE, **properties: Any) -> dict[str, Any]:
    """The template with these properties of one resource changed."""
    resource = template["Resources"][name]
    changed = {**resource, "Properties": {**resource["Properties"], **properties}}
    return {**template, "Resources": {**template["Resources"], name: changed}}


def deploy(aws: EmbeddedAws, template: dict[str, Any] = TEMPLATE, **parameters: str) -> dict[str, str]:
    """Creates the stack `small` and returns its outputs."""
    cloudformation = client(aws, "cloudformation")
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    cloudformation.create_stack(
        StackName="small", TemplateBody=json.dumps(template), Parameters=given, Capabilities=["CAPABILITY_IAM"]
    )
    return outputs(aws)


def outputs(aws: EmbeddedAws) -> dict[str, str]:
    stack = client(aws, "cloudformation").describe_stacks(StackName="small")["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def put_event(aws: EmbeddedAws, **detail: Any) -> str:
    """Puts an event that the small stack's rule matches, and waits for its end. Returns its id."""
    entry = {"Source": "test", "DetailType": "test", "Detail": json.dumps(detail)}
    event_id: str = client(aws, "events").put_events(Entries=[entry])["Entries"][0]["EventId"]
    aws.settle(SETTLE_S)
    return event_id


def messages(aws: EmbeddedAws, queue: str) -> list[dict[str, Any]]:
    """What waits in a queue: the bodies as JSON under "body", the attributes' values under "attributes"."""
    sqs = client(aws, "sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return [
        {
            "body": json.loads(message["Body"]),
            "attributes": {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()},
        }
        for message in received.get("Messages", [])
    ]


def archive(source: str) -> bytes:
    """A zip with index.py."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("index.py", source)
    return file.getvalue()


def open_to_the_world(aws: EmbeddedAws, **kwargs: Any) -> str:
    """A new group with tcp/22 open to 0.0.0.0/0; returns its id."""
    ec2 = client(aws, "ec2", **kwargs)
    group_id: str = ec2.create_security_group(GroupName="testing", Description="testing")["GroupId"]
    world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[world])
    return group_id


def trail_bucket(aws: EmbeddedAws, name: str = "trails") -> str:
    """The name of a new bucket in which CloudTrail may write its files."""
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket=name)
    cloudtrail = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    reads = {**cloudtrail, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{name}"}
    writes = {**cloudtrail, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/AWSLogs/*"}
    s3.put_bucket_policy(Bucket=name, Policy=document(reads, writes))
    return name


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allowing(*actions: str, resource: str = "*") -> str:
    """A policy that allows these actions."""
    return document({"Effect": "Allow", "Action": actions, "Resource": resource})


def trusting(principal: dict[str, str] | str, **condition: Any) -> str:
    """The trust policy of a role that these principals may assume."""
    given = {"Condition": condition} if condition else {}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **given})


ACCOUNT_ITSELF = {"AWS": ACCOUNT}
LAMBDA = {"Service": "lambda.amazonaws.com"}


def role(aws: EmbeddedAws, name: str, *actions: str, trust: str = trusting(ACCOUNT_ITSELF)) -> str:
    """The ARN of a new role that may do these actions."""
    iam = client(aws, "iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if actions:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=allowing(*actions))
    return arn


def user(aws: EmbeddedAws, name: str, *actions: str) -> dict[str, str]:
    """The key of a new user who may do these actions."""
    iam = client(aws, "iam")
    iam.create_user(UserName=name)
    if actions:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=allowing(*actions))
    return signing(iam.create_access_key(UserName=name)["AccessKey"])


def assume(aws: EmbeddedAws, arn: str, name: str = "alice", **parameters: Any) -> dict[str, str]:
    """The keys of a session of a role, as `client` takes them."""
    return signing(client(aws, "sts").assume_role(RoleArn=arn, RoleSessionName=name, **parameters)["Credentials"])


def signing(keys: dict[str, str]) -> dict[str, str]:
    """Keys as AWS answers them, as `client` takes them."""
    token = {"aws_session_token": keys["SessionToken"]} if "SessionToken" in keys else {}
    return {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"], **token}


def member(aws: EmbeddedAws) -> tuple[str, dict[str, str]]:
    """A further account, of an organization, and the keys of its administrator."""
    organizations = client(aws, "organizations")
    with suppress(organizations.exceptions.AlreadyInOrganizationException):
        organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(AccountName="member", Email="member@example.com")
    account: str = made["CreateAccountStatus"]["AccountId"]
    return account, assume(aws, f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole")
