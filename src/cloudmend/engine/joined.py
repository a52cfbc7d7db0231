"""The ports of a mend that asks together with others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any, Final, Literal, NamedTuple, TypeVar

from cloudmend.core.call import Call
from cloudmend.core.control import Joint
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.ledger import Entry, Exemptions, Found, Ledger, Unreadable
from cloudmend.core.model import Intent, Json, Request
from cloudmend.core.ports import NEVER, Reader, Rows, Sent, Switch
from cloudmend.engine.together import Together

_ENOUGH: Final = 2  # requests that AWS does not answer, one after the other: the next would wait for nothing

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


class _Asked(NamedTuple):
    """A request without the one value of its filter that says which resource it is about."""

    action: str
    key: str
    others: str  # the other parameters, to be compared


class JoinedReader:
    """A Reader over another: requests that differ in a resource alone are put as one, where a control allows that."""

    def __init__(self, reader: Reader, joints: Mapping[str, Joint], together: Together) -> None:
        self._reader = reader
        self._joints = joints
        self._together = together

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        return self._reader.get(call, absent)

    def rows(self, request: Sent, key: str, *, enough: Callable[[Rows], bool] = lambda _: True) -> Rows:
        match request.params:
            case {"Filters": [{"Name": name, "Values": [value]}], **others} if self._joins(request.action, name):
                asked = _Asked(request.action, key, repr(others))
                rows = self._together.ask(asked, value, partial(self._read, request, key))
            case _:
                return self._reader.rows(request, key, enough=enough)
        return rows if enough(rows) else self._reader.rows(request, key, enough=enough)

    def lasting_rows(self, request: Sent, key: str) -> Rows:
        return self._together.ask_same(f"{request} {key}", lambda: self._reader.lasting_rows(request, key))

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        return self._reader.stream(request, key)

    def _joins(self, action: str, name: str) -> bool:
        return action in self._joints and self._joints[action].filter == name

    def _read(self, request: Sent, key: str, values: Sequence[str]) -> Sequence[Rows | Exception]:
        """The rows of each value, by one request for all; where that fails, one by one."""
        joint = self._joints[request.action]
        rows: defaultdict[str, list[Json]] = defaultdict(list)
        try:
            for row in self._reader.rows(_about(request, joint, values), key):
                rows[row[joint.field]].append(row)
        except AwsError:
            if len(values) == 1:
                raise
            return list(self._one_by_one(request, key, values))
        return [rows[value] for value in values]

    def _one_by_one(self, request: Sent, key: str, values: Sequence[str]) -> Iterator[Rows | Exception]:
        """Each by itself: one may be what the joint request failed for. Where AWS answers none, few are asked."""
        unanswered = 0
        for value in values:
            if unanswered < _ENOUGH:
                answer = _or_error(partial(self._read_one, request, key), value)
                passes = isinstance(answer, AwsError) and not answer.lasts
                unanswered = unanswered + 1 if passes else 0
            yield answer

    def _read_one(self, request: Sent, key: str, value: str) -> Rows:
        return self._reader.rows(_about(request, self._joints[request.action], [value]), key)


def _about(request: Sent, joint: Joint, values: Sequence[str]) -> Request:
    filters = [{"Name": joint.filter, "Values": sorted(set(values))}]
    return Request(request.action, {**request.params, "Filters": filters})


class JoinedLedger:
    """A ledger, as far as a mend needs one: exemptions are read and intents kept once for all who wait."""

    def __init__(self, ledger: Ledger, together: Together) -> None:
        self._ledger = ledger
        self._together = together

    def exemptions(self, now: datetime) -> Exemptions:
        return self._together.ask_same("exemptions", lambda: self._ledger.exemptions(now))

    def intend(self, intent: Intent) -> Entry:
        return self._together.ask("intend", intent, self._intend)

    def _intend(self, intents: Sequence[Intent]) -> Sequence[Entry | Exception]:
        """All at once; where that cannot be, one by one, each with its own error."""
        try:
            return self._ledger.intend_all(intents)
        except CloudmendError:
            return [_or_error(self._ledger.intend, intent) for intent in intents]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class JoinedSwitch:
    """A Switch over another, asked once for all who wait."""

    def __init__(self, switch: Switch, together: Together) -> None:
        self._switch = switch
        self._together = together

    def mode(self) -> Literal["fix", "observe"] | None:
        return self._together.ask_same("mode", self._switch.mode)


class RunLedger:
    """A ledger for one run, which reads what was mended of late once, for all resources.

    What is recorded while the run goes on is not among it: it says how often a door was opened again, not what is open.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._recent: Mapping[str, list[Found]] | CloudmendError | None = None

    def recent(self, resource_id: str, since: datetime) -> tuple[Found, ...]:
        with self._lock:
            if self._recent is None:
                self._recent = self._read(since)
        if isinstance(self._recent, CloudmendError):
            raise self._recent
        found = self._recent.get(resource_id, ())
        return tuple(each for each in found if isinstance(each, Unreadable) or each.opened >= since)

    def _read(self, since: datetime) -> Mapping[str, list[Found]] | CloudmendError:
        """Once, also where it fails."""
        try:
            return _by_resource(self._ledger.entries(since))
        except CloudmendError as error:
            return error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def _by_resource(found: Iterable[Found]) -> dict[str, list[Found]]:
    by_id: defaultdict[str, list[Found]] = defaultdict(list)
    for each in found:
        by_id[each.resource_id].append(each)
    return by_id


def _or_error(call: Callable[[_Item], _Answer], item: _Item) -> _Answer | Exception:
    try:
        return call(item)
    except CloudmendError as error:
        return error
