"""The fixtures of the kit's tests: one specimen, at fault, of each in SPECIMENS of the file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudmend.local.server import EmbeddedAws
from cloudmend.testing.bench import Bench
from cloudmend.testing.clients import unheard
from cloudmend.testing.specimen import Specimen, name

__all__ = ["bench", "pytest_generate_tests", "specimen"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of the kit on the file's specimens, as far as the test is about them."""
    if "specimen" in metafunc.fixturenames:
        needs = getattr(metafunc.function, "needs", bool)
        found = [each for each in metafunc.module.SPECIMENS if needs(each)]
        metafunc.parametrize("specimen", found, ids=name, indirect=True)


@pytest.fixture
def specimen(request: pytest.FixtureRequest) -> Specimen:
    """Return one specimen."""
    found: Specimen = request.param
    return found


@pytest.fixture
def bench(specimen: Specimen) -> Iterator[Bench]:
    """Yield the bench of one specimen."""
    with EmbeddedAws(log=unheard) as aws:
        yield Bench(aws, specimen)
