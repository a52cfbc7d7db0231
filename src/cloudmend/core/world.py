"""The ports of one account and Region, as one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TypeVar

import msgspec
from msgspec import Struct

from cloudmend.core.errors import AwsError
from cloudmend.core.ledger import Ledger
from cloudmend.core.model import Json
from cloudmend.core.ports import NEVER, Begin, Call, Clock, Later, Notifier, PutOff, Reader, Rows, Sent, Switch, Writer

_Answer = TypeVar("_Answer")


class NoSwitch:
    """A Switch for a place that has none, such as a laptop."""

    def mode(self) -> None:
        return None


class NoLater:
    """A Later for a place that nothing runs at later, such as a laptop."""

    def put_off(self, task: PutOff) -> bool:  # noqa: ARG002 - it is nobody's
        return False


at_need: Begin = cache  # a Begin that reads when the answer is asked for, one read after the other


class World(Struct, frozen=True, kw_only=True):
    """The ports of one account and Region. `account` returns the id; it may call AWS, and raises AwsError."""

    account: Callable[[], str]
    region: str
    reader: Reader
    writer: Writer
    ledger: Ledger
    notifier: Notifier
    clock: Clock
    switch: Switch = NoSwitch()
    later: Later = NoLater()
    begin: Begin = at_need
    keeps_baseline: bool = False  # a stack is there: what was there before it is only reported (decision 34)
    run_by: str = ""  # ARN of the person who runs cloudmend by hand; empty in a function


class RunReader:
    """A Reader over another, which remembers lasting rows for as long as it lives, and what AWS lastingly refuses."""

    def __init__(self, reader: Reader, begin: Begin = at_need) -> None:
        self._reader = reader
        self._begin = begin
        self._lasting: dict[str, Rows] = {}
        self._refused: dict[str, AwsError] = {}

    def begin(self, read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        return self._begin(read)

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        return self._reader.get(call, absent)

    def rows(self, request: Sent, key: str, *, enough: Callable[[Rows], bool] = lambda _: True) -> Rows:
        return self._reader.rows(request, key, enough=enough)

    def lasting_rows(self, request: Sent, key: str) -> Rows:
        name = f"{request} {key}"
        if name in self._refused:
            raise self._refused[name].with_traceback(None)
        if name not in self._lasting:
            self._lasting[name] = self._read(name, request, key)
        return self._lasting[name]

    def _read(self, name: str, request: Sent, key: str) -> Rows:
        try:
            return self._reader.lasting_rows(request, key)
        except AwsError as error:
            if error.lasts:
                self._refused[name] = error
            raise

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        return self._reader.stream(request, key)


class OneByOne:
    """A Reader over another that begins nothing by itself: for reads that are begun themselves.

    A read in a thread of a pool that waits for another in the same pool might wait for ever.
    """

    def __init__(self, reader: Reader) -> None:
        self.get = reader.get
        self.rows = reader.rows
        self.lasting_rows = reader.lasting_rows
        self.stream = reader.stream

    def begin(self, read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        return at_need(read)


def one_run(world: World) -> World:
    """The world for one run, in which what lasts is read once."""
    return msgspec.structs.replace(world, reader=RunReader(world.reader, world.begin))
