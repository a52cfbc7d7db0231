"""Find the events in a query's rows: those of Logs Insights, CloudTrail Lake, and Athena, as JSON or as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cloudmend.core.errors import EventError
from cloudmend.core.events import decoded

_NOT_WHOLE: Final = (
    "This is a row of a query that does not hold the whole record. Select eventJson in CloudTrail Lake, or @message in "
    "Logs Insights; in Athena, select all columns."
)
_HISTORY: Final = (
    "This is a row of the event history that the console downloads as CSV. It leaves out the calls' parameters. "
    "Download the event history as JSON."
)
_MISSING: Final = "missing"
# The columns that hold a whole record, in lower case: Lake's, Logs Insights' and LookupEvents'.
_WHOLE: Final = ("eventjson", "@message", "cloudtrailevent")

# CloudTrail's own spelling of what Athena's tables and Lake's answers spell in lower case.
_SPELLED: Final = {
    word.lower(): word
    for word in (
        *("eventVersion", "eventTime", "eventSource", "eventName", "eventID", "awsRegion", "sourceIPAddress"),
        *("userAgent", "errorCode", "requestParameters", "responseElements", "recipientAccountId", "userIdentity"),
        *("sessionCredentialFromConsole", "principalId", "accountId", "userName", "invokedBy", "sessionContext"),
        *("sessionIssuer", "sourceIdentity", "onBehalfOf", "userId", "identityStoreArn"),
    )
}
# A struct as Athena and Lake print it: {type=IAMUser, arn=arn:aws:iam::..., sessioncontext={attributes={...}}}.
_FIELD: Final = re.compile(r"[{,]\s*(\w+)=")
_END: Final = re.compile(r", \w+=|\}")  # of a value
_DEEPEST: Final = 2  # structs in structs: the issuer in a session's context in an identity


def table_events(answer: object) -> list[object]:
    """Return what each row of a query's answer holds: an event, or an EventError that says why there is none."""
    if isinstance(answer, Mapping):  # Athena's ResultSet
        return [_row_event(row) for row in _athena(answer)]
    return [_row_event(_row(row)) for row in answer] if isinstance(answer, list) else [answer]


def _row_event(row: object) -> object:
    """Return the record that a row holds whole or in its columns, or an EventError."""
    if not isinstance(row, Mapping):
        return row
    columns = {str(name).lower(): value for name, value in row.items()}
    if whole := next((columns[name] for name in _WHOLE if columns.get(name)), None):
        return whole
    if "event name" in columns:
        return EventError(_HISTORY)
    parameters = columns.get("requestparameters", _MISSING)
    is_json = parameters in (None, "", "null") or isinstance(decoded(parameters), Mapping)  # Lake prints another form
    if not columns.get("eventname") or not is_json:
        return EventError(_NOT_WHOLE)
    return {_SPELLED[name]: _cell(name, value) for name, value in columns.items() if name in _SPELLED and value}


def _row(row: object) -> object:
    """Return a row as one object: Logs Insights' is a list of fields and values, Lake's a list of single columns."""
    if not isinstance(row, list):
        return row
    told: dict[Any, Any] = {}
    for cell in (cell for cell in row if isinstance(cell, Mapping)):
        told.update({cell["field"]: cell.get("value")} if isinstance(cell.get("field"), str) else cell)
    return told


def _athena(answer: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """Yield the rows of a ResultSet, whose first row names the columns."""
    rows = answer.get("Rows")
    values = [_values(row) for row in rows] if isinstance(rows, list) else []
    for row in values[1:]:
        yield {str(name): row[number] for number, name in enumerate(values[0]) if number < len(row)}


def _values(row: object) -> list[object]:
    cells = row.get("Data") if isinstance(row, Mapping) else None
    members = cells if isinstance(cells, list) else []
    return [cell.get("VarCharValue") if isinstance(cell, Mapping) else None for cell in members]


def _cell(name: str, value: object) -> object:
    if name == "useridentity" and isinstance(value, str):
        return _struct(value, 0, _DEEPEST)[0] or value
    return None if value == "null" else value


def _struct(text: str, place: int, depth: int) -> tuple[dict[str, object], int]:
    """Return the struct that begins at a place, and where it ends."""
    told: dict[str, object] = {}
    while field := _FIELD.match(text, place):
        place = field.end()
        value: object
        if text.startswith("{", place) and depth:
            value, place = _struct(text, place, depth - 1)
        else:
            end = _END.search(text, place)
            value, place = (text[place : end.start()], end.start()) if end else (text[place:], len(text))
        if value != "null":
            told[_SPELLED.get(field[1].lower(), field[1])] = value
    return told, place + 1
