"""The canned AWS, and the deployed function's own code pointed at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloudmend.entry import handlers
from contenders import EVERYTHING
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
