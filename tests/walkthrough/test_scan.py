"""docs/scan.md against the embedded AWS: its commands run, and its codes are the command's."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

from cloudmend.cli.scan.report import SETTINGS
from cloudmend.controls import every
from support import CLEAR
from walkthrough.blocks import lines
from walkthrough.conftest import REGION, ROOT, run

PAGE = (ROOT / "docs" / "scan.md").read_text(encoding="utf-8")


@pytest.fixture
def open_group(ec2: Any, group_id: str) -> str:
    """A group whose tcp/22 is open, in front of one interface."""
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    subnet = ec2.create_subnet(VpcId=group["VpcId"], CidrBlock="10.1.0.0/24")["Subnet"]
    ec2.create_network_interface(SubnetId=subnet["SubnetId"], Groups=[group_id])
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
    return group_id


def test_the_commands_of_the_page_tell_of_an_open_group(open_group: str, aws_environment: dict[str, str]) -> None:
    commands = [line.replace("GROUP_ID", open_group).split() for line in lines("docs/scan.md", "run each line")]
    table, sarif, page, explained, event = [run(words, aws_environment).stdout for words in commands]
    assert table.index(open_group) < table.index(SETTINGS)
    assert open_group in sarif
    assert page.startswith("<!doctype html>")
    assert open_group in page
    assert "would become tcp/22 from 10.0.0.0/8 (mode.default is fix)" in explained
    assert event.startswith("AuthorizeSecurityGroupIngress was called in ")


def test_all_enabled_regions_are_read_and_findings_can_fail_a_pipeline(
    open_group: str, aws_environment: dict[str, str]
) -> None:
    words = ["cloudmend", "scan", "--format", "json", "--fail-on-findings"]
    report = json.loads(run(words, aws_environment, status=4).stdout)
    (row,) = [row for row in report["rows"] if row["resource"] == open_group]
    assert (row["region"], row["name"], row["reach"]["users"]) == (REGION, "testing", 1)
    assert {"eu-west-1", REGION} <= set(report["regions"])


def test_a_region_where_nothing_is_open_is_0_and_a_bad_policy_2(aws_environment: dict[str, str]) -> None:
    """Of resources: the settings of the Region are at fault by AWS's own defaults."""
    controls = [each for each in every() if not each.resource.is_setting and each.mode != "off"]
    named = [word for each in controls for word in ("--control", each.id)]
    elsewhere = ["cloudmend", "scan", "--region", "eu-north-1", "--fail-on-findings", *named]
    first, *others = run(elsewhere, aws_environment).stdout.split("; ")
    quiet = ", ".join(control.id for control in controls if control.clear is None)
    assert first == f"N{CLEAR[1:]}, not counting AWS's own prefix lists"
    assert others[-2:] == [f"no finding of {quiet}", f"{len(controls)} controls looked at in 1 Region.\n"]
    rows = list(csv.reader(io.StringIO(run([*elsewhere, "--format", "csv"], aws_environment).stdout)))
    assert len(rows) == 1
    run([*elsewhere, "--policy", "pyproject.toml"], aws_environment, status=2)
    assert SETTINGS in run(elsewhere[:5], aws_environment, status=4).stdout


def test_the_exit_codes_of_the_page_are_those_that_are_tested() -> None:
    assert re.findall(r"^\| `(\d)` \|", PAGE, re.MULTILINE) == ["0", "1", "2", "4"]
