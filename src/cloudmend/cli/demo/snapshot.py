"""The demo's last step: an EBS snapshot that is shared with every AWS account, and what the deployed function does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from cloudmend.cli.demo.timeline import LogLine

_ATTRIBUTE: Final = ("--attribute", "createVolumePermission")


class Run(Protocol):
    """Runs a command, and gives what it prints."""

    def __call__(self, *words: str, echo: bool = ..., show: bool = ...) -> str: ...


def share(run: Run) -> str:
    """Make a snapshot, and share it with every AWS account; return its id."""
    volume = _made(run, "create-volume", "--availability-zone", "us-east-1a", "--size", "1")["VolumeId"]
    snapshot = str(_made(run, "create-snapshot", "--volume-id", volume)["SnapshotId"])
    everybody = ("--operation-type", "add", "--group-names", "all")
    run("aws", "ec2", "modify-snapshot-attribute", "--snapshot-id", snapshot, *_ATTRIBUTE, *everybody)
    return snapshot


def mended(snapshot: str, log: Sequence[LogLine], patience_s: float) -> str:
    """Return what the function logs of its mend, once it does; nothing if that takes too long."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        for record in _records(log):
            if record["resource"]["id"] == snapshot and record["status"] == "mended":
                return str(record["summary"])
        time.sleep(0.05)
    return ""


def shared_with(snapshot: str, run: Run) -> list[Any]:
    """Look at the snapshot, and return with whom it is shared."""
    words = ("aws", "ec2", "describe-snapshot-attribute", "--snapshot-id", snapshot, *_ATTRIBUTE)
    return list(json.loads(run(*words, show=False))["CreateVolumePermissions"])


def _made(run: Callable[..., str], *words: str) -> Any:
    return json.loads(run("aws", "ec2", *words, echo=False, show=False))


def _records(log: Sequence[LogLine]) -> Iterator[Any]:
    return (json.loads(line.text)["record"] for line in log if '"record":' in line.text)
