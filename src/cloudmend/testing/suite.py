"""The tests of the kit, and their fixtures: `from cloudmend.testing.suite import *` in a file that has SPECIMENS.

Each specimen of SPECIMENS is put at fault on an embedded AWS of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudmend.testing.bench import Bench
from cloudmend.testing.clients import embedded
from cloudmend.testing.fix import *  # noqa: F403 - tests have no callers, and the file that imports them names none
from cloudmend.testing.notices import *  # noqa: F403 - the same
from cloudmend.testing.promises import *  # noqa: F403 - the same
from cloudmend.testing.specimen import Specimen, name
from cloudmend.testing.undo import *  # noqa: F403 - the same


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
    with embedded() as aws:
        yield Bench(aws, specimen)
