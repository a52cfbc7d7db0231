"""undo, exempt and records as a person types them, through the embedded AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from ledgers.backends import table_resource
from walkthrough.blocks import lines
from walkthrough.conftest import REGION, run

WORLD = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
HALF = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "IpRanges": [{"CidrIp": "128.0.0.0/1"}]}
OTHERWISE = {**WORLD, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
FOR_2H = ["--for", "2h", "--reason", "The vendor has no VPN yet"]


@pytest.fixture
def environment(aws_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A user with a home folder of their own, and so a ledger."""
    return {**aws_environment, "HOME": str(tmp_path)}


@pytest.fixture
def opened(ec2: Any, group_id: str) -> str:
    """A group of which one rule will be narrowed, and one revoked."""
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[WORLD, HALF])
    return group_id


def invoke(group_id: str, environment: dict[str, str]) -> str:
    return run(["cloudmend", "invoke", "-e", "events/event.json", "--group", group_id], environment).stdout


def mend(group_id: str, environment: dict[str, str]) -> str:
    """Mends a group; the record's id."""
    (record_id,) = re.findall(r"^  record: (\S+)$", invoke(group_id, environment), re.MULTILINE)
    return str(record_id)


def described(ec2: Any, group_id: str) -> Any:
    group = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    return {**group, "IpPermissions": sorted(group["IpPermissions"], key=lambda each: each["FromPort"])}


def test_undo_gives_the_group_back_and_the_next_invoke_leaves_it_open(
    ec2: Any, opened: str, environment: dict[str, str]
) -> None:
    before = described(ec2, opened)
    record_id = mend(opened, environment)
    assert described(ec2, opened) != before
    said = run(["cloudmend", "undo", record_id, *FOR_2H], environment).stdout
    assert described(ec2, opened) == before
    assert said.startswith(f"undone {opened} (testing): ")
    assert "is tcp/22 from 0.0.0.0/0 again" in said
    assert invoke(opened, environment).startswith(f"exempt {opened} (testing): left open")
    assert described(ec2, opened) == before


def test_a_removed_exemption_lets_the_next_invoke_close_it_again(
    ec2: Any, opened: str, environment: dict[str, str]
) -> None:
    record_id = mend(opened, environment)
    closed = described(ec2, opened)
    run(["cloudmend", "undo", record_id, *FOR_2H], environment)
    run(["cloudmend", "exempt", "remove", record_id], environment)
    assert mend(opened, environment) != record_id
    assert described(ec2, opened) == closed


def test_a_dry_run_shows_what_it_would_do_and_does_nothing(ec2: Any, opened: str, environment: dict[str, str]) -> None:
    record_id = mend(opened, environment)
    closed = described(ec2, opened)
    said = run(["cloudmend", "undo", record_id, *FOR_2H, "--dry-run"], environment).stdout.splitlines()
    assert said[0].startswith(
        f"would exempt tcp/22 from 0.0.0.0/0; tcp/3389 from 128.0.0.0/1 of {opened} (testing) until "
    )
    assert [line.split()[:4] for line in said[1:-1]] == [
        ["would", "run:", "aws", "ec2"],
        ["would", "run:", "aws", "ec2"],
    ]
    assert said[-1] == "Nothing was changed."
    assert described(ec2, opened) == closed
    assert run(["cloudmend", "exempt", "list"], environment).stdout == ""


def test_the_plan_and_the_record_are_told_as_json_too(opened: str, environment: dict[str, str]) -> None:
    record_id = mend(opened, environment)
    words = ["cloudmend", "undo", record_id, *FOR_2H, "--json"]
    plan = json.loads(run([*words, "--dry-run"], environment).stdout)
    assert plan["exemption"]["group"] == opened
    assert {each["action"].partition(":")[0] for each in plan["requests"]} == {"ec2"}
    record = json.loads(run(words, environment).stdout)
    assert (record["status"], record["entry_id"]) == ("exempt", record_id)


