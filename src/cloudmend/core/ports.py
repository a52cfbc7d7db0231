"""The ports of the core to the outside, for one account and Region."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol, TypeVar, runtime_checkable

from cloudmend.core.call import Call
from cloudmend.core.digest import Digest
from cloudmend.core.model import Json, Record, Request
from cloudmend.core.put_off import PutOff

Rows = Sequence[Json]
Sent = Request | Call
NEVER: Final[Mapping[str, Json | None]] = {}  # no error code stands for an answer
_Answer = TypeVar("_Answer")


class Reader(Protocol):
    """Answers from AWS as it is now. Every method raises AwsError. What AWS answered before is in its `rows`; what a
    stream gave before stays given.
    """

    def begin(self, read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        """Begin a read of this reader, so that another can be under way at once; where it can: else it is read when
        the answer is asked for.
        """

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        """The answer; for an error code of `absent`, what it stands for: None, or an answer."""

    def rows(self, request: Sent, key: str, *, enough: Callable[[Rows], bool] = ...) -> Rows:
        """The rows under `key` of all pages of the answer.

        An answer may lag behind the write that woke us: while it is not `enough`, it is read again a few
        times, briefly, and the last one is returned.
        """

    def lasting_rows(self, request: Sent, key: str) -> Rows:
        """The same for what may be taken to stay as it is for one run: it is read once in each."""

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        """The same, one by one. A page is asked for while the one before it is used, so that a Region's worth needs the
        memory of two answers. For actions whose pages a NextToken links, as EC2's does.
        """


class Writer(Protocol):
    """The one place where a request takes effect. Raises AwsError."""

    def write(self, request: Sent) -> None: ...


class Switch(Protocol):
    """The one switch that stops all writes without a deployment."""

    def mode(self) -> Literal["fix", "observe"] | None:
        """None where the policy says it: nothing is switched, or the switch cannot be read."""


class Notifier(Protocol):
    """A notifier: it reports to people and programs what was done."""

    def publish(self, record: Record) -> None: ...


@runtime_checkable
class CollectiveNotifier(Notifier, Protocol):
    """A Notifier that tells of several records with fewer calls than of each by itself."""

    def publish_all(self, records: Sequence[Record]) -> None: ...


@runtime_checkable
class KeptNotifier(Protocol):
    """A Notifier with a log, which says what the ledger cannot keep, or cannot give back."""

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        """Log a problem with what stands at the resources of these keys, or in these units."""


@runtime_checkable
class DigestNotifier(Protocol):
    """A Notifier that also tells what a sweep found, and did not tell at once."""

    def publish_digest(self, digest: Digest) -> None: ...


class Later(Protocol):
    """Has tried again what cannot be done now."""

    def put_off(self, task: PutOff) -> bool:
        """Whether it is tried again when it is due; once, however often it is put off to that time. Raises AwsError."""


class Clock(Protocol):
    """Time, so that the core needs none."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""

    def sleep(self, seconds: float) -> None: ...


class Begin(Protocol):
    """Begins a read, so that several can be under way at once."""

    def __call__(self, read: Callable[[], _Answer], /) -> Callable[[], _Answer]:
        """Return what it gives waits for the answer; it raises what the read raised."""
