"""A deployment of the real template on the embedded AWS, and what doctor says of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from cloudmend.aws.gateway import SystemClock
from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.world import Connect, connect
from cloudmend.cli.doctor.check import Check
from cloudmend.cli.doctor.run import diagnose
from cloudmend.core.ledger import Terms
from cloudmend.core.standing import Unit
from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, HANDLER, SETTLE_S, aws_cli, client

ROOT = Path(__file__).parents[3]
STACK = "cloudmend"
TRAIL = "management-events"
ADDED: dict[str, dict[str, Any]] = {
    "LedgerTable": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        },
    },
    "ModeParameter": {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": "/cloudmend/mode", "Type": "String", "Value": "as-deployed"},
    },
}


@cache
def template() -> str:
    """The real template with a function that is inline, so that nothing has to be built, and a ledger."""
    read: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    inline = {"InlineCode": HANDLER, "Handler": "index.handler", "Runtime": RUNTIME, "Architectures": [architecture()]}
    for resource in read["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"].pop("CodeUri", None)
            resource["Properties"].update(inline)
    read.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    read["Resources"] = {**ADDED, **read["Resources"]}
    read["Resources"]["DeploymentRule"]["Properties"]["State"] = "DISABLED"  # no sweep of its own
    return json.dumps(read)


class Patient:
    """A deployment, and what doctor says of it."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self._resources: dict[str, str] = {}

    def client(self, service: str) -> Any:
        return client(self.aws, service)

    def deploy(self, stack: str = STACK, **parameters: str) -> None:
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=stack, TemplateBody=template(), Parameters=given, Capabilities=["CAPABILITY_IAM"]
        )
        rows = cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
        self._resources = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}
        self.aws.settle(SETTLE_S)
        self.client("events").enable_rule(Name=self["DeploymentRule"])

    def read_whole(self) -> None:
        """What the first sweep leaves in the ledger."""
        now = datetime.now(UTC)
        ledger = DynamoDbLedger(self.client, self["LedgerTable"], SystemClock(), Terms())
        known: dict[str, Any] = {
            "account": ACCOUNT,
            "region": self.aws.region,
            "tried": now,
            "read": now,
            "baseline": now,
        }
        ledger.keep_unit(Unit(control="sqs_policy_public", **known))

    def __getitem__(self, logical_id: str) -> str:
        return self._resources[logical_id]

    @property
    def rule(self) -> str:
        return self["ScheduledRule"]

    @property
    def function(self) -> str:
        return self["SecurityGroupRemediationLambda"]

    def invoke(self, logical_id: str, *, fail: bool = False) -> None:
        payload = json.dumps({"id": "by-hand", "detail": {"fail": fail}})
        self.client("lambda").invoke(FunctionName=self[logical_id], Payload=payload)

    def log(self, message: str) -> None:
        logs, now_ms = self.client("logs"), int(datetime.now(UTC).timestamp() * 1000)
        logs.create_log_stream(logGroupName=self["RemediationLogGroup"], logStreamName="stream")
        logs.put_log_events(
            logGroupName=self["RemediationLogGroup"],
            logStreamName="stream",
            logEvents=[{"timestamp": now_ms, "message": message}],
        )

    def checks(self, connection: Connect | None = None, stack: str = STACK) -> Mapping[str, Check]:
        made = diagnose(connection or connect(), stack, None, datetime.now(UTC))
        return {check.title: check for check in made}

    def run(self, command: str) -> str:
        """A fix of the AWS CLI, carried out."""
        words = shlex.split(command)
        assert words[0] == "aws"
        done = aws_cli(self.aws, *words[1:])
        assert done.returncode == 0, done.stderr
        return done.stdout
