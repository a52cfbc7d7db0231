"""The stack on the embedded AWS, as its tests use it."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.session import Session

from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.cli.stack import event_rules
from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.plan import modify
from cloudmend.core.ledger import Terms
from cloudmend.core.model import Intent, Request, Resource, Step
from cloudmend.core.partitions import partition_of
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, asked_lately
from walkthrough.conftest import TOOLS, run

PATIENCE_S = 60.0
# As the README says it; a test compares.
DEPLOY = shlex.split("./deploy.sh --bucket cloudmend-packages --region us-east-1")
REMOVE = shlex.split("./deploy.sh --remove --bucket cloudmend-packages --region us-east-1")
RULES_OF_CONTROLS = tuple(each.id for each in event_rules())
# The rights to calls that IAM has another name for, or none: a transaction of the ledger consists of these.
RIGHTS = {
    "dynamodb:TransactWriteItems": ("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    "s3:GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),  # s3control's too
    "s3:ListBuckets": ("s3:ListAllMyBuckets",),
    "s3:PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
}


class Deployed:
    """The embedded AWS with the stack in it."""

    def __init__(self, aws: EmbeddedAws, environment: dict[str, str], log: list[str]) -> None:
        self.aws = aws
        self.environment = environment
        self._log = log

    def client(self, service: str, region: str = "") -> Any:
        return Session().create_client(
            service,
            region_name=region or self.aws.region,
            endpoint_url=self.aws.endpoint,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def group(self, name: str) -> str:
        group = self.client("ec2").create_security_group(GroupName=name, Description="testing")
        return str(group["GroupId"])

    def open(self, group_id: str, *cidrs: str) -> None:
        self.client("ec2").authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ssh_from(*cidrs)])

    def refer_to_a_list_that_grows(self, group_id: str, name: str = "offices") -> None:
        """A rule from a prefix list that holds little; then the list comes to hold the world."""
        ec2 = self.client("ec2")
        made = ec2.create_managed_prefix_list(PrefixListName=name, AddressFamily="IPv4", MaxEntries=5)
        prefix_list = made["PrefixList"]["PrefixListId"]
        sources = [{"PrefixListId": prefix_list}]
        permission = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "PrefixListIds": sources}
        ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
        world = [{"Cidr": "0.0.0.0/0"}]
        ec2.modify_managed_prefix_list(PrefixListId=prefix_list, CurrentVersion=1, AddEntries=world)

    def settle(self) -> None:
        self.aws.settle(PATIENCE_S)

    def records(self, group_id: str) -> list[dict[str, Any]]:
        """What the function logged about a group, in order."""
        records = [json.loads(line)["record"] for line in self._log if '"record":' in line]
        return [record for record in records if record["resource"]["id"] == group_id]

    def counted(self, metric: str) -> float:
        """The sum of a metric that the functions published."""
        published = [json.loads(line) for line in self._log if '"_aws"' in line]
        return sum(sum(each[metric]) for each in published if metric in each)

    def resource(self, name: str) -> str:
        """The physical id of a resource of the stack: a queue's URL, a table's name."""
        found = self.client("cloudformation").describe_stack_resource(StackName="cloudmend", LogicalResourceId=name)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def parameters(self) -> dict[str, str]:
        """The stack's own, as they are now."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName="cloudmend")["Stacks"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}

    def ledger(self, table: str | None = None) -> DynamoDbLedger:
        """The deployed table, as it is used some minutes ago."""
        return DynamoDbLedger(self.client, table or self.resource("LedgerTable"), Earlier(), Terms())

    @contextmanager
    def without_events(self) -> Iterator[None]:
        """What happens meanwhile is told to nobody."""
        rules = [self.resource(name) for name in RULES_OF_CONTROLS]
        for rule in rules:
            self.client("events").disable_rule(Name=rule)
        yield
        self.settle()
        for rule in rules:
            self.client("events").enable_rule(Name=rule)

    def invoke(self, function: str, event: object = None, kind: str = "RequestResponse") -> Any:
        answer = self.client("lambda").invoke(
            FunctionName=self.resource(function), InvocationType=kind, Payload=json.dumps(event or {})
        )
        return json.loads(answer["Payload"].read() or "null")

    def configure(self, function: str, **variables: str) -> None:
        """Changes a function's environment, which starts it anew."""
        name, client = self.resource(function), self.client("lambda")
        before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {**before, **variables}})

    def switch(self, mode: str) -> None:
        """Sets the switch, and starts the function anew: it would remember for half a minute."""
        name = self.resource("ModeParameter")
        self.client("ssm").put_parameter(Name=name, Value=mode, Type="String", Overwrite=True)
        self.configure("SecurityGroupRemediationLambda", SWITCHED=mode)

    def assume(self, role: str) -> dict[str, str]:
        """The environment of a person who has assumed a role of the stack, with a code of an MFA device."""
        arn = f"arn:{partition_of(self.aws.region).id}:iam::{ACCOUNT}:role/{self.resource(role)}"
        shown = {"SerialNumber": self._mfa_device(), "TokenCode": "123456"}
        keys = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody", **shown)["Credentials"]
        return {
            **self.environment,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "CLOUDMEND_LEDGER_TABLE": self.resource("LedgerTable"),
        }

    def _mfa_device(self) -> str:
        """The MFA device of the user whose key is printed."""
        iam, name = self.client("iam"), "walkthrough"
        enabled = iam.list_mfa_devices(UserName=name)["MFADevices"]
        if enabled:
            return str(enabled[0]["SerialNumber"])
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(UserName=name, SerialNumber=made["SerialNumber"], **codes)
        return str(made["SerialNumber"])

    def used(self, role: str) -> set[str]:
        """The IAM actions of all calls in a role."""
        calls = [call for call in self.aws.calls if f":assumed-role/cloudmend-{role}" in call.principal]
        names = {f"{call.service}:{call.operation}" for call in calls}
        return {action for name in names for action in RIGHTS.get(name, (name,))}


