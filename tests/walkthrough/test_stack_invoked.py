"""`cloudmend invoke --stack-name`, and what doctor prints, about a stack that only observes: nothing acts otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudmend.core.model import Resource
from cloudmend.core.ports import Leftover
from cloudmend.lambda_.continuation import messages
from walkthrough.conftest import run
from walkthrough.deployed import DEPLOY, Deployed, an_account
from walkthrough.walkthrough import MENDED, OPENED, comparable

INVOKE = ["cloudmend", "invoke", "--stack-name", "cloudmend"]
RESPONDER = "SecurityGroupRemediationLambda"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    home = tmp_path_factory.mktemp("sam")
    with an_account(home) as account:
        run([*DEPLOY, "Mode=observe"], account.environment)
        account.environment["XDG_STATE_HOME"] = str(home / "state")
        yield account


def an_open_group(deployed: Deployed, name: str) -> str:
    """Opened by bad_boy; its function has seen it, and only told of it."""
    group_id = deployed.group(name)
    run(["./bad_boy.sh", group_id], deployed.environment)
    deployed.settle()
    return group_id


def described(deployed: Deployed, group_id: str) -> dict[str, Any]:
    words = ["aws", "ec2", "describe-security-groups", "--group-ids", group_id]
    return {**comparable(run(words, deployed.environment).stdout), "GroupName": "testing"}


def local_ledger(deployed: Deployed) -> Path:
    return Path(deployed.environment["XDG_STATE_HOME"])


def test_a_stack_s_function_acts_by_its_own_mode_and_ledger_whatever_is_set_here(
    deployed: Deployed,
) -> None:
    group_id = an_open_group(deployed, "observed")
    words = [*INVOKE, "-e", "events/event.json", "--group", group_id]
    otherwise = {"CLOUDMEND_MODE": "fix", "CLOUDMEND_LEDGER_TABLE": "another", "CLOUDMEND_GUARDED_PORTS": "1"}
    said = run(words, {**deployed.environment, **otherwise}).stdout
    assert said.startswith(f"observed {group_id} (")
    assert described(deployed, group_id) == OPENED
    assert json.loads(run([*words, "--json"], deployed.environment).stdout)["status"] == "observed"
    assert not local_ledger(deployed).exists()


@pytest.mark.parametrize(
    "words",
    [["--mode", "fix"], ["--ledger", "another"], ["--policy", "src/cloudmend/policy.toml"], ["--guarded-ports", "22"]],
    ids=lambda words: words[0],
)
def test_what_the_function_has_of_its_own_cannot_be_given(deployed: Deployed, words: list[str]) -> None:
    done = run([*INVOKE, "-e", "events/event.json", *words], deployed.environment, status=2)
    assert f"{words[0]} is not for --stack-name: the stack's function has its own." in done.stderr


def test_an_event_that_the_function_does_not_understand_is_bad_input(deployed: Deployed, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text("{}")
    done = run([*INVOKE, "-e", str(event)], deployed.environment, status=2)
    assert done.stderr.startswith(f"cloudmend: Function {deployed.resource(RESPONDER)} failed. The event")


def test_a_function_that_is_never_invoked_says_so(deployed: Deployed) -> None:
    name, lambda_ = deployed.resource(RESPONDER), deployed.client("lambda")
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    done = run([*INVOKE, "-e", "events/event.json"], deployed.environment, status=1)
    assert "lambda:InvokeFunction in us-east-1: AWS answered TooManyRequestsException" in done.stderr
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)


def test_a_stack_that_is_not_there_is_bad_input(deployed: Deployed) -> None:
    words = ["cloudmend", "invoke", "-e", "events/event.json", "--stack-name", "cluodmend"]
    assert "There is no stack cluodmend in us-east-1" in run(words, deployed.environment, status=2).stderr


def test_a_message_of_the_sweep_goes_to_the_function_that_sweeps(deployed: Deployed, tmp_path: Path) -> None:
    group_id = an_open_group(deployed, "swept")
    event = tmp_path / "event.json"
    (body,) = messages(
        "us-east-1", [Leftover("security_group_ingress", Resource(type="AWS::EC2::SecurityGroup", id=group_id))]
    )
    event.write_text(body)
    told = run([*INVOKE, "-e", str(event)], deployed.environment)  # people know of the group: its event told them
    assert (told.stdout, "1 resource left as before, known already or told in a digest." in told.stderr) == ("", True)
    listed = run(["bash", "-c", told.stderr.partition("To list: ")[2]], deployed.environment).stdout
    assert group_id in listed


def test_all_that_doctor_prints_can_be_pasted_where_the_stack_only_observes(
    deployed: Deployed,
) -> None:
    group_id = an_open_group(deployed, "pasted")
    parameter, queue = deployed.resource("ModeParameter"), deployed.resource("DeadLetterQueue")
    event = Path("events/event.json").read_text().replace("sg-05fe30eb67c909f27", group_id)
    deployed.client("sqs").send_message(QueueUrl=queue, MessageBody=event)
    deployed.switch("observe")
    said = run(["cloudmend", "doctor", "--json"], deployed.environment, status=1).stdout
    fixes = {check["title"]: check["fix"] for check in json.loads(said)["checks"] if check["fix"]}
    assert {"Dead-letter queue", "Last sweep"} & fixes.keys() == {"Dead-letter queue"}
    for fix in fixes.values():
        run(["bash", "-c", fix], deployed.environment)
    assert described(deployed, group_id) == OPENED
    assert {record["status"] for record in deployed.records(group_id)} == {"observed"}
    assert deployed.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"] == "observe"
    assert deployed.parameters()["Mode"] == "observe"
    assert not local_ledger(deployed).exists()


def test_a_deployment_over_a_stack_leaves_its_switch_alone(deployed: Deployed) -> None:
    """The last test but one: the function does not observe by its mode any more."""
    deployed.switch("observe")
    run([*DEPLOY, "Mode=fix"], deployed.environment)
    group_id = an_open_group(deployed, "after-the-deployment")
    assert {record["status"] for record in deployed.records(group_id)} == {"observed"}
    assert described(deployed, group_id) == OPENED


def test_what_it_mends_can_be_taken_back_as_it_says(deployed: Deployed) -> None:
    """The last test of this file: the stack has the rights to mend."""
    deployed.switch("as-deployed")
    with deployed.without_events():
        group_id = deployed.group("mended")
        run(["./bad_boy.sh", group_id], deployed.environment)
    said = run([*INVOKE, "-e", "events/event.json", "--group", group_id], deployed.environment).stdout
    assert described(deployed, group_id) == MENDED
    (undo,) = re.findall(r"^  undo: (.*)$", said, re.MULTILINE)
    assert f"--ledger {deployed.resource('LedgerTable')}" in undo
    run(["bash", "-c", undo], deployed.environment)
    deployed.settle()
    assert described(deployed, group_id) == OPENED
    assert not local_ledger(deployed).exists()
