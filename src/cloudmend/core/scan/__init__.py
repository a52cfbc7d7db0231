"""The findings of a scan, as values and in the formats that other programs read. A scan changes nothing."""

from __future__ import annotations

from cloudmend.core.scan.doors import Door, doors_of
from cloudmend.core.scan.formats import as_csv, as_json
from cloudmend.core.scan.report import Attached, Report, Row, Unread, attached_to, outcome, plural
from cloudmend.core.scan.sarif import as_sarif

__all__ = [
    "Attached",
    "Door",
    "Report",
    "Row",
    "Unread",
    "as_csv",
    "as_json",
    "as_sarif",
    "attached_to",
    "doors_of",
    "outcome",
    "plural",
]
