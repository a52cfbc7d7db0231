"""What holds for every test: nothing leaves the machine, and the developer's own AWS settings do not count."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from typing import Any

import botocore.session
import pytest
from botocore.client import ClientCreator
from botocore.model import ServiceModel
from hypothesis import HealthCheck, Phase, settings

# The machine is noisy: an example has no deadline. `make test-deep` asks for the deep profile.
settings.register_profile("quick", max_examples=50, deadline=None, print_blob=True)
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# A mutant is killed by the first example that fails: a smaller one is not looked for.
_FOUND = (Phase.explicit, Phase.generate)
settings.register_profile(
    "mutation",
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=_FOUND,
    report_multiple_bugs=False,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def _refuse_other_hosts(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook: a connection to anything but this machine is an error where it is made."""
    if event == "socket.connect" and isinstance(args[1], tuple) and not _is_this_machine(args[1][0]):
        raise RuntimeError(f"a test tried to connect to {args[1][0]}")
    if event == "socket.getaddrinfo" and args[0] is not None and not _is_this_machine(args[0]):
        raise RuntimeError(f"a test tried to look up {args[0]!r}")


def _is_this_machine(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


sys.addaudithook(_refuse_other_hosts)


def _share_what_botocore_makes() -> None:
    """Read a service's model once for all sessions, and make its class once for all clients.

    botocore does both anew for each, and EC2 has 740 operations: this took more than half of the tests' time.
    """
    make, classes = ClientCreator._create_client_class, {}

    def class_of(creator: ClientCreator, service: str, model: ServiceModel) -> Any:
        key = (service, tuple(model.operation_names))
        if key not in classes:
            classes[key] = make(creator, service, model)
        return classes[key]

    ClientCreator._create_client_class = class_of
    botocore.session.create_loader = cache(botocore.session.create_loader)


_share_what_botocore_makes()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files whose tests run programs first: at the end, no worker is left alone with minutes of them."""
    items.sort(key=lambda item: not {"walkthrough", "embedded", "docs", "bench"} & set(item.path.parts))


def pytest_collection_finish() -> None:
    """Leave what is imported by now to itself: the collector of garbage took a fifth of the tests' time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "CLOUDMEND_", "POWERTOOLS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def machine_in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is not UTC: what is told in UTC does not depend on it."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()
