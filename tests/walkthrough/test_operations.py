"""docs/operations.md: its alarms are the template's, and its commands do to a deployment what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from cli.doctor.patient import STACK
from walkthrough.blocks import ROOT, blocks
from walkthrough.deployed import Deployed, an_account
from walkthrough.packaged import deploy
from walkthrough.shell import Shell

PAGE = "docs/operations.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


def test_the_page_says_of_every_alarm_what_to_do() -> None:
    alarms = {name for name, each in TEMPLATE["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", TEXT, re.MULTILINE)) == alarms


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployed]:
    """The real stack: what is handed to its function is handled."""
    with an_account(tmp_path) as account:
        deploy(account)
        yield account


@pytest.fixture
def shell(deployment: Deployed, tmp_path: Path) -> Shell:
    """A terminal of whoever is woken, who knows the stack's names."""
    instead = {
        "STACK": STACK,
        "DEAD_LETTER_QUEUE_URL": deployment.resource("DeadLetterQueue"),
        "LEDGER_TABLE_NAME": deployment.resource("LedgerTable"),
        "SWEEP_FUNCTION_NAME": deployment.resource("SweepFunction"),
    }
    return Shell(deployment.environment, tmp_path, instead)


def test_its_commands_do_to_a_deployment_what_it_says(deployment: Deployed, shell: Shell) -> None:
    names, switch, look, again, sweep, purge, delete = blocks(PAGE, "operations")
    group_id = deployment.group("web")
    with deployment.without_events():
        deployment.open(group_id, "0.0.0.0/0")
    event = (ROOT / "events" / "event.json").read_text().replace("sg-05fe30eb67c909f27", group_id)
    queue, table = deployment.resource("DeadLetterQueue"), deployment.resource("LedgerTable")
    for _ in range(2):
        deployment.client("sqs").send_message(QueueUrl=queue, MessageBody=event)

    assert {queue, table} < set(shell.type(names).split())
    shell.type(switch)
    parameter = deployment.client("ssm").get_parameter(Name=f"/cloudmend/{STACK}/mode")
    assert parameter["Parameter"]["Value"] == "observe"
    assert [message["Body"] for message in json.loads(shell.type(look))["Messages"]] == [event, event]
    assert shell.type(again).startswith(f"observed {group_id} (")  # as its switch says, in its ledger, by its function
    assert [record["status"] for record in deployment.records(group_id)] == ["observed"]
    assert json.loads(shell.type(sweep))["StatusCode"] == 202
    shell.type(purge)
    assert "Messages" not in deployment.client("sqs").receive_message(QueueUrl=queue)
    shell.type(delete)
    assert table not in deployment.client("dynamodb").list_tables()["TableNames"]
