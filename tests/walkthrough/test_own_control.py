"""The page about a control of one's own: its last block deploys the example, which then mends what an event reports."""

from __future__ import annotations

import json
import os
import shutil
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


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def aws(log: list[str]) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=log.append) as embedded:
        client(embedded, "s3").create_bucket(Bucket="packages")
        yield embedded


def test_the_example_is_built_deployed_and_mends_what_an_event_reports(
    aws: EmbeddedAws, log: list[str], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    here = {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "HOME": str(Path.home()), **aws.environment}
    build, package, deploy = (line.replace("BUCKET", "packages") for line in lines(PAGE, "own control"))
    build += f" --python-version {RUNTIME.removeprefix('python')}"
    deploy += f" --parameter-overrides Runtime={RUNTIME} Architecture={architecture()}"  # as the page says it
    for command in (build, package, deploy):
        subprocess.run(["bash", "-c", command], cwd=tmp_path, env=here, check=True)
    ecr = client(aws, "ecr")
    ecr.create_repository(repositoryName="team/app")
    aws.settle(SETTLE_S)
    (repository,) = ecr.describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    records = [json.loads(line)["record"] for line in log if '"record":' in line]
    (record,) = (each for each in records if each["status"] == "mended")
    assert (record["control"], record["resource"]["id"]) == ("ecr_repository_tags", "team/app")
