"""What a cold start may not import: each of these would be paid for by every door that is closed."""

from __future__ import annotations

import json
from collections.abc import Callable

from cloudmend.controls import IDS

PROGRAM = """
import json, sys
from cloudmend.lambda_ import handlers
handlers._world()
before = sorted(sys.modules)
from client import event
handlers.respond(event(0), None)
print()
print(json.dumps([before, sorted(sys.modules)]))
"""
NEVER = {"asyncio", "boto3", "cloudmend.cli", "cloudmend.disk.ledger", "cloudmend.local"}
NEVER |= {"cloudmend.core.packed", "cloudmend.core.recognized", "cloudmend.core.tables"}
WOKEN = {"security_group_ingress", "default_security_group"}  # by a call that opens a group
NEVER |= {f"cloudmend.controls.{name}" for name in IDS if name not in WOKEN}
NEVER |= {"moto", "multiprocessing", "rich", "sqlite3", "typer", "unittest", "yaml"}
ONLY_WHEN_SOMETHING_IS_TOLD = {"aws_lambda_powertools"}


def test_a_cold_respond_imports_nothing_that_closes_no_door(last_line_of: Callable[[str], str]) -> None:
    before, after = map(set, json.loads(last_line_of(PROGRAM)))
    assert "aws_lambda_powertools" in after
    assert not ONLY_WHEN_SOMETHING_IS_TOLD & before
    assert not NEVER & after
