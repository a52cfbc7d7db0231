"""Commands before a terminal of 80 and of 120 columns, over a group with the longest name: no id is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.replay.records import FORMS, ROBOT, closed
from cli.replay.records import opened as opened_in_records
from terminal import terminal
from walkthrough.conftest import REGION, ROOT, TOOLS, run

NAME = "production-" + "w" * 235 + "-web-tier"
ID = re.compile(
    r"\b(?:sgr?|vpc|exempt)-[0-9a-f]{8,17}\b|\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}|(?<!\d)\d{12}(?!\d)|\d+(?:\.\d+){3}/\d+"
)
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
VERY_WIDE = 5000


@pytest.fixture
def account(aws_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A user with a ledger of their own."""
    return {**aws_environment, "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def group(ec2: Any, account: dict[str, str]) -> Iterator[str]:
    """Its name is the longest there is. It was mended, and opened again, also for IPv6."""
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = str(ec2.create_security_group(GroupName=NAME, Description="testing", VpcId=vpc_id)["GroupId"])
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    world = {**ssh, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "w" * 255}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[world])
    run(["cloudmend", "invoke", "-e", "events/event.json", "--group", group], account)
    ipv6 = {**ssh, "Ipv6Ranges": [{"CidrIpv6": "::/0", "Description": "w" * 255}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[world, ipv6])
    yield group
    ec2.delete_security_group(GroupId=group)


@pytest.fixture
def files(tmp_path: Path, group: str) -> Path:
    """A trail's file, and one event."""
    who = {**ROBOT, "arn": "arn:aws:sts::111122223333:assumed-role/deploy/" + "w" * 64}
    story = [each for n in range(3) for each in (opened_in_records(n, who=who), closed(n + 0.5, who=who))]
    (tmp_path / "1.json.gz").write_bytes(FORMS["trail.json.gz"](story))
    event = json.loads((ROOT / "events/event.json").read_text(encoding="utf-8"))
    event["detail"]["requestParameters"]["groupId"] = group
    (tmp_path / "event.json").write_text(json.dumps(event))
    return tmp_path


def seen(words: list[str], environment: dict[str, str], columns: int) -> list[str]:
    """The lines as they stand on a terminal of that width, which itself breaks those that are longer."""
    with terminal([str(TOOLS / "cloudmend"), *words], ROOT, environment, columns) as session:
        if words[0] == "fix":
            session.until("[y/N]")
            session.type("n\n")
        session.end()
    lines = STYLE.sub("", session.said).splitlines()
    return [line[start : start + columns] for line in lines for start in range(0, max(len(line), 1), columns)]


@pytest.mark.parametrize("columns", [80, pytest.param(120, marks=pytest.mark.deep)])
def test_no_command_breaks_an_id(group: str, account: dict[str, str], files: Path, columns: int) -> None:
    entry = json.loads(run(["cloudmend", "records", "--json"], account).stdout.splitlines()[-1])["id"]
    run(["cloudmend", "exempt", "add", "--group", group, "--for", "1m", "--reason", "w" * 200], account)
    for words in (
        ["scan", "--region", REGION],
        ["explain", group, "--region", REGION],
        ["explain", str(files / "event.json"), "--region", REGION],
        ["records"],
        ["replay", str(files / "1.json.gz")],
        ["undo", entry, "--for", "2h", "--reason", "because", "--dry-run"],
        ["exempt", "list"],
        ["doctor"],
    ):
        wide = set(ID.findall("\n".join(seen(words, account, VERY_WIDE))))
        narrow = set(ID.findall("\n".join(seen(words, account, columns))))
        assert wide, words
        assert wide - narrow == set(), words


@pytest.mark.parametrize("columns", [80, 120])
def test_what_a_mend_tells_breaks_no_id_and_its_undo_can_be_pasted(
    group: str, account: dict[str, str], columns: int
) -> None:
    lines = seen(["invoke", "-e", "events/event.json", "--group", group], account, columns)
    entry = json.loads(run(["cloudmend", "records", "--json"], account).stdout.splitlines()[-1])["id"]
    assert f"  record: {entry}" in lines
    (start,) = (number for number, line in enumerate(lines) if line.startswith("  undo: "))
    pasted = "\n".join(lines[start:]).removeprefix("  undo: ").replace('"..."', '"because"')
    assert "is tcp/22 from 0.0.0.0/0 again" in run(["bash", "-c", pasted], account).stdout


@pytest.mark.parametrize("columns", [80, 120])
def test_a_plan_breaks_no_id(group: str, account: dict[str, str], columns: int) -> None:
    words = ["fix", "--region", REGION, "--resource", group]
    wide = set(ID.findall("\n".join(seen(words, account, VERY_WIDE))))
    assert wide - set(ID.findall("\n".join(seen(words, account, columns)))) == set()
