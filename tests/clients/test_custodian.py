"""Cloud Custodian as a client of the embedded AWS: another project's calls, functions and answers, none of them ours.

It runs in an environment of its own, by the benchmark's lock file: `make setup-clients`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import LAMBDA, client, open_to_the_world, role, trusting, unheard
from walkthrough.blocks import ROOT

CUSTODIAN = ROOT / ".venv-bench-custodian" / "bin" / "custodian"
PATIENCE_S = 300.0
pytestmark = pytest.mark.deep
WORLD = {"type": "ingress", "Cidr": {"value": "0.0.0.0/0"}}
CLOSE = {"filters": [WORLD], "actions": [{"type": "remove-permissions", "ingress": "matched"}]}


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


def run(aws: EmbeddedAws, folder: Path, **policy: Any) -> list[str]:
    """Run one policy about groups. Return the ids of the groups that it found."""
    assert CUSTODIAN.exists(), "There is no Cloud Custodian. Run: make setup-clients"
    file = folder / "policy.json"
    file.write_text(json.dumps({"policies": [{"name": "groups", "resource": "security-group", **policy}]}))
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    words = ["run", "--output-dir", "out", "--region", aws.region, "--cache-period", "0", str(file)]
    environment = {**own, **aws.environment, "HOME": str(folder)}
    done = subprocess.run([CUSTODIAN, *words], env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = folder / "out" / "groups" / "resources.json"
    return [group["GroupId"] for group in json.loads(found.read_text())] if found.exists() else []


def rules(aws: EmbeddedAws, group: str) -> list[Any]:
    answered = client(aws, "ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return list(answered[0]["IpPermissions"])


def test_a_policy_finds_the_open_group_and_closes_it(aws: EmbeddedAws, tmp_path: Path) -> None:
    group = open_to_the_world(aws)
    assert run(aws, tmp_path, **CLOSE) == [group]
    assert rules(aws, group) == []
    assert run(aws, tmp_path, **CLOSE) == []


def test_its_filter_finds_the_groups_that_nothing_uses(aws: EmbeddedAws, tmp_path: Path) -> None:
    ec2, unused = client(aws, "ec2"), open_to_the_world(aws)
    used = ec2.create_security_group(GroupName="used", Description="testing")["GroupId"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet, Groups=[used])
    found = run(aws, tmp_path, filters=["unused"])
    assert unused in found
    assert used not in found


def test_its_function_is_woken_by_the_call_and_closes_the_group(aws: EmbeddedAws, tmp_path: Path) -> None:
    """Deployed by its own command, with a role that may do what it needs and no more."""
    needed = ("ec2:DescribeSecurityGroups", "ec2:RevokeSecurityGroupIngress", "logs:*")
    mode = {
        "type": "cloudtrail",
        "role": role(aws, "custodian", *needed, trust=trusting(LAMBDA)),
        "runtime": client_runtime(),
        "events": [
            {
                "source": "ec2.amazonaws.com",
                "event": "AuthorizeSecurityGroupIngress",
                "ids": "requestParameters.groupId",
            }
        ],
    }
    run(aws, tmp_path, mode=mode, **CLOSE)
    group = open_to_the_world(aws)
    aws.settle(PATIENCE_S)
    assert [delivery.error for delivery in aws.deliveries] == [None]
    assert rules(aws, group) == []


def client_runtime() -> str:
    """The runtime of the Python that runs Custodian: its archive has compiled packages of that one."""
    (packages,) = (CUSTODIAN.parents[1] / "lib").glob("python3*")
    return packages.name
