"""An account without a stack, and a person in it: how the resources of all controls are made, opened, and scanned."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from typer.testing import CliRunner

from cloudmend.cli.main import app
from cloudmend.controls import every
from cloudmend.disk.policy_file import PACKAGED
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import unheard
from walkthrough.buckets import ACCOUNT_BLOCK, DECLARED, GRANTS, POLICY
from walkthrough.conftest import TOOLS
from walkthrough.network_acl import ACL
from walkthrough.policies import FUNCTION, KEY
from walkthrough.settings import SETTINGS
from walkthrough.test_deployed_controls import APPROVED, CLUSTER, OF_RESOURCES, REGION, SLOW, Proof, Someone, cli

_DECLARED: Final = (CLUSTER.control, ACCOUNT_BLOCK.control)  # what they are fixed to, the policy file says
_OBSERVED: Final = (each.id for each in every() if each.mode != "fix" and each.id not in _DECLARED)
_FIXING: Final = "".join(f'\n[control.{name}]\nmode = "fix"\n' for name in _OBSERVED) + APPROVED + DECLARED


class ByHand(NamedTuple):
    """An account without a stack, and a person who has the packaged policy, and fixes also what is only observed."""

    aws: EmbeddedAws
    environment: dict[str, str]
    policy: Path

    def cloudmend(self, *words: str, status: int = 0) -> str:
        """What a command prints, held to its exit code."""
        done = CliRunner().invoke(app, words, env=self.environment, catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done.stdout

    def scanned(self, *words: str) -> dict[str, Any]:
        said = self.cloudmend("scan", "--region", REGION, "--policy", str(self.policy), "--format", "json", *words)
        found: dict[str, Any] = json.loads(said)
        return found


@contextmanager
def an_account_by_hand(home: Path) -> Iterator[ByHand]:
    path = home / "policy.toml"
    path.write_text(PACKAGED.read_text(encoding="utf-8") + _FIXING, encoding="utf-8")
    with EmbeddedAws(log=unheard) as aws:
        search = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
        yield ByHand(aws, {**aws.environment, "HOME": str(home), "XDG_STATE_HOME": str(home), "PATH": search}, path)


def make_group(account: Someone, name: str) -> str:
    words = ("--group-name", name, "--description", "by hand")
    return str(cli(account, "ec2", "create-security-group", *words)["GroupId"])


def open_group(group_id: str) -> list[str]:
    opening = ["--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0"]
    return ["ec2", "authorize-security-group-ingress", "--group-id", group_id, *opening]


def sources(account: Someone, group_id: str) -> Any:
    answer = cli(account, "ec2", "describe-security-groups", "--group-ids", group_id)
    permissions = answer["SecurityGroups"][0]["IpPermissions"]
    return [each["CidrIp"] for permission in permissions for each in permission["IpRanges"]]


GROUP = Proof(
    "security_group_ingress",
    "security group",
    make_group,
    open_group,
    sources,
    ["10.0.0.0/8"],
    "narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8.",
    "is tcp/22 from 0.0.0.0/0 again",
)
# Settings come last: once one is mended, no snapshot can be shared, and no bucket opened.
ALL: Final = (GROUP, *OF_RESOURCES, *SLOW)
EVERY: Final = (*ALL, ACL, POLICY, GRANTS, FUNCTION, KEY, *SETTINGS, ACCOUNT_BLOCK)


def opened(account: ByHand, proof: Proof, name: str) -> str:
    """The id of a resource that an AWS CLI call opened."""
    resource = proof.make(account, name)
    cli(account, *proof.open(resource))
    applied(account, proof, resource)
    return resource


def applied(account: ByHand, proof: Proof, resource: str) -> None:
    """Wait until AWS has applied what it accepted; what is not slow is applied at once."""
    if proof in SLOW:
        proof.read(account, resource)


def scanned(account: ByHand, proof: Proof, resource: str) -> list[dict[str, Any]]:
    """The rows of a resource in a scan with its control."""
    rows = account.scanned("--control", proof.control)["rows"]
    return [row for row in rows if row["resource"] == resource]
