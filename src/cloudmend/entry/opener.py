"""Find who opened what `cloudmend fix` closes, from the recorded mends, because no event says it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from cloudmend.core.contract import Control, Parts
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Entries, Entry, Ledger, key_of
from cloudmend.core.model import Actor
from cloudmend.core.planning import same
from cloudmend.engine.look import Look

_UNKNOWN: Final = Actor()
_EVER: Final = datetime.min.replace(tzinfo=UTC)


def opener_of(found: Look, ledger: Ledger) -> Actor:
    """Whoever undid the last mend of one of the parts that are mended; or else opened it before a mend that failed.

    Nobody where the part was changed since, or where the ledger cannot be read: then it is not known.
    """
    control, resource = found.target.control, found.target.resource
    mended = {edit.part for edit in found.edits}
    parts = {part: value for part, value in found.state.parts.items() if part in mended} if found.state else {}
    try:
        place = key_of(resource.account, resource.region, control.id, resource.id)
        entries = list(Entries(ledger.recent(place, _EVER)))
    except CloudmendError:
        return _UNKNOWN
    told = (_opener(control, entry, parts) for entry in reversed(entries) if _is_about(entry, parts))
    return next(told, _UNKNOWN)


def _is_about(entry: Entry, parts: Parts) -> bool:
    restored = entry.undone.record.edits if entry.undone else ()
    named = {finding.part for finding in entry.intent.findings} | {edit.part for edit in restored}
    return not named.isdisjoint(parts)


def _opener(control: Control[Any], entry: Entry, parts: Parts) -> Actor:
    if entry.undone:
        restored = {(edit.part, edit.after) for edit in entry.undone.record.edits}
        is_still_so = not restored.isdisjoint((part, control.say(value)) for part, value in parts.items())
        return entry.undone.record.actor if is_still_so else _UNKNOWN
    if entry.state == "DONE":  # it was closed, and somebody opened it again since
        return _UNKNOWN
    closed = {edit.part for edit in entry.ended.record.edits} if entry.ended else set()
    left = {step.part: step.before for step in entry.intent.steps if step.part not in closed}
    was_never_closed = any(same(control, parts[part], left[part]) for part in parts.keys() & left.keys())
    return entry.intent.actor if was_never_closed else _UNKNOWN
