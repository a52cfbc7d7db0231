"""The embedded AWS, reached as a user's own would be, and a healthy deployment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli.doctor.patient import Patient
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import unheard


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        for name, value in embedded.environment.items():
            monkeypatch.setenv(name, value)
        yield embedded


@pytest.fixture
def patient(aws: EmbeddedAws) -> Patient:
    healthy = Patient(aws)
    healthy.deploy()
    healthy.read_whole()
    return healthy
