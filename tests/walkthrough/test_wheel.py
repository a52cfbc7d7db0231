"""The wheel works alone: from an empty folder, with what its own extras bring and nothing of the clone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from urllib.request import urlopen

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cloudmend.local.server import EmbeddedAws
from walkthrough.template import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (built,) = folder.glob("cloudmend-*.whl")
    return built


def needed(of: Distribution, extras: frozenset[str], found: set[str]) -> set[str]:
    """The names of what a distribution requires with these extras, and of what that requires."""
    for requirement in map(Requirement, of.requires or ()):
        if requirement.marker and not any(requirement.marker.evaluate({"extra": each}) for each in extras | {""}):
            continue
        inner = frozenset(requirement.extras)
        if requirement.name == of.name:
            needed(of, inner, found)
        elif (name := canonicalize_name(requirement.name)) not in found:
            found.add(name)
            needed(distribution(requirement.name), inner, found)
    return found


def installed(wheel: Path, folder: Path, *extras: str) -> Path:
    """The programs of an environment that holds the wheel, what these extras require, and nothing else.

    The required packages are copies of those that the tests have, so nothing is fetched.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (information,) = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" in name}
    of = PathDistribution(zipfile.Path(wheel) / information)
    names = needed(of, frozenset(extras), set())
    for name in {*names, "pip"}:
        for file in distribution(name).files or ():
            if Path(str(file.locate())).exists():
                copy(Path(str(file.locate())), packages / file, folder / "bin")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    if "pip" not in names:
        shutil.rmtree(packages / "pip")
    return folder / "bin"


def copy(source: Path, target: Path, programs: Path) -> None:
    """Copy a file of a package; a program starts with the Python of its new environment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.resolve().parent != programs.resolve():
        os.link(source, target)
        return
    shutil.copy(source, target)
    target.write_text(re.sub(r"^#!.*", f"#!{programs / 'python'}", target.read_text(), count=1))


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def own_environment(programs: Path) -> dict[str, str]:
    """As a person has it who starts programs of that environment: nothing points to the clone or to an AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CLOUDMEND_", "PYTHON"))}
    return {**kept, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def runner(programs: Path, folder: Path, aws: EmbeddedAws | None = None) -> Run:
    environment = {**own_environment(programs), **(aws.environment if aws else {})}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(programs / "cloudmend"), *words]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    return run


def aws_cli(environment: dict[str, str], *words: str) -> str:
    command = ["aws", "ec2", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_scan_and_explain_need_no_extra(wheel: Path, tmp_path: Path, aws: EmbeddedAws) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run = runner(installed(wheel, tmp_path / "env"), empty, aws)
    environment = {**own_environment(Path(sys.executable).parent), **aws.environment}
    create = ("create-security-group", "--group-name", "open", "--description", "open")
    group = json.loads(aws_cli(environment, *create))["GroupId"]
    to_the_world = ("--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")
    aws_cli(environment, "authorize-security-group-ingress", "--group-id", group, *to_the_world)
    scanned = run("scan", "--region", aws.region)
    assert (scanned.returncode, scanned.stderr) == (0, "")
    assert group in scanned.stdout
    assert "tcp/22 from 0.0.0.0/0" in run("explain", group, "--region", aws.region).stdout
    page = run("scan", "--region", aws.region, "--format", "html")
    assert page.stdout.startswith("<!doctype html>")
    for command, extra in (("console", "cloudmend[console]"), ("demo", "cloudmend[local]")):
        refused = run(command)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith(f"cloudmend: This command needs {extra}: ")
        assert refused.stderr.endswith(f"Run: pip install '{extra}'\n")
    refused = run("build", "--output", "built")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.endswith("has no pip. cloudmend[local] brings it.\n")
    assert list(empty.iterdir()) == []


def test_the_console_needs_its_extra_alone(wheel: Path, tmp_path: Path, aws: EmbeddedAws) -> None:
    programs = installed(wheel, tmp_path / "env", "console")
    environment = {**own_environment(programs), **aws.environment}
    command = [str(programs / "cloudmend"), "console", "--no-open", "--port", "0", "--region", aws.region]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as console:
        assert console.stdout
        address = next(found[0] for line in console.stdout if (found := re.search(r"http://\S+", line)))
        with urlopen(address) as page:  # noqa: S310 - loopback
            assert "cloudmend" in page.read().decode()
        console.terminate()


@pytest.mark.deep
def test_the_demo_and_the_embedded_aws_run_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    programs = installed(wheel, tmp_path / "env", "local")
    demo = runner(programs, empty)("demo")
    assert (demo.returncode, demo.stderr) == (0, "")
    assert "Both groups are closed, and their egress is untouched." in demo.stdout
    assert "The snapshot is private again." in demo.stdout
    command = [str(programs / "cloudmend"), "local", "--port", "0"]
    with subprocess.Popen(
        command, cwd=empty, env=own_environment(programs), stdout=subprocess.PIPE, text=True
    ) as local:
        assert local.stdout
        folder = next(line.split()[1] for line in local.stdout if line.startswith("  cd "))
        assert Path(folder).is_relative_to(tmp_path)
        assert os.access(Path(folder, "bad_boy.sh"), os.X_OK)
        assert Path(folder, "events", "event.json").is_file()
        local.terminate()
    assert list(empty.iterdir()) == []


def test_the_kit_runs_a_control_of_ones_own_without_the_clone(wheel: Path, tmp_path: Path) -> None:
    programs = installed(wheel, tmp_path / "env", "testing")
    example = tmp_path / "example"
    shutil.copytree(ROOT / "examples" / "ecr_repository_tags", example, ignore=shutil.ignore_patterns("__pycache__"))
    command = [str(programs / "pytest"), "-q", "-k", "proved_kept_and_told or exactly_what_was_there or aws_cli"]
    done = subprocess.run(
        command, cwd=example, env=own_environment(programs), capture_output=True, text=True, check=False
    )
    assert (done.returncode, "3 passed" in done.stdout) == (0, True), done.stdout
