"""A browser before the console, which runs as its user starts it, over the embedded AWS."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser.chromium import Browser
from walkthrough.conftest import ROOT, TOOLS, aws_environment, ec2, group_id, local_settings

__all__ = ["aws_environment", "browser", "console", "ec2", "environment", "group_id", "local_settings"]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Held, at the end, to having complained of nothing and to having asked nobody but this machine."""
    browser = Browser(tmp_path / "profile")
    try:
        yield browser
        assert browser.complaints() == []
        assert [
            address for address in browser.requests() if not address.startswith(("http://127.0.0.1:", "file:"))
        ] == []
    finally:
        browser.close()


@pytest.fixture
def environment(aws_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A user with a home folder of their own, and so a ledger."""
    return {**aws_environment, "HOME": str(tmp_path)}


@pytest.fixture
def console(environment: dict[str, str]) -> Iterator[str]:
    """Its address."""
    command = [str(TOOLS / "cloudmend"), "console", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as server:
        assert server.stdout is not None
        said = [server.stdout.readline() for _ in range(3)]
        (address,) = re.findall(r"^The console is at (\S+)$", "".join(said), re.MULTILINE)
        yield address
        server.send_signal(signal.SIGINT)
        try:
            server.communicate(timeout=30)
        finally:
            server.kill()  # does nothing where it ended by itself
        assert server.returncode == 0
