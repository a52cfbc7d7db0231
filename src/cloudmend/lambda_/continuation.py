"""Messages from one invocation of the sweep to another, in the sweep's queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.errors import EventError
from cloudmend.core.model import Resource
from cloudmend.core.ports import Leftover, PutOff

# SQS took 256 KB for many years, and its neighbours in other partitions may still; this leaves room for the rest.
MOST_BYTES: Final = 256_000


class Task(Struct, frozen=True):
    """A Region to sweep, or only what an earlier sweep left of it; in `only`, as older versions named that."""

    region: str
    only: tuple[Resource, ...] = ()
    left: tuple[Leftover, ...] = ()

    @property
    def wanted(self) -> tuple[Leftover, ...]:
        """The leftovers of an earlier sweep; empty for the whole Region."""
        return (*self.left, *(Leftover("", each) for each in self.only))


def whole(regions: Iterable[str]) -> Iterator[str]:
    """Yield a message for each Region."""
    return (_message(Task(region)) for region in regions)


def messages(region: str, left: Sequence[Leftover], most: int = MOST_BYTES) -> Iterator[str]:
    """Yield messages that hold all these, each with at most so many bytes of them."""
    batch: list[Leftover] = []
    size = 0
    for each in left:
        length = len(msgspec.json.encode(each)) + 1
        if batch and size + length > most:
            yield _message(Task(region, left=tuple(batch)))
            batch, size = [], 0
        batch.append(each)
        size += length
    if batch:
        yield _message(Task(region, left=tuple(batch)))


def _message(task: Task) -> str:
    return msgspec.json.encode(task).decode()


def asked(event: Any) -> Task | PutOff | None:
    """Return what an SQS event of one message asks for; None for any other event, which the schedule sent.

    Raises EventError for a message that cannot be understood.
    """
    if not isinstance(event, dict) or "Records" not in event:
        return None
    try:
        (record,) = event["Records"]
        if "due" in msgspec.json.decode(record["body"]):
            return msgspec.json.decode(record["body"], type=PutOff)
        return msgspec.json.decode(record["body"], type=Task)
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise EventError(f"A message of the sweep's queue cannot be understood ({error}).") from None
