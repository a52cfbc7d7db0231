"""A stack outside us-east-1, and a control of IAM: a second stack forwards its calls, and what they open is mended."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import SETTLE_S, client
from walkthrough.blocks import ROOT, lines
from walkthrough.conftest import TOOLS

PAGE = "docs/own-control.md"
CONTROL = ROOT / "tests" / "fixtures" / "controls" / "iam_password_policy"
HOME = "eu-west-1"


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def aws(log: list[str]) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(region=HOME, log=log.append) as embedded:
        where = {"LocationConstraint": HOME}
        client(embedded, "s3").create_bucket(Bucket="packages", CreateBucketConfiguration=where)
        yield embedded


def test_a_call_of_iam_is_forwarded_to_the_stack_s_region_and_mended_from_there(
    aws: EmbeddedAws, log: list[str], tmp_path: Path
) -> None:
    here = {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "HOME": str(Path.home()), **aws.environment}
    build, package, deploy = (line.replace("BUCKET", "packages") for line in lines(PAGE, "own control"))
    own = f"{build.partition('--controls ')[0]}--controls {CONTROL} --output{build.partition('--output')[2]}"
    own += f" --python-version {RUNTIME.removeprefix('python')}"
    deploy += f" --parameter-overrides Runtime={RUNTIME} Architecture={architecture()}"
    (forward,) = (line.replace("HOME_REGION", HOME) for line in lines(PAGE, "global rules"))
    for command in (own, package, deploy, forward):
        subprocess.run(["bash", "-c", command], cwd=tmp_path, env=here, check=True)
    iam = client(aws, "iam")
    iam.update_account_password_policy(MinimumPasswordLength=8)
    aws.settle(SETTLE_S)
    assert iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 14
    records = [json.loads(line)["record"] for line in log if '"record":' in line]
    (record,) = (each for each in records if each["status"] == "mended")
    assert (record["control"], record["region"]) == ("iam_password_policy", "us-east-1")
