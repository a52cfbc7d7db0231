"""The ports of the core to the outside, for one account and Region."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol, TypeVar, runtime_checkable

from cloudmend.core.call import Call, PutOff
from cloudmend.core.model import Json, Record, Request

Rows = Sequence[Json]
Sent = Request | Call
NEVER: Final[Mapping[str, Json | None]] = {}  # no error code stands for an answer
_Answer = TypeVar("_Answer")


class Reader(Protocol):
    """A source of AWS's present answers. Every method raises AwsError.

    If a later page fails, the error's `rows` are those that AWS answered before; what a stream gave before stays given.
    """

    def begin(self, read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        """Begin a read of this reader, if it can, so that another can be under way at once.

        Otherwise it is read when the answer is asked for.
        """

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        """Return the answer; for an error code of `absent`, return its value there: None, or an answer."""

    def rows(self, request: Sent, key: str, *, enough: Callable[[Rows], bool] = ...) -> Rows:
        """Return the rows under `key` of all pages of the answer.

        An answer may lag behind the write that woke cloudmend. While it is not `enough`, the reader reads it again a
        few times, briefly, and returns the last one.
        """

    def lasting_rows(self, request: Sent, key: str) -> Rows:
        """Return the same rows as `rows`, read once in each run: they are taken to stay the same for it."""

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        """Yield the rows under `key` one by one.

        A page is requested while the page before it is used, so a whole Region needs the memory of two answers. This is
        for actions whose pages a NextToken links, as EC2's does.
        """


class Writer(Protocol):
    """The single place where a request takes effect. Raises AwsError."""

    def write(self, request: Sent) -> None: ...


class Switch(Protocol):
    """The switch that stops all writes without a deployment."""

    def mode(self) -> Literal["fix", "observe"] | None:
        """Return the switched mode; None: the policy decides, because nothing is switched or it cannot be read."""


class Notifier(Protocol):
    """A notifier: it reports to people and programs what was done."""

    def publish(self, record: Record) -> None: ...


@runtime_checkable
class CollectiveNotifier(Notifier, Protocol):
    """A Notifier that reports several records with fewer calls than each by itself."""

    def publish_all(self, records: Sequence[Record]) -> None: ...


@runtime_checkable
class KeptNotifier(Protocol):
    """A Notifier with a log. It reports what the ledger cannot store, or cannot return."""

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        """Log a problem with the findings that stand at the resources of these keys, or in these units."""


class Later(Protocol):
    """A place for tasks that cannot be done now, and that are tried again later."""

    def put_off(self, task: PutOff) -> bool:
        """Return whether the task is tried again when it is due. Raises AwsError.

        It is tried once, however often it is put off to that time.
        """


class Clock(Protocol):
    """The time, as a port: the core has no clock."""

    def now(self) -> datetime:
        """Return the time now, aware, in UTC."""

    def sleep(self, seconds: float) -> None: ...


class Begin(Protocol):
    """A way to begin a read, so that several can be under way at once."""

    def __call__(self, read: Callable[[], _Answer], /) -> Callable[[], _Answer]:
        """Begin the read; return a function that waits for the answer and raises what the read raised."""
