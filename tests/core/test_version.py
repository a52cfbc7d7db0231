from __future__ import annotations

import tomllib
from pathlib import Path

from cloudmend.core.version import CODE_VERSION

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_code_s_version_is_the_project_s() -> None:
    assert tomllib.loads(PYPROJECT.read_text())["project"]["version"] == CODE_VERSION
