"""docs/sam-local.md to the end: SAM's own emulator runs what `sam build` built, and a group is mended.

`make test-container` runs it. Two things are the test's own: DOCKER_HOST, for its engine is not where an installed one
is, and SAM_SKIP_PULL_IMAGE, for its image comes from no registry.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from container import image
from container.engine import CannotRun, Engine, engine
from local.embedded.helpers import asked_lately
from walkthrough.blocks import Block, blocks
from walkthrough.conftest import ROOT, TOOLS, pasted
from walkthrough.test_build import SAM
from walkthrough.walkthrough import MENDED, OPENED, comparable

pytestmark = pytest.mark.container

PAGE = "docs/sam-local.md"
_NO_PART_OF_A_CLONE = shutil.ignore_patterns(".*", "build", "site", "__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def own_engine() -> Iterator[Engine]:
    why = ""
    try:
        with engine() as running:
            running.import_image(image.archive(), image.NAME, image.TAG)
            yield running
    except CannotRun as reason:
        why = str(reason)
    if why:
        pytest.fail(f"make test-container cannot run here: {why}", pytrace=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's folder as a reader has it: nothing is built, and events/event.json names a group to be replaced."""
    return Path(shutil.copytree(ROOT, tmp_path / "project", ignore=_NO_PART_OF_A_CLONE))


class Reader:
    """Somebody with the page open, and a terminal in the project's folder."""

    def __init__(self, project: Path, environment: dict[str, str], said: str) -> None:
        """`said` is what cloudmend local printed."""
        self._project = project
        self.environment = environment
        self.said = said

    def type(self, command: str) -> str:
        """What the command prints; what it says of itself on the side is shown where it fails."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self._project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def reader(project: Path, tmp_path: Path, own_engine: Engine) -> Iterator[Reader]:
    """`cloudmend local` runs as the page says, and its settings are pasted."""
    asked_lately(tmp_path)
    path = os.pathsep.join([str(TOOLS), str(SAM.parent), os.environ["PATH"]])
    own = {"PATH": path, "HOME": str(tmp_path), "DOCKER_HOST": own_engine.host, "SAM_SKIP_PULL_IMAGE": "1"}
    (start,) = blocks(PAGE, "the test starts it, with a port of its own")
    words = start.commands.replace("ADDRESS", own_engine.address).split()
    with subprocess.Popen(
        [*words, "--port", "0"], cwd=project, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "sam local invoke" in line:  # the last line of the welcome
                break
        settings = [line for line in said if re.match(r" +(unset|export) ", line)]
        yield Reader(project, pasted(settings, own), "".join(said))
        server.send_signal(signal.SIGINT)
        _, warned = server.communicate(timeout=60)
        assert f"perhaps other machines of your network that reach {own_engine.address}, may read and change" in warned


def test_the_walkthrough_s_command_mends_a_group_of_the_embedded_aws(reader: Reader, project: Path) -> None:
    open_, build, invoke, look = blocks(PAGE, "container")
    group_id = json.loads(reader.type(_line(open_, 0)))["GroupId"]
    reader.type(_line(open_, 1).replace("GROUP_ID", group_id))
    assert comparable(reader.type(look.commands.replace("GROUP_ID", group_id))) == OPENED
    event = project / "events" / "event.json"
    event.write_text(event.read_text().replace("sg-05fe30eb67c909f27", group_id))

    reader.type(build.commands)
    port = reader.environment["AWS_ENDPOINT_URL"].rpartition(":")[2]
    command = invoke.commands.replace("4566", port)
    assert command.strip() in reader.said  # what the page shows is what cloudmend local prints
    answer = json.loads(reader.type(_for_this_machine(command)).splitlines()[-1])

    assert [record["status"] for record in answer["records"]] == ["mended"]
    assert comparable(reader.type(look.commands.replace("GROUP_ID", group_id))) == MENDED


def _line(block: Block, number: int) -> str:
    return block.commands.splitlines()[number]


def _for_this_machine(command: str) -> str:
    """As the page says for a machine that runs no images for x86_64."""
    if image.ARCHITECTURE == "x86_64":
        return command
    return f"{command.strip()} --parameter-overrides Architecture={image.ARCHITECTURE}"
