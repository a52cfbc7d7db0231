"""The findings of a scan, as values and in the formats that other programs read. A scan changes nothing."""

from __future__ import annotations

from cloudmend.core.counts import counted, plural
from cloudmend.core.scan.doors import Door, doors_of
from cloudmend.core.scan.formats import as_csv, as_json
from cloudmend.core.scan.report import (
    Report,
    Row,
    Unread,
    by_control,
    is_short,
    numbers_of,
    outcome,
    resources_of,
    texts,
    told,
)
from cloudmend.core.scan.sarif import as_sarif

__all__ = [
    "Door",
    "Report",
    "Row",
    "Unread",
    "as_csv",
    "as_json",
    "as_sarif",
    "by_control",
    "counted",
    "doors_of",
    "is_short",
    "numbers_of",
    "outcome",
    "plural",
    "resources_of",
    "texts",
    "told",
]
