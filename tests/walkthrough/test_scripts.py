"""The walkthrough's scripts, run as a user runs them: with the real AWS CLI, from another folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
WORLD = "0.0.0.0/0"
GROUP_ID = "sg-05fe30eb67c909f27"
DEPLOYMENT = ("--bucket", "walkthrough", "--region", "us-east-1", "--stack-name", "cloudmend")


def run(
    script: str | Path, *arguments: str, environment: dict[str, str], folder: Path = Path("/")
) -> subprocess.CompletedProcess[str]:
    """The finished script; paths are relative to `scripts/`."""
    return subprocess.run(
        [SCRIPTS / script, *arguments], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def ipv4_ingress(ec2: Any, group_id: str) -> set[tuple[int, str]]:
    """(port, source) of each ingress rule of the group."""
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return {(rule["FromPort"], r["CidrIp"]) for rule in group["IpPermissions"] for r in rule["IpRanges"]}


@pytest.fixture
def bucket(aws_environment: dict[str, str]) -> str:
    """The bucket that DEPLOYMENT names."""
    subprocess.run(
        [SCRIPTS.parent / ".venv/bin/aws", "s3api", "create-bucket", "--bucket", "walkthrough"],
        env=aws_environment,
        check=True,
        capture_output=True,
    )
    return "walkthrough"


@pytest.fixture
def recording_sam(tmp_path: Path) -> Path:
    """A program in SAM's place that writes its folder and arguments to `calls` beside it."""
    sam = tmp_path / "sam"
    sam.write_text('#!/bin/sh\necho "$PWD $*" >> "$(dirname "$0")/calls"\n')
    sam.chmod(0o755)
    return sam


