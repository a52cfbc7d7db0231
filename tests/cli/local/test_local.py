"""`cloudmend local`: what it prints for containers, and that it says nothing of them unless it is asked."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from botocore.session import Session

from cli.test_main import CLOUDMEND, cloudmend
from cloudmend.controls import every
from cloudmend.local.identity import EXAMPLE_ACCESS_KEY, EXAMPLE_SECRET_KEY
from cloudmend.local.runtime.process import RUNTIME, architecture
from local.embedded.helpers import archive


def started(*arguments: str) -> tuple[str, str]:
    """What it prints until it waits, on standard output and on standard error; then it is stopped."""
    words = [CLOUDMEND, "local", "--port", "0", *arguments]
    last = "sam local invoke" if arguments else "cloudmend invoke"
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        printed = []
        for line in server.stdout:
            printed.append(line)
            if last in line:
                break
        server.send_signal(signal.SIGINT)
        _, warned = server.communicate(timeout=60)
    assert server.returncode == 0
    return "".join(printed), warned


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("127.0.0.1", "Containers may read"),
        ("127.0.0.2", "Containers, and perhaps other machines of your network that reach 127.0.0.2, may read"),
    ],
)
def test_it_warns_of_containers_and_says_how_the_function_is_run_in_one(address: str, who: str) -> None:
    printed, warned = started("--containers", address)
    (port,) = re.findall(r"AWS_ENDPOINT_URL=http://localhost:(\d+)", printed)
    assert printed.endswith(
        f"\n  sam build\n  AWS_ENDPOINT_URL=http://host.docker.internal:{port} sam local invoke -e events/event.json "
        "--add-host host.docker.internal:host-gateway\n"
    )
    kinds = [each.resource for each in every()]
    nouns = ", ".join(dict.fromkeys(f"{kind.noun}{'' if kind.is_setting else 's'}" for kind in kinds))
    assert "network ACLs, " in nouns
    assert nouns.endswith(", VPC block public access")
    assert warned.strip() == (
        f"warning: {who} and change what the controls watch in the embedded AWS ({nouns}), under the name "
        "host.docker.internal."
    )


def test_nobody_is_told_of_containers_unasked() -> None:
    printed, warned = started()
    assert "host.docker.internal" not in printed
    assert warned == ""


def test_what_a_function_prints_stands_in_a_file_and_not_among_the_printed_settings() -> None:
    words = [CLOUDMEND, "local", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            printed = "".join(
                iter(server.stdout.readline, "  cloudmend invoke -e events/event.json --group GROUP_ID\n")
            )
            (log,) = re.findall(r"What functions print is in\s(\S+)[.] In", printed)
            (endpoint,) = re.findall(r"export AWS_ENDPOINT_URL=(\S+)", printed)
            _invoke(endpoint)
            written = Path(log).read_text()
        finally:
            server.send_signal(signal.SIGINT)
            rest = server.communicate(timeout=60)
    assert rest == ("\nStopping ...\n", "")
    assert "a line of the function" in written
    assert not Path(log).exists()


def _invoke(endpoint: str) -> None:
    """Create a function there that prints, and call it."""
    keys = {"aws_access_key_id": EXAMPLE_ACCESS_KEY, "aws_secret_access_key": EXAMPLE_SECRET_KEY}
    iam = Session().create_client("iam", "us-east-1", endpoint_url=endpoint, **keys)
    service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="mine", AssumeRolePolicyDocument=json.dumps({"Statement": [service]}))
    calls = Session().create_client("lambda", "us-east-1", endpoint_url=endpoint, **keys)
    calls.create_function(
        FunctionName="loud",
        Runtime=RUNTIME,
        Architectures=[architecture()],
        Role=role["Role"]["Arn"],
        Handler="index.handler",
        Code={"ZipFile": archive("def handler(event, context):\n    print('a line of the function')\n")},
    )
    assert calls.invoke(FunctionName="loud")["StatusCode"] == 200


def test_a_region_that_there_is_not_is_bad_input() -> None:
    done = cloudmend("local", "--port", "0", "--region", "us-esat-1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("cloudmend: 'us-esat-1' is not the name of a Region")


def test_what_it_prints_to_paste_finds_the_commands_from_any_folder(tmp_path: Path) -> None:
    printed, _ = started()
    (line,) = re.findall(r"^  export PATH=.*$", printed, re.MULTILINE)
    words = ["bash", "-c", f"{line}\ncommand -v cloudmend aws"]
    found = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.splitlines()
    assert found == [str(Path(CLOUDMEND).parent / name) for name in ("cloudmend", "aws")]
    assert max(map(len, printed.partition("unset")[0].splitlines())) <= 100