def test_an_edit_since_is_refused_with_the_difference(ec2: Any, opened: str, environment: dict[str, str]) -> None:
    record_id = mend(opened, environment)
    ec2.authorize_security_group_ingress(GroupId=opened, IpPermissions=[OTHERWISE])
    done = run(["cloudmend", "undo", record_id, *FOR_2H], environment, status=1)
    assert "is no longer as cloudmend left it" in done.stderr
    assert "expected no rule for tcp/22 from 0.0.0.0/0, is sgr-" in done.stderr
    assert "Nothing was changed." in done.stderr


def test_the_same_undo_again_says_that_it_was_done_and_ends_well(opened: str, environment: dict[str, str]) -> None:
    record_id = mend(opened, environment)
    first = run(["cloudmend", "undo", record_id, *FOR_2H, "--json"], environment).stdout
    again = run(["cloudmend", "undo", record_id, *FOR_2H], environment).stdout
    assert again.startswith(f"{opened} (testing) was undone already, on ")
    assert "It is exempt until " in again
    assert run(["cloudmend", "undo", record_id, *FOR_2H, "--json"], environment).stdout == first


def test_another_region_than_the_record_s_is_refused(ec2: Any, opened: str, environment: dict[str, str]) -> None:
    record_id = mend(opened, environment)
    closed = described(ec2, opened)
    words = ["cloudmend", "undo", record_id, *FOR_2H, "--region"]
    done = run([*words, "eu-west-1"], environment, status=1)
    assert done.stderr == (
        f"cloudmend: {record_id} was mended in {REGION}. Nothing was changed. Pass --region {REGION}.\n"
    )
    assert described(ec2, opened) == closed
    assert run([*words, REGION], environment).stdout.startswith(f"undone {opened} (testing): ")


def test_a_group_that_is_gone_is_said_to_be_gone(ec2: Any, opened: str, environment: dict[str, str]) -> None:
    record_id = mend(opened, environment)
    ec2.delete_security_group(GroupId=opened)
    said = run(["cloudmend", "undo", record_id, *FOR_2H], environment, status=1).stderr
    assert said.startswith(f"cloudmend: {opened} (testing) does not exist in {REGION} any more: it was deleted")
    line = said.partition("is in the record: ")[2].partition(",")[0]
    assert "0.0.0.0/0" in run(line.split(), environment).stdout


def test_a_record_that_is_not_found_is_told_with_the_ledger_that_was_searched(
    opened: str, environment: dict[str, str], table: str
) -> None:
    record_id = mend(opened, environment)
    (file,) = Path(environment["HOME"], ".local/state/cloudmend").rglob("ledger.sqlite3")
    missing = run(["cloudmend", "undo", f"{opened}/never", *FOR_2H], environment, status=1).stderr
    assert missing.startswith(f"cloudmend: There is no record {opened}/never in the file {file}. ")
    elsewhere = run(["cloudmend", "undo", record_id, *FOR_2H, "--ledger", table], environment, status=1).stderr
    assert elsewhere.startswith(f"cloudmend: There is no record {record_id} in table {table} in {REGION}. ")
    assert "pass its name as --ledger" in elsewhere


def test_an_exempt_group_is_left_open_and_listed(ec2: Any, opened: str, environment: dict[str, str]) -> None:
    before = described(ec2, opened)
    said = run(["cloudmend", "exempt", "add", "--group", opened, *FOR_2H, "--owner", "net\x1b[31m"], environment).stdout
    assert invoke(opened, environment).startswith(f"exempt {opened} (testing): left open")
    assert described(ec2, opened) == before
    assert run(["cloudmend", "exempt", "list"], environment).stdout == said
    assert re.fullmatch(
        rf"exempt-\w{{8}} exempts every rule of {opened} \(testing\) until [-\d]+ [\d:]+ UTC: The vendor has .*\n", said
    )
    assert "\x1b" not in said