@pytest.fixture
def elsewhere(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The scripts in a folder without environments, and a PATH with neither AWS CLI nor SAM CLI."""
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("bash", "cat", "dirname"):
        (commands / name).symlink_to(str(shutil.which(name)))
    return tmp_path / "scripts", {"PATH": str(commands)}


def test_bad_boy_opens_both_ports_to_the_world(aws_environment: dict[str, str], ec2: Any, group_id: str) -> None:
    done = run("bad_boy.sh", group_id, environment=aws_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{group_id}: tcp/{port} is open to {WORLD}" for port in (3389, 22)]
    assert ipv4_ingress(ec2, group_id) == {(3389, WORLD), (22, WORLD)}


def test_bad_boy_twice_is_as_once(aws_environment: dict[str, str], ec2: Any, group_id: str) -> None:
    for _ in range(2):
        assert run("bad_boy.sh", group_id, environment=aws_environment).returncode == 0
    assert ipv4_ingress(ec2, group_id) == {(3389, WORLD), (22, WORLD)}


def test_good_boy_closes_what_bad_boy_opened(aws_environment: dict[str, str], ec2: Any, group_id: str) -> None:
    run("bad_boy.sh", group_id, environment=aws_environment)
    assert run("good_boy.sh", group_id, environment=aws_environment).returncode == 0
    assert ipv4_ingress(ec2, group_id) == set()


def test_good_boy_leaves_every_other_rule_and_is_content_where_all_is_closed(
    aws_environment: dict[str, str], ec2: Any, group_id: str
) -> None:
    others = {(22, "10.0.0.0/8"), (3389, "10.0.0.0/8"), (443, WORLD)}
    for port, source in others:
        ec2.authorize_security_group_ingress(
            GroupId=group_id, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=source
        )
    done = run("good_boy.sh", group_id, environment=aws_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert ipv4_ingress(ec2, group_id) == others


@pytest.mark.parametrize("script", ["bad_boy.sh", "good_boy.sh"])
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "usage: {script} GROUP_ID"),
        (("--help",), "usage: {script} GROUP_ID"),
        ((GROUP_ID, GROUP_ID), "usage: {script} GROUP_ID"),
        (("",), "'' is not the id of a security group, such as sg-05fe30eb67c909f27."),
        (("sg-1; ls",), "'sg-1; ls' is not the id of a security group, such as sg-05fe30eb67c909f27."),
    ],
)
def test_a_script_wants_one_group_id(
    script: str, arguments: tuple[str, ...], sentence: str, aws_environment: dict[str, str]
) -> None:
    done = run(script, *arguments, environment=aws_environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{script}: {sentence.format(script=script)}\n"


@pytest.mark.parametrize("script", ["bad_boy.sh", "good_boy.sh"])
def test_a_script_passes_on_what_ec2_answers(script: str, aws_environment: dict[str, str]) -> None:
    done = run(script, GROUP_ID, environment=aws_environment)
    assert done.returncode == 1
    assert "InvalidGroup.NotFound" in done.stderr
    assert GROUP_ID in done.stderr


@pytest.mark.parametrize(
    ("script", "arguments", "missing"),
    [("bad_boy.sh", (GROUP_ID,), "AWS"), ("good_boy.sh", (GROUP_ID,), "AWS"), ("deploy.sh", DEPLOYMENT, "SAM")],
)
def test_a_script_says_how_to_get_a_missing_tool(
    script: str, arguments: tuple[str, ...], missing: str, elsewhere: tuple[Path, dict[str, str]]
) -> None:
    folder, environment = elsewhere
    done = run(folder / script, *arguments, environment=environment)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{script}: the {missing} CLI is missing: run 'make setup' in {folder.parent}")
    assert len(done.stderr.splitlines()) == 1


def test_deploy_builds_packages_and_deploys_from_the_project_root(
    aws_environment: dict[str, str], bucket: str, recording_sam: Path
) -> None:
    environment = {**aws_environment, "SAM": str(recording_sam)}
    done = run("deploy.sh", *DEPLOYMENT, "Mode=observe", "GuardedPorts=22,3389", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "scripts/bad_boy.sh GROUP_ID" in done.stdout
    build, package, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    assert build == f"{SCRIPTS.parent} build --template-file template.yaml"
    assert "package --template-file .aws-sam/build/template.yaml" in package
    assert f"--s3-bucket {bucket}" in package
    assert "--no-confirm-changeset" in deploy
    assert "--capabilities CAPABILITY_IAM" in deploy
    assert deploy.endswith("--parameter-overrides Mode=observe GuardedPorts=22,3389")


def test_deploy_takes_its_names_from_the_environment_too(
    aws_environment: dict[str, str], bucket: str, recording_sam: Path
) -> None:
    names = {"S3_BUCKET": bucket, "REGION": "us-east-1", "STACK_NAME": "mend", "SAM": str(recording_sam)}
    assert run("deploy.sh", environment={**aws_environment, **names}).returncode == 0
    *_, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    assert "--stack-name mend --region us-east-1" in deploy
    assert "--parameter-overrides" not in deploy


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("--bucket", "which bucket? Give --bucket NAME or set S3_BUCKET."),
        ("--region", "which Region? Give --region REGION or set REGION."),
        ("--stack-name", "which stack? Give --stack-name NAME or set STACK_NAME."),
    ],
)
def test_deploy_says_which_name_is_missing(missing: str, sentence: str, aws_environment: dict[str, str]) -> None:
    at = DEPLOYMENT.index(missing)
    done = run("deploy.sh", *DEPLOYMENT[:at], *DEPLOYMENT[at + 2 :], environment=aws_environment)
    assert (done.returncode, done.stderr) == (2, f"deploy.sh: {sentence}\n")


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("--bucket", "--bucket takes a value; see deploy.sh --help."),
        ("--stack", "'--stack' is neither an option nor PARAMETER=VALUE; see deploy.sh --help."),
        ("observe", "'observe' is neither an option nor PARAMETER=VALUE; see deploy.sh --help."),
    ],
)
def test_deploy_refuses_what_it_does_not_know(argument: str, sentence: str, aws_environment: dict[str, str]) -> None:
    done = run("deploy.sh", argument, environment=aws_environment)
    assert (done.returncode, done.stderr) == (2, f"deploy.sh: {sentence}\n")


def test_deploy_refuses_a_bucket_that_it_cannot_use(aws_environment: dict[str, str], recording_sam: Path) -> None:
    names = ("--bucket", "no-such-bucket", *DEPLOYMENT[2:])
    done = run("deploy.sh", *names, environment={**aws_environment, "SAM": str(recording_sam)})
    assert done.returncode == 1
    assert done.stderr.startswith("deploy.sh: the bucket 'no-such-bucket' cannot be used from us-east-1 (")
    assert not (recording_sam.parent / "calls").exists()


def test_deploy_refuses_a_sam_that_cannot_be_run(aws_environment: dict[str, str]) -> None:
    done = run("deploy.sh", *DEPLOYMENT, environment={**aws_environment, "SAM": "/no/such/sam"})
    assert (done.returncode, done.stderr) == (
        1,
        "deploy.sh: SAM is set to '/no/such/sam', which cannot be run.\n",
    )


def test_deploy_explains_itself(aws_environment: dict[str, str]) -> None:
    done = run("deploy.sh", "--help", environment=aws_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"--bucket", "--region", "--stack-name"} <= set(done.stdout.split())
