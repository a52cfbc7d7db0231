"""deploy.sh, run as a user runs it: with the real AWS CLI, from another folder, and a program in SAM's place."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cloudmend.local.runtime.process import RUNTIME, architecture
from walkthrough.conftest import ROOT, TOOLS, local_client, run, script

DEPLOYMENT = ("--bucket", "walkthrough", "--region", "us-east-1")


@pytest.fixture
def bucket(aws_environment: dict[str, str]) -> str:
    """The bucket that DEPLOYMENT names."""
    run(["aws", "s3api", "create-bucket", "--bucket", "walkthrough"], aws_environment)
    return "walkthrough"


@pytest.fixture
def recording_sam(tmp_path: Path) -> Path:
    """A program in SAM's place that writes to `calls` beside it: its folder, arguments, and the Python to build for."""
    sam = tmp_path / "sam"
    sam.write_text('#!/bin/sh\necho "$PWD $* [$CLOUDMEND_BUILD_PYTHON_VERSION]" >> "$(dirname "$0")/calls"\n')
    sam.chmod(0o755)
    return sam


def test_deploy_says_how_to_get_the_sam_cli(
    aws_environment: dict[str, str], bucket: str, elsewhere: tuple[Path, dict[str, str]]
) -> None:
    folder, environment = elsewhere
    (folder / "commands" / "aws").symlink_to(TOOLS / "aws")
    done = script(folder / "deploy.sh", *DEPLOYMENT, environment={**aws_environment, **environment})
    assert done.returncode == 1
    assert done.stderr.startswith("deploy.sh: the SAM CLI is missing: install it, or make, which sets it up")
    assert len(done.stderr.splitlines()) == 1


def test_deploy_sets_up_the_sam_cli_where_there_is_none(
    aws_environment: dict[str, str], bucket: str, elsewhere: tuple[Path, dict[str, str]]
) -> None:
    folder, environment = elsewhere
    (folder / "commands" / "aws").symlink_to(TOOLS / "aws")
    make = folder / "commands" / "make"
    make.write_text('#!/bin/bash\necho "make $*"\nexit 7\n')
    make.chmod(0o755)
    done = script(folder / "deploy.sh", *DEPLOYMENT, environment={**aws_environment, **environment})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"make --no-print-directory -C {folder} setup-sam",
        "deploy.sh: the SAM CLI could not be set up; the message above says why.",
    ]


