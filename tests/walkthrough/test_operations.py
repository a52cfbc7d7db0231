"""docs/operations.md: its alarms are the template's, and its commands do to a deployment what it says."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from cloudmend.local.server import EmbeddedAws
from entry.doctor.patient import STACK, Patient
from local.embedded.helpers import unheard
from walkthrough.blocks import ROOT, blocks
from walkthrough.conftest import TOOLS
from walkthrough.shell import Shell

PAGE = "docs/operations.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


def test_the_page_says_of_every_alarm_what_to_do() -> None:
    alarms = {name for name, each in TEMPLATE["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", TEXT, re.MULTILINE)) == alarms


@pytest.fixture
def deployment() -> Iterator[Patient]:
    """The real template, with functions that only log."""
    with EmbeddedAws(log=unheard) as aws:
        deployment = Patient(aws)
        deployment.deploy()
        yield deployment


@pytest.fixture
def shell(deployment: Patient, tmp_path: Path) -> Shell:
    """A terminal of whoever is woken, who knows the stack's names."""
    aws = deployment.aws
    environment = {
        **aws.environment,
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    instead = {
        "STACK": STACK,
        "DEAD_LETTER_QUEUE_URL": deployment["DeadLetterQueue"],
        "LEDGER_TABLE_NAME": deployment["LedgerTable"],
        "SWEEP_FUNCTION_NAME": deployment["SweepFunction"],
    }
    return Shell(environment, tmp_path, instead)


def test_its_commands_do_to_a_deployment_what_it_says(deployment: Patient, shell: Shell) -> None:
    names, switch, look, again, sweep, purge, delete = blocks(PAGE, "operations")
    group_id = an_open_group(deployment)
    event = (ROOT / "events" / "event.json").read_text().replace("sg-05fe30eb67c909f27", group_id)
    queue = deployment["DeadLetterQueue"]
    for _ in range(2):
        deployment.client("sqs").send_message(QueueUrl=queue, MessageBody=event)

    assert {deployment["DeadLetterQueue"], deployment["LedgerTable"]} < set(shell.type(names).split())
    shell.type(switch)
    parameter = deployment.client("ssm").get_parameter(Name=f"/cloudmend/{STACK}/mode")
    assert parameter["Parameter"]["Value"] == "observe"
    assert [message["Body"] for message in json.loads(shell.type(look))["Messages"]] == [event, event]
    assert shell.type(again).startswith(f"mended {group_id}: ")
    assert json.loads(shell.type(sweep))["StatusCode"] == 202
    shell.type(purge)
    assert "Messages" not in deployment.client("sqs").receive_message(QueueUrl=queue)
    shell.type(delete)
    assert deployment["LedgerTable"] not in deployment.client("dynamodb").list_tables()["TableNames"]


def an_open_group(deployment: Patient) -> str:
    ec2 = deployment.client("ec2")
    group_id = str(ec2.create_security_group(GroupName="web", Description="web")["GroupId"])
    ec2.authorize_security_group_ingress(GroupId=group_id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    return group_id
