"""`cloudmend policy check`: a policy file explained, or refused, before it is deployed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cloudmend.cli.screen import Screen
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.escaping import terminal
from cloudmend.core.policy.explain import as_data, explain
from cloudmend.disk.policy_file import review_file, warn


def check(path: Path, now: datetime, settings: Mapping[str, str], *, as_json: bool) -> None:
    """Write what the file says to stdout, and warnings to stderr. Raises PolicyError; JSON tells it too."""
    try:
        policy, warnings = review_file(settings, path, now)
    except PolicyError as error:
        if as_json:
            _write_json({"file": str(path), "refused": error.faults})
        raise
    warn(warnings)
    if as_json:
        told = {"explained": explain(policy, now, CATALOG), "warnings": warnings}
        _write_json({"file": str(path), **as_data(policy, now, CATALOG), **told})
    else:
        screen = Screen()
        for sentence in explain(policy, now, CATALOG):
            screen.say(terminal(sentence), hang=2)


def _write_json(data: dict[str, Any]) -> None:
    sys.stdout.write(f"{msgspec.json.encode(data).decode()}\n")
