"""What the README says is so: its commands run, its tests and files exist, its output is real."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from walkthrough import deployed
from walkthrough.blocks import lines
from walkthrough.conftest import ROOT, run
from walkthrough.walkthrough import MENDED, OPENED, comparable

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_lines_to_try_by_hand_do_what_the_readme_says(aws_environment: dict[str, str]) -> None:
    create, opened, described, mend, described_again = lines("README.md", "run each line")
    group_id = json.loads(bash(create, aws_environment))["GroupId"]
    rest = [line.replace("GROUP_ID", group_id) for line in (opened, described, mend, described_again)]
    _, before, _, after = [bash(line, aws_environment) for line in rest]
    assert (comparable(before), comparable(after)) == (OPENED, MENDED)
    bash(f"aws ec2 delete-security-group --group-id {group_id}", aws_environment)


def bash(line: str, environment: dict[str, str]) -> str:
    return run(["bash", "-c", line], environment).stdout


def test_the_deployment_commands_are_those_that_the_tests_run() -> None:
    (deploy,) = lines("README.md", "deployed onto the embedded AWS")
    (remove,) = lines("README.md", "removed from the embedded AWS")
    own = {"BUCKET": "cloudmend-packages", "REGION": "us-east-1"}
    assert [own.get(word, word) for word in deploy.split()] == deployed.DEPLOY
    assert [own.get(word, word) for word in remove.split()] == deployed.REMOVE


def test_every_promise_names_a_test_that_exists() -> None:
    promises = README.split("## What it will never do")[1].split("\n## ")[0]
    named = set(re.findall(r"`(test_\w+)`", promises))
    assert len(named) >= 10
    assert named <= {name for path in (ROOT / "tests").rglob("test_*.py") for name in functions(path)}


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_demo_s_end_is_what_the_demo_prints(demo_output: str) -> None:
    shown = README.split("```text\n8. ")[1].split("\n```")[0]
    assert normal(shown) == normal(demo_output.split("\n8. ")[1])


def normal(text: str) -> list[str]:
    """Lines without ids, seconds and spacing, and what happened when: one mend for both rules, or one for each."""
    text = re.sub(r"(sg|snap)-[0-9a-f]{17}", r"\1-ID", text)
    told = [re.sub(r"\s+", " ", re.sub(r"\d+\.\d\d$", "SECONDS", line.strip())) for line in text.splitlines()]
    return [line for line in told if line.strip("─ ") and not re.match(r"\d+\.\d\d s ", line)]


@pytest.mark.parametrize("name", re.findall(r"[`(]((?:scripts|events|docs|src|tests)/[\w./-]+)[`)]", README))
def test_every_file_that_the_readme_names_exists(name: str) -> None:
    assert (ROOT / name).exists()
