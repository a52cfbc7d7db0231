"""The stack as deploy.sh leaves it, of the same archive and template, without the SAM CLI and its ten seconds of work.

What deploy.sh does is proved where a test runs DEPLOY.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cloudmend.cli.build.function import build
from cloudmend.local.runtime.process import RUNTIME, architecture
from walkthrough.conftest import ROOT
from walkthrough.deployed import Deployed

BUCKET = "cloudmend-packages"
ARCHIVE, TEMPLATE = "cloudmend/archive", "cloudmend/cloudmend.template"
CAPABILITIES = ["CAPABILITY_IAM"]


def deploy(account: Deployed, **parameters: str) -> None:
    """Create the stack with these parameters, and wait for the sweep that this starts."""
    code, s3 = f"CodeUri: s3://{BUCKET}/{ARCHIVE}\n", account.client("s3")
    template = (ROOT / "template.yaml").read_text(encoding="utf-8").replace("CodeUri: src\n", code)
    s3.put_object(Bucket=BUCKET, Key=ARCHIVE, Body=_archive())
    s3.put_object(Bucket=BUCKET, Key=TEMPLATE, Body=template.encode())
    given = {"Architecture": architecture(), "Runtime": RUNTIME, **parameters}
    account.client("cloudformation").create_stack(
        StackName="cloudmend",
        TemplateURL=f"{account.aws.endpoint}/{BUCKET}/{TEMPLATE}",
        Parameters=[_parameter(name, value) for name, value in given.items()],
        Capabilities=CAPABILITIES,
    )
    account.settle()


def update(account: Deployed, **parameters: str) -> None:
    """Change these parameters of the stack, and no others."""
    given = {**account.parameters(), **parameters}
    account.client("cloudformation").update_stack(
        StackName="cloudmend",
        UsePreviousTemplate=True,
        Parameters=[_parameter(name, value) for name, value in given.items()],
        Capabilities=CAPABILITIES,
    )


def _parameter(name: str, value: str) -> dict[str, Any]:
    return {"ParameterKey": name, "ParameterValue": value}


@cache
def _archive() -> bytes:
    """Return what `make build` writes for this machine's Python, built once."""
    with TemporaryDirectory() as folder:
        archive = Path(folder, "function.zip")
        build(RUNTIME.removeprefix("python"), Path(folder, "function"), archive)
        return archive.read_bytes()
