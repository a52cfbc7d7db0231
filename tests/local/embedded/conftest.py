"""The embedded AWS, started for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import unheard


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded
