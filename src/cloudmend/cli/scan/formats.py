"""A scan's report in each form: JSON, CSV, SARIF, and the table for a terminal."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from rich.text import Text

from cloudmend.cli.scan.report import Found, Report, Row, UnreadableUnit, detail_text, numbers_of, sections
from cloudmend.cli.screen import Column, Screen
from cloudmend.core.contract import Control
from cloudmend.core.escaping import cell, chat, cut, plural, terminal
from cloudmend.core.policy.model import Action

_CELL: Final = 2000  # characters; a spreadsheet takes some 32,000
_TABLES: Final = ("details", "reach")
_REACH: Final = ("reach", "users", "addresses")
COLUMNS: Final = (*(name for name in Row.__struct_fields__ if name not in _TABLES), "details", *_REACH)

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"fix": "error", "observe": "warning", "exempt": "note"}
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}  # within GitHub's ranges
_NAME: Final = 255  # characters; EC2 takes no longer names
_TEXT: Final = 1000
_UNSAFE: Final = re.compile(r"[^\w./~-]+", re.ASCII)  # of a path in a URI
_LISTED: Final = 3  # Regions that a table names one by one, if they are all
_FOREIGN: Final = 80  # characters of a name, a value or a description
_STYLE: Final = {"fix": "bold red", "observe": "yellow", "exempt": "dim"}


def as_json(report: Report) -> str:
    """Return one document, in ASCII: whatever a name holds, a terminal that shows it is not told to do anything."""
    document = msgspec.to_builtins(report)
    for row, written in zip(report.rows, document["rows"], strict=True):
        if row.reach:
            written["reach"] = {"status": row.reach.status, **written["reach"]}
    return json.dumps({**document, "summary": report.summary}, indent=2) + "\n"


def as_csv(report: Report) -> str:
    """A line of names, then a line for each row. The details are JSON; several addresses are parted by a space."""
    text = io.StringIO()
    written = csv.writer(text)
    written.writerow(COLUMNS)
    written.writerows(map(list, map(_cells, report.rows)))
    return text.getvalue()


def _cells(row: Row) -> Iterator[str]:
    """Yield the cells of a row; empty if the value is not known."""
    plain = [getattr(row, name) for name in Row.__struct_fields__ if name not in _TABLES]
    details = json.dumps(row.details) if row.details else ""
    reach = (row.reach.status, row.reach.users, row.reach.addresses) if row.reach else (None, None, None)
    return map(_cell, (*plain, details, *reach))


def _cell(value: Any) -> str:
    told = " ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
    return cell(told, _CELL)


def as_sarif(report: Report, controls: Sequence[Control[Any]], code_version: str) -> str:
    """Return one log with one run, with a rule for each control. What could not be read makes the run unsuccessful."""
    run = {
        "tool": {"driver": {"name": "cloudmend", "version": code_version, "rules": [_rule(each) for each in controls]}},
        "invocations": [
            {
                "executionSuccessful": not report.unread,
                "toolExecutionNotifications": [_notification(unread) for unread in report.unread],
            }
        ],
        "results": [_result(row, name) for row, name in zip(report.rows, _names(report.rows), strict=True)],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(control: Control[Any]) -> dict[str, Any]:
    """The title and advice of a control. GitHub shows the severity of rules that have the tag security."""
    return {
        "id": control.id,
        "shortDescription": {"text": f"{control.title}."},
        "help": {"text": control.advice or f"{control.title}."},
        "properties": {
            "security-severity": _SCORES[control.severity],
            "tags": ["security", control.severity, *control.references],
        },
    }


def _notification(unread: UnreadableUnit) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": chat(f"{unread.control} in {unread.region}: {unread.error}", _TEXT)},
        "associatedRule": {"id": unread.control},
    }


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _names(rows: Sequence[Row]) -> list[str]:
    """Return a name of each row, the same from scan to scan: of the part, and of the reason if the part has several."""
    parts = [f"{row.control}/{row.region}/{row.resource}/{row.part}" for row in rows]
    counts = Counter(parts)
    reasons = [sha256(row.why.encode()).hexdigest()[:8] for row in rows]
    return [f"{part}/{reason}" if counts[part] > 1 else part for part, reason in zip(parts, reasons, strict=True)]


def _result(row: Row, name: str) -> dict[str, Any]:
    named = f" ({chat(row.name, _NAME)})" if row.name else ""
    told = f"{row.noun} {row.resource}{named}: {chat(row.why, _TEXT)}. It {chat(row.outcome, _TEXT)}."
    suppressed = {"kind": "external", "status": "accepted", "justification": row.outcome}
    place = _UNSAFE.sub(_percent, f"{row.account}/{row.region}/{row.resource}")
    return {
        "ruleId": row.control,
        "level": _LEVELS[row.action],
        "message": {"text": told},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": place}},
                "logicalLocations": [{"name": row.part, "fullyQualifiedName": name, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"finding/v1": name},
        "suppressions": [suppressed] if row.action == "exempt" else [],
    }


def print_table(report: Report, controls: Sequence[Control[Any]]) -> None:
    """To stdout, with a line that sums it up, and what holds besides."""
    screen = Screen()
    for heading, found in sections(report.rows, controls):
        if heading:
            _print_settings(screen, heading, found, len(report.regions))
            continue
        for control, rows in found:
            screen.say(Text(f"{control.id}: {control.title} ({control.severity})", "bold"))
            screen.rows(*_table(control, rows))
            screen.say("")
    screen.say(report.summary)
    if report.rows and report.holds:
        screen.say(f"Besides, {report.holds}.")


def _print_settings(screen: Screen, heading: str, found: Found, regions: int) -> None:
    """Print one table of settings. What is the same in several Regions or VPCs is one row."""
    same: defaultdict[tuple[str, str, str, Action], list[Row]] = defaultdict(list)
    for control, rows in found:
        setting = f"{control.resource.noun}\n{control.id}\n({control.severity})"
        for row in rows:
            part = [] if row.scope == "vpc" else [row.part]  # in each VPC another id
            at_fault = "\n".join(map(terminal, (*part, row.why)))
            same[setting, at_fault, terminal(row.outcome), row.action].append(row)
    screen.say(Text(heading, "bold"))
    columns = [Column("setting"), Column("at fault"), Column("what becomes of it"), Column("where")]
    screen.rows(
        columns,
        [
            (Text(setting), Text(at_fault), Text(outcome, _STYLE[action]), Text(_where(rows, regions)))
            for (setting, at_fault, outcome, action), rows in same.items()
        ],
    )
    screen.say("")


def _where(rows: Sequence[Row], regions: int) -> str:
    """Return the Regions of rows that say the same, and the ids of what has one in each VPC."""
    if rows[0].scope == "vpc":
        return "\n".join(dict.fromkeys(f"{row.region} {terminal(row.resource)}" for row in rows))
    return f"all {regions:,} Regions" if len(rows) == regions > _LISTED else "\n".join(row.region for row in rows)


def _table(control: Control[Any], rows: Sequence[Row]) -> tuple[Sequence[Column], Sequence[Sequence[Text]]]:
    numbers = numbers_of(rows)
    behind = [Column("behind it")] if control.reach else []
    columns = [
        Column(control.resource.noun),
        Column("at fault"),
        *(Column(name.replace("_", " "), is_number=True) for name in numbers),
        *behind,
        Column("what becomes of it"),
    ]
    return columns, [tuple(_texts(row, numbers, is_reached=bool(behind))) for row in rows]


def _texts(row: Row, numbers: Sequence[str], *, is_reached: bool) -> Iterator[Text]:
    yield Text("\n".join(filter(None, (row.resource, _foreign(row.name), row.place, row.region))))
    yield Text(
        "\n".join(
            (
                _foreign(row.part),
                _foreign(row.shown),
                *(f"{name}: {_foreign(text)}" for name, text in row.texts.items()),
            )
        )
    )
    yield from (Text(detail_text(row.details.get(name))) for name in numbers)
    if is_reached:
        yield _behind(row)
    yield Text(terminal(row.outcome), _STYLE[row.action])


def _foreign(text: str) -> str:
    """Return what somebody typed, shortened; --format json has all of it."""
    return cut(terminal(text), _FOREIGN)


def _behind(row: Row) -> Text:
    if row.reach is None:
        return Text("not known")
    return Text("\n".join((plural(row.reach.users, row.reach.noun), *row.reach.addresses)))
