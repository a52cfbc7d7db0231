"""Controls that other distributions bring: found by their entry points, used by every command, and held apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, SETTLE_S, client, unheard

EXAMPLE = Path(__file__).parents[2] / "examples" / "ecr_repository_tags"
CLOUDMEND = Path(sys.executable).with_name("cloudmend")
ID = "ecr_repository_tags"
REPOSITORY = "team/app"


def install(folder: Path, distribution: str, entry_points: dict[str, str], **modules: str) -> None:
    """Lay a distribution into a folder as pip does."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    points = "".join(f"{name} = {value}\n" for name, value in entry_points.items())
    (info / "entry_points.txt").write_text(f"[cloudmend.controls]\n{points}")
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the example, installed by pip."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", folder, EXAMPLE], check=True)
    return folder


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        client(embedded, "ecr").create_repository(repositoryName=REPOSITORY)
        yield embedded


def cloudmend(folder: Path, *words: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line, in an environment where the folder's distributions are installed."""
    known = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(folder), **environment}
    run: list[str | Path] = [CLOUDMEND, *words]
    return subprocess.run(run, env=known, capture_output=True, text=True, check=False)


def tags(aws: EmbeddedAws) -> str:
    (found,) = client(aws, "ecr").describe_repositories(repositoryNames=[REPOSITORY])["repositories"]
    return str(found["imageTagMutability"])


def test_an_installed_control_is_scanned_explained_fixed_undone_and_replayed(
    example: Path, aws: EmbeddedAws, tmp_path: Path
) -> None:
    def run(*words: str, code: int = 0) -> str:
        done = cloudmend(example, *words, home=tmp_path, **aws.environment)
        assert (done.returncode, "warning" in done.stderr) == (code, False), done.stderr
        return done.stdout

    only = ("--region", aws.region, "--control", ID)
    (row,) = json.loads(run("scan", *only, "--format", "json"))["rows"]
    assert (row["control"], row["resource"], row["noun"]) == (ID, REPOSITORY, "ECR repository")
    assert "tags, with MUTABLE tags: at fault" in run(
        "explain", f"arn:aws:ecr:{aws.region}:{ACCOUNT}:repository/team/app"
    )
    run("fix", "--yes", *only)
    assert tags(aws) == "IMMUTABLE"
    (record,) = run("records", "--region", aws.region, "--json").splitlines()
    run("undo", json.loads(record)["id"], "--for", "2h", "--reason", "a release is moved")
    assert tags(aws) == "MUTABLE"
    aws.settle(SETTLE_S)
    trail = tmp_path / "trail.jsonl"
    trail.write_text("".join(f"{json.dumps(event)}\n" for event in aws.events))
    untold = json.loads(run("replay", str(trail), "--json").splitlines()[-1])["untold"]["not_judged"]
    assert [each["control"] for each in untold] == [ID]


BROKEN = {
    "no_control": ("ebbing", "VALUE = 1\n", "its module ebbing has no CONTROL"),
    "raises": ("raising", "raise OSError('no such device')\n", "cannot be imported (OSError: no such device)"),
    "exits": ("exiting", "raise SystemExit('no settings')\n", "cannot be imported (SystemExit: no settings)"),
    "another_name": (
        "misnamed",
        "from cloudmend.controls.ebs_snapshot_public import CONTROL\n",
        "must have the id of its control as its name, which is ebs_snapshot_public",
    ),
    "sqs_policy_public": ("taking", "", "its id is that of a control of cloudmend's"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_control_that_cannot_be_used_is_left_out_with_a_warning_and_the_others_work(
    name: str, example: Path, tmp_path: Path
) -> None:
    module, text, why = BROKEN[name]
    install(tmp_path / "broken", "cloudmend-broken", {name: module}, **{module: text})
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[control.{ID}]\nmode = "observe"\n')
    both = Path(f"{example}{os.pathsep}{tmp_path / 'broken'}")
    done = cloudmend(both, "policy", "check", str(policy), home=tmp_path)
    assert (done.returncode, ID in done.stdout) == (0, True)
    (warning,) = done.stderr.splitlines()
    assert warning.startswith(f"warning: Control {name} of cloudmend-broken is left out: ")
    assert why in warning


def test_of_two_distributions_with_a_control_of_one_id_the_later_by_name_is_left_out(
    example: Path, tmp_path: Path
) -> None:
    install(tmp_path / "other", "cloudmend-other", {ID: "other"}, other="")
    both = Path(f"{tmp_path / 'other'}{os.pathsep}{example}")
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[control.{ID}]\nmode = "observe"\n')
    done = cloudmend(both, "policy", "check", str(policy), home=tmp_path)
    assert f"Control {ID} of cloudmend-other is left out: its id is that of a control of cloudmend-ecr-" in done.stderr
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 1)


def test_what_asks_for_no_control_searches_for_none(example: Path, tmp_path: Path) -> None:
    install(tmp_path / "broken", "cloudmend-broken", {"broken": "broken"}, broken="raise OSError\n")
    for words in (("--help",), ("version",)):
        done = cloudmend(tmp_path / "broken", *words, home=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")


def test_without_the_distribution_there_is_no_such_control(tmp_path: Path) -> None:
    done = cloudmend(tmp_path, "scan", "--control", ID, home=tmp_path)
    assert (done.returncode, done.stderr.startswith(f"cloudmend: There is no control '{ID}'.")) == (2, True)
