"""The environments that the Makefile makes: which target needs which, and what is said while one is made."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from make_environment import stage
from walkthrough.conftest import ROOT

SCRIPT = ROOT / "scripts" / "make_environment.py"
(SIX,) = re.findall(
    r"^six==.*?(?=^\S|\Z)", (ROOT / "requirements" / "lambda.txt").read_text(), re.MULTILINE | re.DOTALL
)


def planned(target: str) -> set[str]:
    """The environments that a target would make on a fresh machine."""
    words = ["make", "--dry-run", "--always-make", target]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"scripts/make_environment\.py (\S+)", said))


@pytest.mark.parametrize("target", ["demo", "setup"])
def test_what_is_tried_first_needs_one_environment(target: str) -> None:
    assert planned(target) == {".venv"}


def test_the_sam_cli_has_an_environment_of_its_own() -> None:
    assert planned("setup-sam") == {".venv-sam"}


def test_node_has_an_environment_of_its_own_which_the_tests_need() -> None:
    assert planned("setup-node") == {".venv-node"}
    assert ".venv-node" in planned("test")


@pytest.mark.parametrize(
    ("said", "installed", "expected"),
    [
        ("", 0, "starting pip"),
        ("Collecting six==1.17.0 (from -r lock)\n  Using cached six.whl\n", 0, "fetching six"),
        ("Collecting six==1\nCollecting moto[ec2]==5\n", 0, "fetching moto"),
        ("Collecting six==1\nInstalling collected packages: six, moto, flask\n", 2, "installed 2 of 3 packages"),
    ],
)
def test_what_pip_is_at_is_told_in_words(said: str, installed: int, expected: str) -> None:
    assert stage(said, installed) == expected


def make(folder: Path, lock: str) -> subprocess.CompletedProcess[str]:
    (folder / "lock.txt").write_text(lock)
    words: list[str | Path] = [sys.executable, SCRIPT, folder / "venv", folder / "lock.txt"]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_an_environment_is_made_and_says_when_it_is_ready(tmp_path: Path) -> None:
    done = make(tmp_path, SIX)
    assert (done.returncode, done.stderr) == (0, "")
    first, *_, last = done.stdout.splitlines()
    assert (first, last) == (
        f"Setting up {tmp_path}/venv from {tmp_path}/lock.txt ...",
        f"  {tmp_path}/venv: ready",
    )
    assert list((tmp_path / "venv").glob("lib/python*/site-packages/six.py"))


def test_an_environment_of_another_python_or_lock_is_made_anew(tmp_path: Path) -> None:
    site_packages = tmp_path / "venv/lib/python3.11/site-packages"
    stale = site_packages / "stale-1.dist-info"
    stale.mkdir(parents=True)
    (tmp_path / "venv/bin").mkdir()
    (tmp_path / "venv/bin/python3").symlink_to("/nonexistent/python3")
    done = make(tmp_path, SIX)
    assert (done.returncode, done.stderr, stale.exists()) == (0, "", False)
    words: list[str | Path] = [tmp_path / "venv/bin/python", "-c", "import six"]
    assert subprocess.run(words, check=False).returncode == 0


def test_what_pip_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    done = make(tmp_path, re.sub(r"sha256:\w+", f"sha256:{'0' * 64}", SIX))
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert done.stderr.endswith("; its message above says why.\n")


def setup_by(python: str | Path) -> subprocess.CompletedProcess[str]:
    words = ["make", "--always-make", ".venv/.ready", f"PYTHON={python}"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_python_that_is_too_old_is_said_whatever_it_can_read(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] || {{ echo SyntaxError >&2; exit 1; }}\n'
        f"exec {sys.executable} -c \"import sys; sys.version_info = (3, 8, 18); sys.version = '3.8.18 (old)'; $2\"\n"
    )
    old.chmod(0o755)
    done = setup_by(old)
    assert done.returncode != 0
    first = done.stderr.splitlines()[0]
    assert first.endswith(" is Python 3.8.18, and cloudmend needs 3.11 or newer. Name one: make PYTHON=python3.13 ...")
    assert "SyntaxError" not in done.stderr


def test_a_python_that_is_not_there_is_said() -> None:
    done = setup_by("no-such-python")
    assert done.returncode != 0
    assert done.stderr.startswith("make: there is no no-such-python, and cloudmend needs Python 3.11 or newer.")


def test_what_is_interrupted_says_that_it_goes_on(tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text(SIX)
    words: list[str | Path] = [sys.executable, SCRIPT, tmp_path / "venv", tmp_path / "lock.txt"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "make: interrupted. The same command again goes on from there."
    assert "Traceback" not in errors
