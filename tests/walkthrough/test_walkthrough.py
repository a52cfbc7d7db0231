"""The walkthrough to the letter, with the AWS CLI as its reader types it; and what its demo prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cloudmend.cli.demo import run as demo
from walkthrough.blocks import ROOT
from walkthrough.conftest import run
from walkthrough.walkthrough import MENDED, OPENED, comparable


def create(environment: dict[str, str], name: str = "testing") -> str:
    words = ["aws", "ec2", "create-security-group", "--group-name", name, "--description", "testing"]
    return str(json.loads(run(words, environment).stdout)["GroupId"])


def describe(group_id: str, environment: dict[str, str]) -> str:
    return run(["aws", "ec2", "describe-security-groups", "--group-ids", group_id], environment).stdout


def test_an_opened_group_is_mended_on_the_edited_event(aws_environment: dict[str, str], tmp_path: Path) -> None:
    group_id = create(aws_environment)
    run(["./bad_boy.sh", group_id], aws_environment)
    assert comparable(describe(group_id, aws_environment)) == OPENED
    edited = tmp_path / "event.json"
    edited.write_text(Path("events/event.json").read_text().replace("sg-05fe30eb67c909f27", group_id))
    run(["cloudmend", "invoke", "-e", str(edited)], aws_environment)
    assert comparable(describe(group_id, aws_environment)) == MENDED
    run(["./good_boy.sh", group_id], aws_environment)
    assert comparable(describe(group_id, aws_environment)) == MENDED
    run(["aws", "ec2", "delete-security-group", "--group-id", group_id], aws_environment)


def test_the_printed_undo_command_opens_the_group_again(aws_environment: dict[str, str]) -> None:
    group_id = create(aws_environment, "undone")
    run(["./bad_boy.sh", group_id], aws_environment)
    said = run(["cloudmend", "invoke", "-e", "events/event.json", "--group", group_id], aws_environment).stdout
    (command,) = re.findall(r"undo: (.*)", said)
    run(["bash", "-c", command], aws_environment)
    assert comparable(describe(group_id, aws_environment)) == {**OPENED, "GroupName": "undone"}


def test_observe_mode_says_what_it_would_do_and_changes_nothing(aws_environment: dict[str, str]) -> None:
    group_id = create(aws_environment, "observed")
    run(["./bad_boy.sh", group_id], aws_environment)
    words = ["cloudmend", "invoke", "-e", "events/event.json", "--group", group_id, "--mode", "observe"]
    assert "would have narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8" in run(words, aws_environment).stdout
    assert comparable(describe(group_id, aws_environment)) == {**OPENED, "GroupName": "observed"}


def test_records_as_json_are_on_stdout_and_the_before_image_is_in_the_ledger(aws_environment: dict[str, str]) -> None:
    group_id = create(aws_environment, "as-json")
    run(["./bad_boy.sh", group_id], aws_environment)
    done = run(["cloudmend", "invoke", "-e", "events/event.json", "--group", group_id, "--json"], aws_environment)
    record = json.loads(done.stdout)
    assert (record["status"], record["resource"]["id"], done.stderr) == ("mended", group_id, "")
    kept = json.loads(run(["cloudmend", "records", "--json", "--group", group_id], aws_environment).stdout)
    assert (kept["id"], kept["state"]) == (record["entry_id"], "DONE")
    assert len(kept["intent"]["before"]["SecurityGroupRules"]) == 3


def test_a_group_that_does_not_exist_is_said_with_how_to_name_another_and_a_non_zero_exit(
    aws_environment: dict[str, str],
) -> None:
    done = run(["cloudmend", "invoke", "-e", "events/event.json"], aws_environment, status=1)
    assert done.stdout == (
        "gone sg-05fe30eb67c909f27 does not exist in us-east-1.\n"
        "  To try it on a group of yours, pass --group GROUP_ID.\n"
    )


def test_the_example_event_is_of_any_region_and_account(aws_environment: dict[str, str], tmp_path: Path) -> None:
    elsewhere = {**aws_environment, "AWS_REGION": "ap-southeast-2", "AWS_DEFAULT_REGION": "ap-southeast-2"}
    group_id = create(elsewhere)
    run(["scripts/bad_boy.sh", group_id], elsewhere)
    edited = tmp_path / "event.json"
    edited.write_text(Path("events/event.json").read_text().replace("sg-05fe30eb67c909f27", group_id))
    assert run(["cloudmend", "invoke", "-e", str(edited)], elsewhere).stdout.startswith(f"mended {group_id}")


def test_an_event_of_elsewhere_is_refused_unless_a_group_of_here_is_put_into_it(
    aws_environment: dict[str, str], tmp_path: Path
) -> None:
    group_id = create(aws_environment, "of-here")
    run(["scripts/bad_boy.sh", group_id], aws_environment)
    event = json.loads(Path("events/event.json").read_text())
    event["detail"]["requestParameters"]["groupId"] = group_id
    path = tmp_path / "event.json"
    path.write_text(json.dumps({**event, "account": "444455556666", "region": "us-east-1"}))
    refused = run(["cloudmend", "invoke", "-e", str(path)], aws_environment, status=1)
    assert "the call was made in Region us-east-1 and account 444455556666, and cloudmend acts" in refused.stdout
    assert comparable(describe(group_id, aws_environment)) == {**OPENED, "GroupName": "of-here"}
    mended = run(["cloudmend", "invoke", "-e", str(path), "--group", group_id], aws_environment)
    assert mended.stdout.startswith(f"mended {group_id}")


def test_the_demo_runs_the_whole_walkthrough_and_shows_it(demo_output: str) -> None:
    assert [line for line in demo_output.splitlines() if re.match(r"\d\. ", line)] == STEPS
    assert demo_output.count("in  tcp/22       0.0.0.0/0") == 1
    assert demo_output.count("in  tcp/22       10.0.0.0/8") == 2
    assert len(re.findall(r"sg-\w+ +tcp/(22|3389) +0\.0\.0\.0/0 +10\.0\.0\.0/8", demo_output)) == 4
    assert "Both groups are closed, and their egress is untouched." in demo_output
    assert "\x1b" not in demo_output


STEPS = [
    "1. Create an empty security group.",
    "2. Open tcp/3389 and tcp/22 to the world.",
    "3. Look: anyone may come in.",
    "4. Invoke the function on the sample event, with this group's id put in.",
    "5. Look again: narrowed in place, egress untouched.",
    "6. Build the function for this machine, and deploy template.yaml.",
    "7. Create a second group, and open it.",
    "8. Nobody invokes anything: the deployed function does it. Look.",
    "9. The same function: share an EBS snapshot with every AWS account.",
]


def test_the_demo_fails_where_something_is_not_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "APPROVED", "10.0.0.0/9")
    assert demo.run() == 1


def test_the_demo_s_end_in_the_tutorial_is_what_the_demo_prints(demo_output: str) -> None:
    shown = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8").split("```text\n8. ")[1].split("\n```")[0]
    assert normal(shown) == normal(demo_output.split("\n8. ")[1])


def normal(text: str) -> list[str]:
    """Lines without ids, seconds and spacing, and what happened when: one mend for both rules, or one for each."""
    text = re.sub(r"(sg|snap)-[0-9a-f]{17}", r"\1-ID", text)
    told = [re.sub(r"\s+", " ", re.sub(r"\d+\.\d\d$", "SECONDS", line.strip())) for line in text.splitlines()]
    return [line for line in told if line.strip("─ ") and not re.match(r"\d+\.\d\d s ", line)]
