"""The ledgers under test: whatever keeps records must pass the same tests.

To add one, write a fixture that yields a Backend, and name it in conftest.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cloudmend.core.ledger import Ledger, Terms
from support import StandingClock

RECORDS_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "records.md"


@dataclass(frozen=True)
class Backend:
    """One store, empty at first. Each ledger made of it is another process's, as far as the store can tell."""

    make: Callable[[StandingClock, Terms], Ledger]
    spoil: Callable[[str, bytes], None]  # stores that text in place of the record of that id
    clock: StandingClock = field(default_factory=StandingClock)

    def ledger(self, **terms: Any) -> Ledger:
        return self.make(self.clock, Terms(**terms))


def table_resource() -> dict[str, Any]:
    """The CloudFormation resource that docs/reference/records.md shows."""
    (block,) = re.findall(r"```yaml\n(LedgerTable:.*?)```", RECORDS_PAGE.read_text(encoding="utf-8"), re.DOTALL)
    resource: dict[str, Any] = yaml.safe_load(block)["LedgerTable"]
    return resource