def test_deploy_builds_packages_and_deploys_from_the_project_root(
    aws_environment: dict[str, str], bucket: str, recording_sam: Path
) -> None:
    environment = {**aws_environment, "SAM": str(recording_sam)}
    done = script("deploy.sh", *DEPLOYMENT, "Mode=observe", "GuardedPorts=22,3389", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  ./bad_boy.sh GROUP_ID" in done.stdout
    build, package, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    assert build.startswith(f"{ROOT} build --template-file template.yaml --build-dir /")
    assert re.search(
        r"package --template-file (/\S+)/built/template.yaml --output-template-file \1/packaged.yaml", package
    )
    assert f"--s3-bucket {bucket}" in package
    assert "--no-confirm-changeset" in deploy
    assert "--capabilities CAPABILITY_IAM" in deploy
    assert "--parameter-overrides Mode=observe GuardedPorts=22,3389 " in deploy


def test_a_policy_that_the_function_would_refuse_is_not_deployed(
    aws_environment: dict[str, str], bucket: str, recording_sam: Path
) -> None:
    environment = {**aws_environment, "SAM": str(recording_sam)}
    done = script("deploy.sh", *DEPLOYMENT, "ReplacementIpv4=192.186.0.0/16", environment=environment)
    assert (done.returncode, done.stdout) == (2, "")
    first, *_, last = done.stderr.splitlines()
    assert "(template parameter ReplacementIpv4): 192.186.0.0/16 holds 65,536 public addresses" in first
    assert last == "deploy.sh: the policy is refused; the lines above say why. Nothing was deployed."
    assert not (recording_sam.parent / "calls").exists()


def test_keys_of_the_policy_are_checked_and_handed_on(
    aws_environment: dict[str, str], bucket: str, recording_sam: Path
) -> None:
    environment = {**aws_environment, "SAM": str(recording_sam)}
    limits = "Settings=control.security_group_ingress.limits.ipv4="
    done = script("deploy.sh", *DEPLOYMENT, f"{limits}/33;mode=fix", environment=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert "(template parameter Settings): control.security_group_ingress.limits.ipv4: '/33' is not the" in done.stderr
    done = script("deploy.sh", *DEPLOYMENT, f"{limits}/16;mode=fix", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    *_, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    assert f"--parameter-overrides {limits}/16;mode=fix " in deploy


def test_a_parameter_that_the_stack_keeps_is_checked_with_the_policy_too(recording_sam: Path) -> None:
    environment = answering(r"Mode\tfix\nReplacementIpv4\t52.0.0.0/16", 0, recording_sam)
    done = script("deploy.sh", *DEPLOYMENT, environment=environment)
    assert done.returncode == 2
    assert "(template parameter ReplacementIpv4): 52.0.0.0/16 holds 65,536 public addresses" in done.stderr
    assert not (recording_sam.parent / "calls").exists()
    for given in (["ReplacementIpv4=10.0.0.0/8"], ["ReplacementIpv4=52.0.0.0/16", "ReplacementIpv4="]):
        assert script("deploy.sh", *DEPLOYMENT, *given, environment=environment).returncode == 0
    *_, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    assert 'ReplacementIpv4=52.0.0.0/16 ReplacementIpv4="" ' in deploy  # the SAM CLI takes nothing in quotes only


def test_a_stack_of_somebody_else_is_neither_deployed_onto_nor_removed(
    aws_environment: dict[str, str], bucket: str, recording_sam: Path
) -> None:
    cloudformation = local_client("cloudformation", aws_environment)
    template = {"Resources": {"ScheduledRule": {"Type": "AWS::SQS::Queue"}}}
    for name, more in (("shop", {}), ("pay", {"Description": "Pays. See cloudmend narrows."})):
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({**template, **more}))
        for words, left in ((["--remove", "--yes"], "removed"), ([], "deployed")):
            done = script(
                *("deploy.sh", *words, *DEPLOYMENT, "--stack-name", name),
                environment={**aws_environment, "SAM": str(recording_sam)},
            )
            told = f"the stack '{name}' in us-east-1 is not cloudmend's. Nothing was {left}."
            assert (done.returncode, done.stderr) == (2, f"deploy.sh: {told} Pass another --stack-name.\n")
        assert cloudformation.describe_stacks(StackName=name)["Stacks"]
        cloudformation.delete_stack(StackName=name)
    assert not (recording_sam.parent / "calls").exists()


def test_deploy_takes_its_names_from_the_environment_too(
    aws_environment: dict[str, str], bucket: str, recording_sam: Path
) -> None:
    names = {"S3_BUCKET": bucket, "REGION": "us-east-1", "STACK_NAME": "mend", "SAM": str(recording_sam)}
    assert script("deploy.sh", environment={**aws_environment, **names}).returncode == 0
    *_, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    assert "--stack-name mend --region us-east-1" in deploy


def test_a_flag_wins_over_the_environment_and_the_environment_over_the_lines_at_the_top_of_deploy(
    aws_environment: dict[str, str], bucket: str, recording_sam: Path, tmp_path: Path
) -> None:
    """As the walkthrough's reader edits them."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    edited = tmp_path / "deploy.sh"
    text = (ROOT / "deploy.sh").read_text()
    for name, value in (("S3_BUCKET", bucket), ("REGION", "us-east-1")):
        text, count = re.subn(rf'^{name}=""', f'{name}="{value}"', text, flags=re.MULTILINE)
        assert count == 1
    edited.write_text(text)
    edited.chmod(0o755)
    environment = {**aws_environment, "SAM": str(recording_sam)}
    assert script(edited, environment=environment).returncode == 0
    *_, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    assert f"--stack-name cloudmend --region us-east-1 --s3-bucket {bucket} --s3-prefix cloudmend" in deploy

    other = script(edited, environment={**environment, "S3_BUCKET": "no-such-bucket", "REGION": "eu-west-1"})
    assert other.stderr.startswith("deploy.sh: the bucket 'no-such-bucket' cannot be used from eu-west-1 (")
    flags = script(
        edited, "--bucket", "a-third", "--region", "eu-west-2", environment={**environment, "S3_BUCKET": "b"}
    )
    assert flags.stderr.startswith("deploy.sh: the bucket 'a-third' cannot be used from eu-west-2 (")


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ((), [f"Architecture={architecture()}", f"Runtime={RUNTIME}"]),
        (("Runtime=python3.12",), ["Runtime=python3.12", f"Architecture={architecture()}"]),
    ],
)
def test_an_aws_on_this_machine_gets_what_runs_on_this_machine(
    arguments: tuple[str, ...], given: list[str], aws_environment: dict[str, str], bucket: str, recording_sam: Path
) -> None:
    environment = {**aws_environment, "SAM": str(recording_sam)}
    assert script("deploy.sh", *DEPLOYMENT, *arguments, environment=environment).returncode == 0
    build, _, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    (runtime,) = [each for each in given if each.startswith("Runtime=")]
    assert build.endswith(f"[{runtime.removeprefix('Runtime=python')}]")
    assert deploy.partition("--parameter-overrides ")[2] == " ".join([*given, "[]"])


@pytest.mark.parametrize(
    ("answer", "status", "arguments", "python", "given"),
    [
        (r"Runtime\tpython3.12", 0, (), "3.12", ""),  # as the stack has it
        (r"Runtime\tpython3.12", 0, ("Runtime=python3.14",), "3.14", "--parameter-overrides Runtime=python3.14"),
        ("", 0, (), "", ""),  # a stack from before the parameter: as the Makefile and the template have it
        ("(ValidationError) Stack with id cloudmend does not exist", 254, (), "", ""),
    ],
)
def test_another_aws_gets_an_archive_for_the_python_that_its_stack_will_have(
    answer: str, status: int, arguments: tuple[str, ...], python: str, given: str, recording_sam: Path
) -> None:
    done = script("deploy.sh", *DEPLOYMENT, *arguments, environment=answering(answer, status, recording_sam))
    assert (done.returncode, done.stderr) == (0, "")
    build, _, deploy = (recording_sam.parent / "calls").read_text().splitlines()
    assert build.endswith(f"[{python}]")
    assert deploy.endswith(f"--no-fail-on-empty-changeset {given} []".replace("  ", " "))


def test_nothing_is_built_for_a_stack_that_cannot_be_read(recording_sam: Path) -> None:
    done = script("deploy.sh", *DEPLOYMENT, environment=answering("AccessDenied: no", 254, recording_sam))
    sentence = "the stack 'cloudmend' cannot be read in us-east-1 (AccessDenied: no)."
    assert (done.returncode, done.stderr) == (1, f"deploy.sh: {sentence}\n")
    assert not (recording_sam.parent / "calls").exists()


def answering(answer: str, status: int, sam: Path) -> dict[str, str]:
    """The environment of a person whose AWS CLI has that answer to a question for a stack."""
    aws = sam.with_name("aws")
    described = f"printf '%b\\n' '{answer}'\nexit {status}\n"
    asked = 'case "$*" in s3api*) exit ;; *StackStatus*) [ {status} = 0 ] && echo "{ours}" && exit ;; esac'
    ours = "UPDATE_COMPLETE\tcloudmend narrows"
    aws.write_text(f"#!/bin/sh\n{asked.format(status=status, ours=ours)}\n{described}")
    aws.chmod(0o755)
    return {"PATH": f"{aws.parent}{os.pathsep}{os.environ['PATH']}", "SAM": str(sam)}


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("--bucket", "which bucket? Pass --bucket NAME, or set S3_BUCKET, here or at the top of deploy.sh."),
        ("--region", "which Region? Pass --region REGION, or set REGION, here or at the top of deploy.sh."),
    ],
)
def test_deploy_says_which_name_is_missing(missing: str, sentence: str, aws_environment: dict[str, str]) -> None:
    at = DEPLOYMENT.index(missing)
    done = script("deploy.sh", *DEPLOYMENT[:at], *DEPLOYMENT[at + 2 :], environment=aws_environment)
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
    done = script("deploy.sh", argument, environment=aws_environment)
    assert (done.returncode, done.stderr) == (2, f"deploy.sh: {sentence}\n")


def test_deploy_refuses_a_bucket_that_it_cannot_use(aws_environment: dict[str, str], recording_sam: Path) -> None:
    names = ("--bucket", "no-such-bucket", "--region", "us-east-1")
    done = script("deploy.sh", *names, environment={**aws_environment, "SAM": str(recording_sam)})
    assert done.returncode == 1
    assert done.stderr.startswith("deploy.sh: the bucket 'no-such-bucket' cannot be used from us-east-1 (")
    assert not (recording_sam.parent / "calls").exists()


def test_deploy_refuses_a_sam_that_cannot_be_run(aws_environment: dict[str, str]) -> None:
    done = script("deploy.sh", *DEPLOYMENT, environment={**aws_environment, "SAM": "/no/such/sam"})
    assert (done.returncode, done.stderr) == (
        1,
        "deploy.sh: SAM is set to '/no/such/sam', which cannot be run.\n",
    )


def test_deploy_explains_itself(aws_environment: dict[str, str]) -> None:
    done = script("deploy.sh", "--help", environment=aws_environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"--bucket", "--region", "--stack-name", "--remove", "--yes"} <= set(done.stdout.split())


@pytest.mark.parametrize(
    ("stack", "typed", "status", "sentence"),
    [
        ("no-such-stack", "", 1, "there is no stack 'no-such-stack' in us-east-1."),
        ("removable", "", 2, "there is nobody to ask: pass --yes. Nothing was removed."),
        ("removable", "n\n", 3, "nothing was removed."),
        ("removable", "\n", 3, "nothing was removed."),
    ],
)
def test_nothing_is_removed_unless_somebody_says_yes(
    stack: str, typed: str, status: int, sentence: str, aws_environment: dict[str, str], bucket: str, removable: Any
) -> None:
    words = [str(ROOT / "deploy.sh"), "--remove", *DEPLOYMENT, "--stack-name", stack]
    done = subprocess.run(words, env=aws_environment, input=typed, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"deploy.sh: {sentence}\n")
    assert removable.describe_stacks(StackName="removable")["Stacks"]


@pytest.fixture
def removable(aws_environment: dict[str, str]) -> Any:
    """A client of CloudFormation, which has a stack."""
    cloudformation = local_client("cloudformation", aws_environment)
    queue = {"Description": "cloudmend for a test", "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation.create_stack(StackName="removable", TemplateBody=json.dumps(queue))
    yield cloudformation
    cloudformation.delete_stack(StackName="removable")


def test_what_sam_prints_while_it_builds_is_shown_only_if_it_fails(
    aws_environment: dict[str, str], bucket: str, tmp_path: Path
) -> None:
    sam = tmp_path / "sam"
    sam.write_text('#!/bin/sh\necho "Commands you can use next: $1"\n[ "$1" != "$FAILING" ]\n')
    sam.chmod(0o755)
    environment = {**aws_environment, "SAM": str(sam)}
    done = script("deploy.sh", *DEPLOYMENT, environment=environment)
    assert (done.returncode, done.stdout.count("Commands you can use next")) == (0, 1)  # of the deployment itself
    assert done.stdout.startswith("Building the functions ...\nUploading them to s3://walkthrough/cloudmend/ ...\n")
    done = script("deploy.sh", *DEPLOYMENT, environment={**environment, "FAILING": "build"})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Commands you can use next: build",
        "deploy.sh: it failed at: Building the functions. The lines above say why. Nothing was deployed.",
    ]


def test_the_policy_is_checked_before_the_sam_cli_is_looked_for(aws_environment: dict[str, str], bucket: str) -> None:
    environment = {**aws_environment, "SAM": "/nonexistent"}
    done = script("deploy.sh", *DEPLOYMENT, "Mode=repair", environment=environment)
    assert done.returncode == 2
    assert "SAM" not in done.stderr
