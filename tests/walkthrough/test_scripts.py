"""bad_boy.sh and good_boy.sh, run as a user runs them: with the real AWS CLI, from another folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from walkthrough.conftest import script

WORLD = "0.0.0.0/0"
GROUP_ID = "sg-05fe30eb67c909f27"


def ipv4_ingress(ec2: Any, group_id: str) -> set[tuple[int, str]]:
    """(port, source) of each ingress rule of the group."""
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return {(rule["FromPort"], r["CidrIp"]) for rule in group["IpPermissions"] for r in rule["IpRanges"]}


def test_bad_boy_opens_both_ports_to_the_world(aws_environment: dict[str, str], ec2: Any, group_id: str) -> None:
    done = script("bad_boy.sh", group_id, environment=aws_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{group_id}: tcp/{port} is open to {WORLD}" for port in (3389, 22)]
    assert ipv4_ingress(ec2, group_id) == {(3389, WORLD), (22, WORLD)}


def test_bad_boy_twice_is_as_once(aws_environment: dict[str, str], ec2: Any, group_id: str) -> None:
    for _ in range(2):
        assert script("bad_boy.sh", group_id, environment=aws_environment).returncode == 0
    assert ipv4_ingress(ec2, group_id) == {(3389, WORLD), (22, WORLD)}


def test_good_boy_closes_what_bad_boy_opened(aws_environment: dict[str, str], ec2: Any, group_id: str) -> None:
    script("bad_boy.sh", group_id, environment=aws_environment)
    assert script("good_boy.sh", group_id, environment=aws_environment).returncode == 0
    assert ipv4_ingress(ec2, group_id) == set()


def test_good_boy_leaves_every_other_rule_and_is_content_where_all_is_closed(
    aws_environment: dict[str, str], ec2: Any, group_id: str
) -> None:
    others = {(22, "10.0.0.0/8"), (3389, "10.0.0.0/8"), (443, WORLD)}
    for port, source in others:
        ec2.authorize_security_group_ingress(
            GroupId=group_id, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=source
        )
    done = script("good_boy.sh", group_id, environment=aws_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert ipv4_ingress(ec2, group_id) == others


@pytest.mark.parametrize("name", ["bad_boy.sh", "good_boy.sh"])
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "usage: {name} GROUP_ID"),
        (("--help",), "usage: {name} GROUP_ID"),
        ((GROUP_ID, GROUP_ID), "usage: {name} GROUP_ID"),
        (("",), "'' is not the id of a security group, such as sg-05fe30eb67c909f27."),
        (("sg-1; ls",), "'sg-1; ls' is not the id of a security group, such as sg-05fe30eb67c909f27."),
    ],
)
def test_a_script_wants_one_group_id(
    name: str, arguments: tuple[str, ...], sentence: str, aws_environment: dict[str, str]
) -> None:
    done = script(name, *arguments, environment=aws_environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{name}: {sentence.format(name=name)}\n"


@pytest.mark.parametrize("name", ["bad_boy.sh", "good_boy.sh"])
def test_a_script_passes_on_what_ec2_answers(name: str, aws_environment: dict[str, str]) -> None:
    done = script(name, GROUP_ID, environment=aws_environment)
    assert done.returncode == 1
    assert "InvalidGroup.NotFound" in done.stderr
    assert GROUP_ID in done.stderr


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("bad_boy.sh", (GROUP_ID,)), ("good_boy.sh", (GROUP_ID,)), ("deploy.sh", ("--bucket", "b", "--region", "r"))],
)
def test_a_script_says_how_to_get_the_aws_cli(
    name: str, arguments: tuple[str, ...], elsewhere: tuple[Path, dict[str, str]]
) -> None:
    folder, environment = elsewhere
    done = script(folder / name, *arguments, environment=environment)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name}: the AWS CLI is missing: run 'make setup' in {folder}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["bad_boy.sh", "good_boy.sh"])
def test_a_script_says_what_to_do_where_the_embedded_aws_is_not_reached(
    name: str, aws_environment: dict[str, str]
) -> None:
    gone = {**aws_environment, "AWS_ENDPOINT_URL": "http://localhost:9", "AWS_MAX_ATTEMPTS": "1"}
    done = script(name, GROUP_ID, environment=gone)
    assert done.stderr.endswith(" AWS_ENDPOINT_URL names it: is 'cloudmend local' still running there?\n")
    no_settings = {name: value for name, value in aws_environment.items() if not name.startswith("AWS_")}
    bare = {**no_settings, "AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}
    done = script(name, GROUP_ID, environment=bare)
    assert done.stderr.endswith(" paste the lines that 'cloudmend local' printed into this terminal.\n")
