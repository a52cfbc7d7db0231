"""The shell completes what the user types: as typer does it, in the shells that it knows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def run(words: list[str], home: Path, **environment: str) -> str:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words, env={"PATH": path, "HOME": str(home), **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_bash_completes_commands_and_options_with_the_script_that_is_shown(tmp_path: Path) -> None:
    complete = 'COMP_WORDS=($1); COMP_CWORD=$2; _cloudmend_completion cloudmend; echo "${COMPREPLY[*]}"'
    script = f"source <(cloudmend --show-completion); {complete}"
    assert run(["bash", "-c", script, "bash", "cloudmend ex", "1"], tmp_path).split() == ["explain", "exempt"]
    assert "--fail-on-findings" in run(["bash", "-c", script, "bash", "cloudmend scan --f", "2"], tmp_path)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_told_of_commands(shell: str, tmp_path: Path) -> None:
    asked = {"_CLOUDMEND_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "cloudmend pol"}
    assert "policy" in run(["cloudmend"], tmp_path, **asked, _TYPER_COMPLETE_FISH_ACTION="get-args")


def test_installing_it_writes_into_the_home_of_the_user_alone(tmp_path: Path) -> None:
    said = run(["bash", "-c", "cloudmend --install-completion; exit $?"], tmp_path)
    script = tmp_path / ".bash_completions" / "cloudmend.sh"
    assert str(script) in said
    assert str(script) in (tmp_path / ".bashrc").read_text()
    assert "_cloudmend_completion" in script.read_text()
