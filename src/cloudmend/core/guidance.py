"""Put the words, names and commands of a record's notices into the record when it is made (decision 33).

A notice needs no control then, now or when the record is reported again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from cloudmend.core.attribution import hint
from cloudmend.core.contract import Control, View, after
from cloudmend.core.model import Json, Record, Resource, Status, Words
from cloudmend.core.planning import calls, judge, patch_of
from cloudmend.core.ports import NEVER, Call, Rows, Sent

_OPEN: Final[frozenset[Status]] = frozenset({"observed", "open", "failed", "pending", "deferred"})
_PAGE_SIZES: Final = ("MaxItems", "MaxRecords", "MaxResults", "PageSize")
_Answer = TypeVar("_Answer")


def guided(record: Record, control: Control[Any], view: View | None = None, settings: Any = None) -> Record:
    """Return the record with the words, names and commands that its notices need.

    `view` is what was seen last, if anything was: without it, no command closes the resource by hand.
    """
    kind, resource = control.resource, record.resource
    is_one = resource.type == kind.type and bool(resource.id)
    settings = control.settings() if settings is None else settings
    is_open = is_one and record.status in _OPEN
    due = {finding.part for finding in record.remaining or record.findings if finding.is_due}
    by_hand = _closing(control, view, due, settings) if is_open and view and due else ()
    return msgspec.structs.replace(
        record,
        arn=kind.arn_of(resource.id, record.account, record.region) if is_one else "",
        asff=kind.asff,
        words=_words(control, resource),
        attribution=msgspec.structs.replace(record.attribution, hint=hint(record.actor, control.hints)),
        look=_commands(_showing(control, resource, settings), record.region) if is_open else (),
        by_hand=_commands(by_hand, record.region),
    )


def _words(control: Control[Any], resource: Resource) -> Words:
    kind = control.resource
    noun = "" if kind.self_evident or resource.type != kind.type else kind.noun
    return msgspec.structs.replace(control.words, noun=noun, level=control.severity)


def _commands(sent: Iterable[Sent], region: str) -> tuple[str, ...]:
    return tuple(each.command(region) for each in sent)


def _showing(control: Control[Any], resource: Resource, settings: Any) -> tuple[Sent, ...]:
    """Return the calls that show a resource as it is: the first that the control reads it by, or what it says."""
    plain = msgspec.structs.replace(resource, parts=())
    if control.shown_by:
        return tuple(control.shown_by(plain))
    first = _FirstCall()
    try:
        control.read(plain, first, settings)
    except _Seen as seen:
        return (_whole(seen.sent),)
    except Exception:  # noqa: BLE001 - a notice without this command is better than none
        return ()
    return ()


def _whole(sent: Sent) -> Sent:
    """Return the call without the size of a page, with which the AWS CLI would show one page alone."""
    params = {name: value for name, value in sent.params.items() if name not in _PAGE_SIZES}
    return msgspec.structs.replace(sent, params=params)


def _closing(control: Control[Any], view: View, due: set[str], settings: Any) -> tuple[Call, ...]:
    """Return the calls that close these parts, in the stricter way if the control has one: AWS may refuse the other."""
    try:
        strict = control.stricter(settings) if control.stricter else settings
        found = [finding for finding in judge(control, view, strict).counted if finding.part in due]
        patch = patch_of(control, view, found, strict)
        return calls(control, view.resource, view.state, after(view.parts, patch))
    except Exception:  # noqa: BLE001 - it is an offer to people, and the record is told without it
        return ()


class _Seen(Exception):
    """The first call of a read."""

    def __init__(self, sent: Sent) -> None:
        self.sent = sent


class _FirstCall:
    """A Reader that sends nothing, and stops a read at its first call by raising _Seen."""

    def begin(self, read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        return read

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> NoReturn:  # noqa: ARG002 - a Reader's
        raise _Seen(call)

    def rows(self, request: Sent, key: str, *, enough: Callable[[Rows], bool] = bool) -> NoReturn:  # noqa: ARG002
        raise _Seen(request)

    def lasting_rows(self, request: Sent, key: str) -> NoReturn:  # noqa: ARG002 - a Reader's
        raise _Seen(request)

    def stream(self, request: Sent, key: str) -> Iterator[Json]:  # noqa: ARG002 - a Reader's
        raise _Seen(request)
