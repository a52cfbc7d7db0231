"""`make contract-real` in an account of the embedded AWS that is as a real one: pages, lag, throttling, crashes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudmend.local.server import EmbeddedAws
from contracts.real.guard import TAG
from contracts.real.main import main
from local.embedded.helpers import client, unheard

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300
SMALL = ("--settle", "0", "--page-size", "5")


def words(report: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "contracts.real.main", "--report", str(report), *options]


def run(aws: EmbeddedAws, report: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words(report, *options),
        input="y\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(aws),
        timeout=PATIENCE_S,
        check=False,
    )


def environment(aws: EmbeddedAws) -> dict[str, str]:
    return {**aws.environment, "PYTHONPATH": "tests", "PATH": ""}


def left(aws: EmbeddedAws) -> list[str]:
    """The names of what carries the tag, and the blocks of VPCs."""
    ec2 = client(aws, "ec2")
    rows = [
        *ec2.describe_security_groups()["SecurityGroups"],
        *ec2.describe_managed_prefix_lists()["PrefixLists"],
        *ec2.describe_vpcs()["Vpcs"],
    ]
    tagged = [row for row in rows if TAG in [tag["Key"] for tag in row.get("Tags", ())]]
    return [row.get("GroupName") or row.get("PrefixListName") or row["CidrBlock"] for row in tagged]


def writes(aws: EmbeddedAws) -> list[str]:
    return [call.operation for call in aws.calls if not call.operation.startswith(("Describe", "Get"))]


def leave_behind(ec2: Any, count: int) -> None:
    """Leave what a run that crashed leaves: a VPC with groups that refer to each other and to a list, all tagged."""

    def tagged(kind: str) -> dict[str, Any]:
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": TAG, "Value": "crashed"}]}]}

    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", **tagged("vpc"))["Vpc"]["VpcId"]
    listed = {"PrefixListName": "left", "AddressFamily": "IPv4", "MaxEntries": 1}
    prefix_list = ec2.create_managed_prefix_list(**listed, **tagged("prefix-list"))["PrefixList"]["PrefixListId"]
    named = {"Description": "left", "VpcId": vpc}
    groups = [
        ec2.create_security_group(GroupName=f"left-{number}", **named, **tagged("security-group"))["GroupId"]
        for number in range(count)
    ]
    for group, other in zip(groups, [*groups[1:], groups[0]], strict=True):
        sources = {"UserIdGroupPairs": [{"GroupId": other}], "PrefixListIds": [{"PrefixListId": prefix_list}]}
        door = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **sources}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[door])


def test_the_make_target_runs_it() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\ncontract-real:")[2].partition("\n\n")[0]
    assert "PYTHONPATH=tests $(BIN)/python -m contracts.real.main --profile $(PROFILE)" in recipe


@pytest.mark.deep
def test_it_deletes_what_an_earlier_run_left_and_touches_nothing_else(tmp_path: Path) -> None:
    lag = {"ec2": timedelta(seconds=0.2)}
    with EmbeddedAws(log=unheard, lag=lag) as aws:
        ec2, report = client(aws, "ec2"), tmp_path / "report.md"
        theirs = ec2.create_security_group(GroupName="theirs", Description="theirs")["GroupId"]
        before = ec2.describe_security_group_rules()["SecurityGroupRules"]
        leave_behind(ec2, 7)
        ran = run(aws, report, "--settle", "0.3", "--page-size", "5", "--select", "a_new_group_shows", "default_group")
        time.sleep(0.3)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "9 resources that an earlier run left." in ran.stdout
        assert left(aws) == []
        assert ec2.describe_security_group_rules()["SecurityGroupRules"] == before
        assert ec2.describe_security_groups(GroupIds=[theirs])["SecurityGroups"]
        said = report.read_text()
    assert "never run this suite on a live account" in said
    assert f"by {aws.endpoint}" in said
    assert "| Does Modify keep a rule's tags? | kept | kept | as assumed |" in said
    assert "differs" not in said.replace("0 differ", "")
    assert "- not sent: `test_a_default_group_cannot_be_deleted[real]`" in said


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    """The account that the environment leads to."""
    with EmbeddedAws(log=unheard) as embedded:
        for name, value in embedded.environment.items():
            monkeypatch.setenv(name, value)
        yield embedded


def typing(answer: str) -> Callable[[str], str]:
    def typed(_: str) -> str:
        if not answer:
            raise EOFError
        return answer

    return typed


def test_without_a_yes_nothing_happens(aws: EmbeddedAws, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(writes(aws))
    for answer in ("n", "yes please", " ", ""):
        assert main([], typing(answer)) == 2
        said = capsys.readouterr().out
        assert said.endswith("Nothing was changed.\n")
        assert "It costs    nothing" in said
    assert len(writes(aws)) == before


def test_what_is_missing_is_said_before_anything_is_made(aws: EmbeddedAws, capsys: pytest.CaptureFixture[str]) -> None:
    ec2 = client(aws, "ec2")
    assert main(["--profile", "sandbox"], typing("y")) == 2
    assert "The config profile (sandbox) could not be found" in capsys.readouterr().err
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    assert main([], typing("y")) == 2
    assert capsys.readouterr().err == (
        "error: us-east-1 has no default VPC, which the suite needs. Choose another Region.\nNothing was changed.\n"
    )


@pytest.mark.deep
def test_an_answer_that_differs_is_in_the_report(tmp_path: Path) -> None:
    with EmbeddedAws(log=unheard, ec2={"keeps_omitted_description": True}) as aws:
        assert run(aws, tmp_path / "report.md", *SMALL, "--select", "omitted_description").returncode == 1
    said = (tmp_path / "report.md").read_text()
    assert "| Does ModifySecurityGroupRules clear a description | cleared | kept | **differs** |" in said
    assert "- differs: `test_an_omitted_description_is_cleared[real]`: assert " in said


@pytest.mark.deep
def test_it_agrees_throttled_and_after_a_crash(tmp_path: Path) -> None:
    """The clock of the buckets is slow, so that some calls are refused and tried again."""
    with EmbeddedAws(log=unheard, ec2={"throttle_clock": lambda: time.monotonic() / 4}) as aws:
        with killed_once(aws, tmp_path, lambda: writes(aws).count("CreateSecurityGroup") > 5):
            assert "10.20.0.0/16" in left(aws)
        ran = run(aws, tmp_path / "report.md", *SMALL, "--select", "security_groups_modify", "prefix_lists")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert left(aws) == []
        assert "RequestLimitExceeded" in {call.error for call in aws.calls}


@contextmanager
def killed_once(aws: EmbeddedAws, tmp_path: Path, when: Callable[[], bool]) -> Iterator[None]:
    """A run that is killed at a moment."""
    started = subprocess.Popen(
        words(tmp_path / "killed.md", *SMALL),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment(aws),
        text=True,
    )
    assert started.stdin
    started.stdin.write("y\n")
    started.stdin.close()
    while not when():
        time.sleep(0.05)
    started.kill()
    started.wait()
    yield
