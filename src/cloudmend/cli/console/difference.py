"""A record's parts before and after its mend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from cloudmend.cli.scan.report import texts
from cloudmend.controls import by_id
from cloudmend.core.contract import Control, Parts, State
from cloudmend.core.events import mapping
from cloudmend.core.ledger_records import LedgerRecord


class Line(Struct, frozen=True, kw_only=True):
    """A part in words. `after` is empty where it was removed, and as before where it was left alone.

    `notes` are what else its control knows of it, each with its name.
    """

    part: str
    before: str
    after: str
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def difference(entry: LedgerRecord) -> tuple[Line, ...]:
    """Return what was changed, and then the parts of the before-image that were not. An open intent changed none."""
    control = _control(entry.intent.control)
    parts = _parts(control, entry.intent.before)
    edits = {edit.part: edit for edit in entry.ended.record.edits} if entry.ended else {}
    alone = [(part, _said(control, value)) for part, value in parts.items() if part not in edits]
    return (
        *(
            Line(part=e.part, before=e.before, after=e.after, notes=_notes(control, parts, e.part))
            for e in edits.values()
        ),
        *(Line(part=part, before=said, after=said, notes=_notes(control, parts, part)) for part, said in alone),
    )


def noun(entry: LedgerRecord) -> str:
    """Return the noun for a record's resource."""
    control = _control(entry.intent.control)
    return control.resource.noun if control else "resource"


def _control(control_id: str) -> Control[Any] | None:
    """Return the control of a record; None for one that this cloudmend does not know."""
    try:
        return by_id(control_id)
    except KeyError:
        return None


def _parts(control: Control[Any] | None, image: Mapping[str, Any]) -> Parts:
    return control.parts_in(image) if control else mapping(image.get("parts"))


def _said(control: Control[Any] | None, value: Any) -> str:
    """Return a stored value in words; as it is, where it has not the shape that the control reads."""
    try:
        return control.said(value) if control else str(value)
    except (AttributeError, LookupError, TypeError, ValueError):
        return str(value)


def _notes(control: Control[Any] | None, parts: Parts, part: str) -> tuple[tuple[str, str], ...]:
    if not (control and control.details and part in parts):
        return ()
    try:
        known = control.details(State(parts), part, control.settings())
        return tuple(texts(known, control.said(parts[part])).items())
    except (AttributeError, LookupError, TypeError, ValueError):
        return ()
