"""The real SAM CLI, from its own environment, deploys onto the embedded AWS and deletes without a trace."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import TEMPLATE, asked_lately, client, outputs, put_event, with_properties
from local.embedded.test_stacks import left

SAM = Path(__file__).parents[3] / ".venv-sam" / "bin" / "sam"


def sam(aws: EmbeddedAws, folder: Path, *arguments: str) -> None:
    asked_lately(folder)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **aws.environment}
    run = subprocess.run(
        [SAM, *arguments, "--stack-name", "small", "--region", aws.region, "--s3-bucket", "artifacts"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_sam_deploys_updates_and_deletes(aws: EmbeddedAws, tmp_path: Path) -> None:
    before = left(aws)
    client(aws, "s3").create_bucket(Bucket="artifacts")
    deploy = (
        "deploy",
        "--template-file",
        "template.yaml",
        "--capabilities",
        "CAPABILITY_IAM",
        "--no-confirm-changeset",
    )
    template = tmp_path / "template.yaml"

    template.write_text(yaml.safe_dump(TEMPLATE))
    sam(aws, tmp_path, *deploy)
    template.write_text(yaml.safe_dump(with_properties("Function", Timeout=9)))
    sam(aws, tmp_path, *deploy, "--parameter-overrides", "Setting=changed")
    put_event(aws)
    setting = outputs(aws)["Setting"]
    sam(aws, tmp_path, "delete", "--no-prompts", "--s3-prefix", "small")

    assert aws.deliveries[0].invocations[0].payload["setting"] == setting == "changed"
    assert left(aws) == before
