"""The lines that `cloudmend local` prints to be pasted: whoever has them calls this machine, and nothing else."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from awscli.customizations.overridesslcommonname import SSL_COMMON_NAMES

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import unheard
from walkthrough.conftest import ROOT, TOOLS, pasted, run, started

EVERY_SERVICE = [str(TOOLS / "python"), str(Path(__file__).with_name("every_service.py"))]
REGIONS = ("us-east-1", "eu-central-1", "cn-north-1")
# What somebody may have set who works with AWS: each would lead elsewhere, or fail.
OF_THEIR_OWN = {
    "AWS_PROFILE": "work",
    "AWS_DEFAULT_PROFILE": "work",
    "AWS_SESSION_TOKEN": "of-another-account",
    "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/work",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "CLOUDMEND_LEDGER_TABLE": "production",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "NO_PROXY": "intranet.example",
}


def calls(environment: dict[str, str], *regions: str) -> dict[str, dict[str, list[str]]]:
    """By service and Region, the hosts that a call leads to."""
    led = json.loads(run([*EVERY_SERVICE, *regions], environment).stdout)
    assert isinstance(led, dict)
    return led


def led_to(calls: dict[str, dict[str, list[str]]]) -> set[str]:
    return {host for regions in calls.values() for hosts in regions.values() for host in hosts}


@pytest.fixture(scope="module")
def every_service(aws_environment: dict[str, str]) -> dict[str, dict[str, list[str]]]:
    return calls(aws_environment, *REGIONS)


def test_no_call_of_any_service_leads_off_this_machine(
    every_service: dict[str, dict[str, list[str]]], aws_environment: dict[str, str]
) -> None:
    assert led_to(every_service) == {urlsplit(aws_environment["AWS_ENDPOINT_URL"]).netloc}


def test_nearly_every_service_is_called_in_each_region(every_service: dict[str, dict[str, list[str]]]) -> None:
    """Or the test above would say nothing. The rest want a token first, or put a word before the host's name."""
    silent = {service for service, regions in every_service.items() if not all(regions.values())}
    assert len(every_service) > 400
    assert len(silent) < 20, silent


@pytest.mark.parametrize(
    "service", [pytest.param(each, marks=[] if each == "sqs" else [pytest.mark.deep]) for each in SSL_COMMON_NAMES]
)
def test_services_that_the_aws_cli_1_leads_elsewhere_stay_here_in_every_region(
    service: str, aws_environment: dict[str, str]
) -> None:
    """One call for each Region of which AWS CLI 1 has a host name of its own."""
    led = run([*EVERY_SERVICE, "--only", service, *SSL_COMMON_NAMES[service]], aws_environment).stdout
    assert led_to(json.loads(led)) == {urlsplit(aws_environment["AWS_ENDPOINT_URL"]).netloc}


def test_without_the_named_file_the_aws_cli_1_leads_elsewhere(aws_environment: dict[str, str]) -> None:
    """What the file is for. Where this fails, AWS CLI 1 has learned better, and the file can go."""
    led = run([*EVERY_SERVICE, "--only", "sqs", "us-east-1"], {**aws_environment, "AWS_CONFIG_FILE": os.devnull}).stdout
    assert led_to(json.loads(led)) == {"queue.amazonaws.com"}


def test_a_reader_s_own_settings_do_not_count(local_settings: list[str], tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[default]\nendpoint_url = http://127.0.0.1:9\nuse_fips_endpoint = true\n"
    )
    theirs = {**OF_THEIR_OWN, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    terminal = pasted(local_settings, theirs)
    for line in (
        "aws sqs list-queues",
        "aws ec2 describe-security-groups",
        "aws s3 ls",
        "cloudmend scan --region us-east-1",
        "cloudmend records",
    ):
        run(["bash", "-c", line], terminal)
    assert terminal["NO_PROXY"] == "localhost,127.0.0.1,intranet.example"
    assert terminal["HTTP_PROXY"] == OF_THEIR_OWN["HTTP_PROXY"]  # what else they do in this terminal needs it


def test_an_operation_that_puts_a_word_before_the_host_s_name_is_refused_in_a_sentence(
    aws_environment: dict[str, str],
) -> None:
    words = ["aws", "servicediscovery", "discover-instances", "--namespace-name", "a", "--service-name", "b"]
    done = run(words, aws_environment, status=255)
    assert "This call would leave this machine for data-localhost" in done.stderr
    assert "Nothing was sent." in done.stderr


def test_the_environment_that_other_tests_take_is_the_one_that_is_printed(aws_environment: dict[str, str]) -> None:
    with EmbeddedAws(log=unheard) as aws:
        own = {**aws.environment, "AWS_ENDPOINT_URL": aws_environment["AWS_ENDPOINT_URL"]}
    printed = {name: value.rstrip(",") for name, value in aws_environment.items() if name not in ("HOME", "PATH")}
    assert printed == own
    assert aws_environment["PATH"].split(os.pathsep)[0] == str(ROOT / ".venv" / "bin")


def test_the_pages_say_to_paste_just_these_lines() -> None:
    for page in ("README.md", "docs/tutorial.md"):
        text = re.sub(r"\s+", " ", (ROOT / page).read_text(encoding="utf-8"))
        assert "aste its `unset` and `export` lines" in text, page  # "Paste" begins a sentence of one


def test_when_it_stops_the_embedded_aws_leaves_no_ledger(tmp_path: Path) -> None:
    reader = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with started(reader) as lines:
        terminal = pasted(lines, reader)
        group = ["aws", "ec2", "create-security-group", "--group-name", "a", "--description", "a"]
        group_id = json.loads(run(group, terminal).stdout)["GroupId"]
        run(["scripts/bad_boy.sh", group_id], terminal)
        run(["cloudmend", "invoke", "-e", "events/event.json", "--group", group_id], terminal)
        assert group_id in run(["cloudmend", "records"], terminal).stdout
        assert list((tmp_path / ".local/state/cloudmend").rglob("ledger.sqlite3"))
        assert "holds no ledger yet" not in run(["cloudmend", "records"], terminal).stderr
    assert not list((tmp_path / ".local/state/cloudmend").rglob("ledger.sqlite3"))
    after = run(["cloudmend", "records"], terminal)
    assert (after.stdout, "which holds no ledger yet" in after.stderr) == ("", True)
