"""The modules that a command line imports before its command runs, and for its help: nobody waits for another's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cloudmend.cli.main import COMMANDS

# Each command is imported in a process of its own, forked from one that has the command line alone.
PROGRAM = """
import json, os, sys
from importlib import import_module
from cloudmend.cli.main import COMMANDS
for name, target in COMMANDS.items():
    sys.stdout.flush()
    if not (child := os.fork()):
        import_module(target.partition(":")[0])
        print(json.dumps([name, sorted(sys.modules)]), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
MOST = 26  # modules of cloudmend's
HEAVY = {"botocore", "flask", "isal", "jinja2", "moto", "rich", "samtranslator", "sqlite3", "werkzeug"}


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """By command, the names of all modules that are imported by then."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return {name: set(modules) for name, modules in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_imports_few_modules_before_it_runs(imported: dict[str, set[str]], command: str) -> None:
    assert not HEAVY & imported[command]
    assert len([name for name in imported[command] if name.startswith("cloudmend.")]) <= MOST


def test_a_command_imports_no_other(imported: dict[str, set[str]]) -> None:
    homes = {name: target.partition(":")[0] for name, target in COMMANDS.items()}
    alone = {name: imported[name] & {home for other, home in homes.items() if other != name} for name in COMMANDS}
    assert alone == {name: {homes["version"]} - {homes[name]} for name in COMMANDS}  # which --version prints, too
