"""`sam local invoke -e events/event.json` with the real SAM CLI, as far as it goes without a container.

In the place of a container engine is a server that says that it is one and has no image: what SAM asks it for is what
it would run. `make test-container` runs it to the end.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from local.embedded.helpers import asked_lately
from walkthrough.conftest import ROOT
from walkthrough.test_build import SAM

COMMAND = "sam local invoke -e events/event.json"


class Engine(ThreadingHTTPServer):
    """`asked` are the names of the images that SAM wanted to have built."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), EngineHandler)


class EngineHandler(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        is_ping = self.path.endswith("/_ping")
        self._answer(200 if is_ping else 404, b"OK" if is_ping else b'{"message": "there is no image"}')

    def do_POST(self) -> None:
        self.server.asked += re.findall(r"/build\?t=public.ecr.aws%2Flambda%2F([\w.%-]+)&", self.path)
        self._answer(404, b'{"message": "nothing is built here"}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        thread = Thread(target=engine.serve_forever)
        thread.start()
        yield engine
        engine.shutdown()
        thread.join()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What SAM reads of the project, in a folder of its own, as if `sam build` had been run in it."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "events", folder / "events")
    shutil.copy(ROOT / "samconfig.toml", folder)
    built = folder / ".aws-sam" / "build"
    built.mkdir(parents=True)
    shutil.copy(ROOT / "template.yaml", folder)
    shutil.copy(ROOT / "template.yaml", built)
    return folder


def type_(command: str, project: Path, engine: Engine) -> str:
    """What SAM says in the project's folder."""
    asked_lately(project.parent)
    environment = {
        "PATH": f"{SAM.parent}:/usr/bin:/bin",
        "HOME": str(project.parent),
        "DOCKER_HOST": f"tcp://127.0.0.1:{engine.server_port}",
        "AWS_REGION": "us-east-1",
    }
    done = subprocess.run(
        shlex.split(command), cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1  # there is no image
    return done.stderr


def test_the_command_of_the_walkthrough_runs_the_function_that_mends(project: Path, engine: Engine) -> None:
    assert "Invoking cloudmend.lambda_.handlers.respond (python3.13)" in type_(COMMAND, project, engine)
    assert engine.asked == ["python%3A3.13-rapid-x86_64"]


def test_the_command_line_wins_over_samconfig(project: Path, engine: Engine) -> None:
    command = f"{COMMAND} SweepFunction --parameter-overrides Architecture=arm64"
    assert "Invoking cloudmend.lambda_.handlers.sweep (python3.13)" in type_(command, project, engine)
    assert engine.asked == ["python%3A3.13-rapid-arm64"]


def test_without_samconfig_sam_does_not_know_which_function(project: Path, engine: Engine) -> None:
    """If this fails, SAM knows it by itself, and samconfig.toml may go."""
    (project / "samconfig.toml").unlink()
    assert "You must provide a function logical ID" in type_(COMMAND, project, engine)


def test_what_was_not_built_is_not_run(project: Path, engine: Engine) -> None:
    shutil.rmtree(project / ".aws-sam")
    assert f"Template file not found at {project}/.aws-sam/build/template.yaml" in type_(COMMAND, project, engine)
    assert engine.asked == []
