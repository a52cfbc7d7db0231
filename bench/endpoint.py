"""The canned server in a process of its own, and what it is told and asked."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REGION = "us-east-1"
CERTIFICATE, STORE = "server.pem", "store.pem"  # files of the server's folder


@dataclass(frozen=True)
class Told:
    """Since it was set: the calls by action, how many were refused, how many doors are open, when the last closed."""

    calls: Mapping[str, int]
    refused: int
    open: int
    closed_at: float  # of time.monotonic

    @property
    def total(self) -> int:
        return sum(self.calls.values())


@dataclass(frozen=True)
class Endpoint:
    url: str
    certificate: Path
    store: Path  # what its clients trust: that certificate and botocore's

    @property
    def environment(self) -> dict[str, str]:
        """What points an AWS client here, and at nothing else of the machine's."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.store),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def reset(self, **settings: Any) -> None:
        """A new estate, and no calls: groups, every, latency_ms, throttled."""
        self._exchange(json.dumps(settings).encode())

    def told(self) -> Told:
        return self._exchange(None)

    def _exchange(self, body: bytes | None) -> Told:
        known = ssl.create_default_context(cafile=self.certificate)
        url = f"{self.url}/canned"
        with urllib.request.urlopen(url, body, context=known) as answer:  # noqa: S310 - our own, on this machine
            return Told(**json.load(answer))


@contextmanager
def canned() -> Iterator[Endpoint]:
    """The server, until the block ends. It makes its certificate: a child's peak memory is at least its parent's."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__).with_name("canned.py")), "--trust", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            assert process.stdout  # noqa: S101 - for mypy: it is piped
            try:
                url = process.stdout.readline().strip()
                yield Endpoint(url, Path(folder, CERTIFICATE), Path(folder, STORE))
            finally:
                process.terminate()