@pytest.mark.parametrize("by_id", [True, False])
def test_one_rule_is_exempt_by_what_it_says_and_the_others_are_mended(
    by_id: bool, ec2: Any, opened: str, environment: dict[str, str]
) -> None:
    filters = [{"Name": "group-id", "Values": [opened]}]
    rows = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    (rule_id,) = [row["SecurityGroupRuleId"] for row in rows if row["FromPort"] == 22]
    rule = rule_id if by_id else "tcp/22  from 0.0.0.0/0"
    said = run(["cloudmend", "exempt", "add", "--group", opened, "--rule", rule, *FOR_2H], environment).stdout
    assert f" exempts tcp/22 from 0.0.0.0/0 of {opened} (testing) until " in said
    mend(opened, environment)
    (left,) = described(ec2, opened)["IpPermissions"]
    assert (left["FromPort"], left["IpRanges"][0]["CidrIp"]) == (22, "0.0.0.0/0")


def test_exemptions_as_json_are_as_the_ledger_stores_them(opened: str, environment: dict[str, str]) -> None:
    added = run(["cloudmend", "exempt", "add", "--group", opened, *FOR_2H, "--json"], environment).stdout
    exemption = json.loads(added)
    assert (exemption["group"], exemption["reason"]) == (opened, "The vendor has no VPN yet")
    assert run(["cloudmend", "exempt", "list", "--json"], environment).stdout == added


NOT_THERE = f"There is no security group or default security group sg-05fe30eb67c909f27 in {REGION}."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--resource", "my group", *FOR_2H], "'my group' is no id or ARN of what a control watches."),
        (
            ["--group", "sg-05fe30eb67c909f27", *FOR_2H],
            NOT_THERE,
        ),
        (["--group", "sg-05fe30eb67c909f27", "--for", "31d", "--reason", "x"], "lasts from a minute to 30 days"),
        (["--group", "sg-05fe30eb67c909f27", "--for", "0m", "--reason", "x"], "lasts from a minute to 30 days"),
        (["--group", "sg-05fe30eb67c909f27", "--for", "2h", "--reason", " "], "needs an owner and a reason"),
    ],
)
def test_an_exemption_without_sense_is_refused(words: list[str], said: str, environment: dict[str, str]) -> None:
    assert said in run(["cloudmend", "exempt", "add", *words], environment, status=2).stderr
    assert run(["cloudmend", "exempt", "list"], environment).stdout == ""


@pytest.mark.parametrize(
    ("rule", "said"),
    [("22", "'22' is neither the id of a security group rule"), ("sgr-05fe30eb67c909f27", "has no part 'sgr-")],
)
def test_a_rule_that_is_none_is_refused(rule: str, said: str, opened: str, environment: dict[str, str]) -> None:
    words = ["cloudmend", "exempt", "add", "--group", opened, "--rule", rule, *FOR_2H]
    assert said in run(words, environment, status=2).stderr
    assert run(["cloudmend", "exempt", "list"], environment).stdout == ""


def test_an_exemption_of_a_group_elsewhere_names_its_region(opened: str, environment: dict[str, str]) -> None:
    words = ["cloudmend", "exempt", "add", "--group", opened, *FOR_2H]
    assert "in eu-west-1. Nothing was changed." in run([*words, "--region", "eu-west-1"], environment, status=2).stderr
    added = run([*words, "--region", "eu-west-1", "--group-region", REGION, "--json"], environment).stdout
    assert json.loads(added)["region"] == REGION


