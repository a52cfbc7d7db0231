"""What a sweep did not reach in time, as messages to the next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from cloudmend.core.errors import EventError
from cloudmend.core.model import Resource

# SQS took 256 KB for many years, and its neighbours in other partitions may still; a JSON list is all that is added.
MOST_BYTES: Final = 256_000


def messages(left: Sequence[Resource], most: int = MOST_BYTES) -> Iterator[str]:
    """JSON lists of resources, each at most so many bytes long."""
    batch: list[msgspec.Raw] = []
    size = 0
    for resource in left:
        encoded = msgspec.json.encode(resource)
        if batch and size + len(encoded) > most:
            yield _listed(batch)
            batch, size = [], 0
        batch.append(msgspec.Raw(encoded))
        size += len(encoded) + 1
    if batch:
        yield _listed(batch)


def _listed(batch: Sequence[msgspec.Raw]) -> str:
    return msgspec.json.encode(batch).decode()


def resources(event: Any) -> tuple[Resource, ...] | None:
    """What the messages in an SQS event hold; None for any other event, which means everywhere.

    Raises EventError for a message that cannot be understood.
    """
    if not isinstance(event, dict) or "Records" not in event:
        return None
    try:
        lists = [msgspec.json.decode(record["body"], type=list[Resource]) for record in event["Records"]]
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise EventError(f"A message of the sweep's queue cannot be understood ({error}).") from None
    return tuple(resource for each in lists for resource in each)
