"""Deploys the functions that the tests write: real archives, real processes, under the real runtime client."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cloudmend.local.runtime.function import FunctionRuntime
from cloudmend.local.runtime.process import FunctionConfiguration

Deploy = Callable[..., FunctionRuntime]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    return folder


@pytest.fixture
def lines() -> list[str]:
    """What the functions wrote, line by line."""
    return []


@pytest.fixture
def deploy(archive: Path, lines: list[str]) -> Iterator[Deploy]:
    with ExitStack() as stack:

        def deployed(
            source: str, *, environment: dict[str, str] | None = None, timeout_s: float = 30
        ) -> FunctionRuntime:
            (archive / "app.py").write_text(source)
            function = FunctionConfiguration(
                name="mend",
                arn="arn:aws:lambda:eu-west-1:111122223333:function:mend",
                archive=archive,
                handler="app.handler",
                environment=environment or {},
                timeout_s=timeout_s,
                memory_mb=256,
                region="eu-west-1",
            )
            return stack.enter_context(FunctionRuntime(function, lines.append))

        yield deployed
