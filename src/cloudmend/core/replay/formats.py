"""Doors and their summary as JSON, a line each; in ASCII, so that no name tells a terminal to do anything."""

from __future__ import annotations

import json

import msgspec

from cloudmend.core.replay.door import Door
from cloudmend.core.replay.tally import Summary


def door_line(door: Door) -> str:
    return json.dumps({"kind": "door", **msgspec.to_builtins(door)}) + "\n"


def summary_line(summary: Summary) -> str:
    """Its exemptions as blocks for the policy file too."""
    told = msgspec.to_builtins(summary)
    exemptions = [{**msgspec.to_builtins(exemption), "toml": exemption.toml} for exemption in summary.exemptions]
    return json.dumps({"kind": "summary", **told, "exemptions": exemptions}) + "\n"
