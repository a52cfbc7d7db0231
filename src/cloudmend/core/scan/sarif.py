"""A report as SARIF 2.1.0, which code-scanning pages read.

A message is Markdown to some readers, and [text](1) is a link to all, so foreign text is escaped as for a chat. What is
in AWS is in no file, but GitHub wants a relative path, the same from scan to scan: ACCOUNT/REGION/GROUP.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from cloudmend.core.control import Control
from cloudmend.core.escaping import chat
from cloudmend.core.scan.report import Report, Row, Unread

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"fix": "error", "observe": "warning", "exempt": "note"}
_NAME: Final = 255  # characters; EC2 takes no longer names
_ERROR: Final = 1000


def as_sarif(report: Report, controls: Sequence[Control], code_version: str) -> str:
    """One log with one run. A Region that could not be read makes the run unsuccessful."""
    rules = [{"id": control.id, "shortDescription": {"text": f"{control.title}."}} for control in controls]
    run = {
        "tool": {"driver": {"name": "cloudmend", "version": code_version, "rules": rules}},
        "invocations": [
            {
                "executionSuccessful": not report.unread,
                "toolExecutionNotifications": [_notification(unread) for unread in report.unread],
            }
        ],
        "results": [_result(row) for row in report.rows],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _notification(unread: Unread) -> dict[str, Any]:
    return {"level": "error", "message": {"text": chat(f"{unread.region}: {unread.error}", _ERROR)}}


def _result(row: Row) -> dict[str, Any]:
    name = f"{row.region}/{row.group}/{row.rule}"
    told = f"{row.group} ({chat(row.group_name, _NAME)}): {row.why}. It {row.outcome}."
    suppressed = {"kind": "external", "status": "accepted", "justification": row.outcome}
    return {
        "ruleId": row.control,
        "level": _LEVELS[row.action],
        "message": {"text": told},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": f"{row.account}/{row.region}/{row.group}"}},
                "logicalLocations": [{"name": row.rule, "fullyQualifiedName": name, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"rule/v1": name},
        "suppressions": [suppressed] if row.action == "exempt" else [],
    }