def test_records_are_listed_and_exported(ec2: Any, opened: str, environment: dict[str, str], tmp_path: Path) -> None:
    record_id = mend(opened, environment)
    run(["cloudmend", "undo", record_id, *FOR_2H], environment)
    listed = run(["cloudmend", "records", "--group", opened, "--since", "24h"], environment).stdout
    first, told, last = listed.splitlines()
    assert re.match(rf"[-\d]+ [\d:]+ UTC {opened} \(testing\) undone ", first)
    assert "is tcp/22 from 0.0.0.0/0 again" in told
    assert last.strip() == record_id
    run(["cloudmend", "records", "--export", str(tmp_path / "records.jsonl")], environment)
    exported = (tmp_path / "records.jsonl").read_text()
    assert run(["cloudmend", "records", "--json"], environment).stdout == exported
    (entry,) = map(json.loads, exported.splitlines())
    assert (entry["id"], entry["state"], len(entry["intent"]["before"]["SecurityGroupRules"])) == (
        record_id,
        "UNDONE",
        3,
    )


def test_records_of_another_group_or_of_before_are_not_listed(opened: str, environment: dict[str, str]) -> None:
    mend(opened, environment)
    assert run(["cloudmend", "records", "--group", "sg-05fe30eb67c909f27"], environment).stdout == ""
    assert run(["cloudmend", "records", "--since", "0m"], environment).stdout == ""


@pytest.fixture
def table(aws_environment: dict[str, str]) -> Iterator[str]:
    """A stack's table, as docs/reference/records.md describes it."""
    cloudformation = Session().create_client(
        "cloudformation",
        region_name=REGION,
        endpoint_url=aws_environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=aws_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws_environment["AWS_SECRET_ACCESS_KEY"],
    )
    template = json.dumps({"Resources": {"Table": table_resource()}})
    cloudformation.create_stack(StackName="undo-ledger", TemplateBody=template)
    resource = cloudformation.describe_stack_resource(StackName="undo-ledger", LogicalResourceId="Table")
    yield resource["StackResourceDetail"]["PhysicalResourceId"]
    cloudformation.delete_stack(StackName="undo-ledger")


@pytest.mark.parametrize("page", ["README.md", "docs/undo.md"])
def test_the_line_of_a_page_takes_back_what_a_stack_s_table_holds(
    ec2: Any, opened: str, environment: dict[str, str], table: str, tmp_path: Path, page: str
) -> None:
    before = described(ec2, opened)
    with_table = {**environment, "CLOUDMEND_LEDGER_TABLE": table}
    record_id = mend(opened, with_table)
    (line,) = lines(page, "undone through the embedded AWS")
    run(["bash", "-c", line.replace("RECORD_ID", record_id).replace("TABLE", table)], environment)
    assert described(ec2, opened) == before
    assert record_id in run(["cloudmend", "records"], with_table).stdout
    assert record_id in run(["cloudmend", "exempt", "list"], with_table).stdout
    assert not (tmp_path / ".local").exists()


def test_where_the_notice_cannot_be_sent_what_was_done_stands_and_the_sentence_says_so(
    ec2: Any, opened: str, environment: dict[str, str], table: str
) -> None:
    before = described(ec2, opened)
    with_table = {**environment, "CLOUDMEND_LEDGER_TABLE": table}
    record_id = mend(opened, with_table)
    deaf = {**with_table, "AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:9"}
    unheard = "cloudmend: What was done stands, but nobody was notified of it: events:PutEvents in us-east-1: no answer"
    done = run(["cloudmend", "undo", record_id, *FOR_2H], deaf)
    assert done.stdout.startswith(f"undone {opened}")
    assert done.stderr.startswith(unheard)
    assert described(ec2, opened) == before
    assert run(["cloudmend", "exempt", "remove", record_id], deaf).stderr.startswith(unheard)
    assert run(["cloudmend", "exempt", "add", "--group", opened, *FOR_2H], deaf).stderr.startswith(unheard)
    assert run(["cloudmend", "undo", record_id, *FOR_2H, "--dry-run"], deaf, status=1).stderr.count("notified") == 0


def test_without_a_stack_there_is_nobody_to_notify(opened: str, environment: dict[str, str]) -> None:
    record_id = mend(opened, environment)
    deaf = {**environment, "AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:9"}
    assert run(["cloudmend", "undo", record_id, *FOR_2H], deaf).stderr == ""
