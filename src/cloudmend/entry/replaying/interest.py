"""The calls that a replay looks for in CloudTrail's files."""

from __future__ import annotations

from typing import Final

from cloudmend.controls import every

# The sources and names of the calls that controls watch or follow.
CALLS: Final = frozenset((each.source, each.name) for control in every() for each in control.calls)
NAMES: Final = frozenset(name for _, name in CALLS)
