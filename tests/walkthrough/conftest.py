"""The embedded AWS as its reader starts it, and the terminal into which they paste what it printed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from botocore.session import Session

from aws_commands import run_aws

REGION = "us-east-1"
ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="session")
def local_settings() -> Iterator[list[str]]:
    """`cloudmend local` runs for the whole session; the lines that it prints to be pasted."""
    with started({**os.environ}) as lines:
        yield lines


@contextmanager
def started(environment: dict[str, str]) -> Iterator[list[str]]:
    """The lines that `cloudmend local` prints to be pasted, while it runs."""
    command = [str(TOOLS / "cloudmend"), "local", "--port", "0"]
    with (
        TemporaryFile() as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env=environment) as server,
    ):
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "cloudmend invoke" in line:  # the last line of the welcome
                break
        yield [line for line in said if re.match(r" +(unset|export) ", line)]
        server.send_signal(signal.SIGINT)
        try:
            rest, _ = server.communicate(timeout=30)
        finally:
            server.kill()  # does nothing where it ended by itself
        assert rest.strip() == "Stopping ..."
        assert server.returncode == 0


@pytest.fixture(scope="session")
def aws_environment(local_settings: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The terminal of a reader who has pasted them, with a home folder and no settings of their own."""
    return pasted(local_settings, {"PATH": os.environ["PATH"], "HOME": str(tmp_path_factory.mktemp("home"))})


def pasted(lines: list[str], environment: dict[str, str]) -> dict[str, str]:
    """The environment after these lines, in the project's folder."""
    printed = run(["bash", "-c", "".join(lines) + "env -0"], environment).stdout
    named = dict(each.split("=", 1) for each in printed.split("\0") if each)
    return {name: value for name, value in named.items() if name not in ("_", "PWD", "OLDPWD", "SHLVL")}


def run(
    words: list[str], environment: dict[str, str], *, status: int = 0, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a command in the project's folder, and holds it to its exit status."""
    if words[0] == "aws":
        done = run_aws(words[1:], environment, ROOT, typed)
    else:
        done = subprocess.run(
            words, cwd=ROOT, env=environment, input=typed, capture_output=True, text=True, check=False
        )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def script(
    name: str | Path, *arguments: str, environment: dict[str, str], folder: Path = Path("/")
) -> subprocess.CompletedProcess[str]:
    """The finished script, by its name in the project's folder or by its path."""
    return subprocess.run(
        [ROOT / name, *arguments], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The scripts in a folder without environments, and a PATH with neither AWS CLI nor SAM CLI."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for path in ROOT.glob("*.sh"):
        shutil.copy2(path, tmp_path)
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("bash", "dirname", "env"):
        (commands / name).symlink_to(str(shutil.which(name)))
    return tmp_path, {"PATH": str(commands)}


@pytest.fixture
def ec2(aws_environment: dict[str, str]) -> Any:
    """A botocore client of the local account."""
    return local_client("ec2", aws_environment)


def local_client(service: str, aws_environment: dict[str, str]) -> Any:
    return Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=aws_environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=aws_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws_environment["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture
def group_id(ec2: Any) -> str:
    """The id of a new security group without ingress rules, in a VPC of its own."""
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="testing", Description="testing", VpcId=vpc_id)
    return str(group["GroupId"])


@pytest.fixture(scope="session")
def demo_output() -> str:
    """What `make demo` prints where there is no terminal."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}
    return run(["make", "--silent", "demo"], environment).stdout
