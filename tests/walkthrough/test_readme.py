"""What the README says is so: its commands run, and its tests and files exist. `test_fix.py` holds its output."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from test_arrows import ALLOWED
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
    (remove,) = lines("docs/operations.md", "removed from the embedded AWS")
    own = {"BUCKET": "cloudmend-packages", "REGION": "us-east-1"}
    assert [own.get(word, word) for word in deploy.split()] == deployed.DEPLOY
    assert [own.get(word, word) for word in remove.split()] == deployed.REMOVE


def test_every_promise_names_tests_that_exist() -> None:
    promises = README.split("## What it never does")[1].split("\n## ")[0]
    held_by = [set(re.findall(r"`(test_\w+)`", row)) for row in promises.splitlines() if row.startswith("| ")][2:]
    assert len(held_by) >= 10
    assert all(held_by), "each promise names a test"
    files = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "src/cloudmend/testing").glob("*.py")]
    assert set().union(*held_by) <= {name for path in files for name in functions(path)}


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


NAMED = r"[`(]((?:\.github|bench|docs|events|requirements|scripts|src|tests)/[\w./-]+|[A-Z]+\.md)(?:#[\w-]+)?[`)]"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_outside_of_the_site_names_exists(page: str) -> None:
    named = [name for name in re.findall(NAMED, (ROOT / page).read_text(encoding="utf-8")) if "ID." not in name]
    assert len(named) >= 10
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_house_of_the_page_for_contributors_has_the_arrows_that_are_tested() -> None:
    rows = re.findall(
        r"^\| `(\w+)/` \| [^|]+ \| ([^|]+) \|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE
    )
    shown = {part: set(re.findall(r"`(\w+)`", imported)) for part, imported in rows}
    assert shown == {part: allowed - {part} for part, allowed in ALLOWED.items() if part != "__main__"}
