"""One specimen of each control, at fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudmend.local.server import EmbeddedAws
from kit.bench import Bench
from kit.specimens import SPECIMENS, Specimen, name
from local.embedded.helpers import unheard


@pytest.fixture(params=SPECIMENS, ids=name)
def specimen(request: pytest.FixtureRequest) -> Specimen:
    found: Specimen = request.param
    return found


@pytest.fixture
def bench(specimen: Specimen) -> Iterator[Bench]:
    with EmbeddedAws(log=unheard) as aws:
        yield Bench(aws, specimen)
