"""The canned AWS, and the deployed function's own code pointed at it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloudmend.lambda_ import handlers
from contenders import EVERYTHING, ROOT
from endpoint import Endpoint, canned

CACHES = (handlers._logger, handlers._metrics, handlers._policy, handlers._world)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    with canned() as running:
        yield running


@pytest.fixture
def respond(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, Any], object]]:
    """The handler, with all that can be switched on, in a process that is cold."""
    for name, value in {**endpoint.environment, **EVERYTHING}.items():
        monkeypatch.setenv(name, value)
    for cached in CACHES:
        cached.cache_clear()
    yield handlers.respond
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def last_line_of(endpoint: Endpoint) -> Callable[[str], str]:
    """Run a program in a process of its own, as the deployed function is, over one open group; its last line.

    It can import `client` of the bench.
    """

    def run(program: str) -> str:
        endpoint.reset(groups=1, every=1)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PATH": os.defpath, "PYTHONPATH": str(ROOT / "bench"), **endpoint.environment, **EVERYTHING},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()[-1]

    return run