@contextmanager
def an_account(home: Path, region: str = "us-east-1") -> Iterator[Deployed]:
    """The embedded AWS with a bucket and no stack; `home` is the folder of the person who will deploy there."""
    asked_lately(home)
    log: list[str] = []
    with EmbeddedAws(log=log.append, region=region) as aws:
        path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
        environment = {**aws.environment, "HOME": str(home), "PATH": path}
        run(["aws", "s3", "mb", "s3://cloudmend-packages"], environment)
        yield Deployed(aws, environment, log)


class Earlier:
    """A clock that stands, some minutes ago."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(minutes=10)

    def sleep(self, seconds: float) -> None:
        """Nothing is waited for."""


def ssh_from(*cidrs: str) -> dict[str, Any]:
    """An IpPermission."""
    return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": cidr} for cidr in cidrs]}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def narrowing(rule: dict[str, Any]) -> Request:
    """To 10.0.0.0/8."""
    fields = {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort")} | {"CidrIpv4": "10.0.0.0/8"}
    update = {
        "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
        "SecurityGroupRule": fields | {"CidrIpv4": "10.0.0.0/8"},
    }
    return Request("ec2:ModifySecurityGroupRules", {"GroupId": rule["GroupId"], "SecurityGroupRules": [update]})


def intent(group_id: str, *rules: dict[str, Any]) -> Intent:
    """What a function that crashed was about to do: narrow these rules."""
    return Intent(
        control=CONTROL.id,
        resource=Resource(type="AWS::EC2::SecurityGroup", id=group_id),
        account=ACCOUNT,
        region="us-east-1",
        event_id="",
        before={"SecurityGroupRules": list(rules)},
        requests=tuple(narrowing(rule) for rule in rules),
        undo=tuple(modify(group_id, Rule(rule)).command("us-east-1") for rule in rules),
        steps=tuple(Step(rule["SecurityGroupRuleId"], rule, {**rule, "CidrIpv4": "10.0.0.0/8"}) for rule in rules),
    )
