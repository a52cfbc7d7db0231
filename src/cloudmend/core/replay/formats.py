"""Findings and their summary as JSON, a line each; in ASCII, so that no name tells a terminal to do anything."""

from __future__ import annotations

import json

import msgspec

from cloudmend.core.replay.episode import Episode
from cloudmend.core.replay.tally import Summary


def finding_line(episode: Episode) -> str:
    """Return a finding as a line."""
    return json.dumps({"kind": "finding", **msgspec.to_builtins(episode)}) + "\n"


def summary_line(summary: Summary) -> str:
    """Return the summary as a line, with its exemptions as blocks for the policy file too."""
    told = msgspec.to_builtins(summary)
    exemptions = [{**msgspec.to_builtins(exemption), "toml": exemption.toml} for exemption in summary.exemptions]
    return json.dumps({"kind": "summary", **told, "exemptions": exemptions}) + "\n"
