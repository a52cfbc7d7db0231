"""Tasks that cannot be done now: tried again at a time, for their cause, or left by a sweep to the next one."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from cloudmend.core.model import ApiCall, Resource

_LONGEST_DELAY_S: Final = 900  # SQS's, of a message


class Leftover(Struct, frozen=True):
    """A resource that a sweep left to the next one, and the control that it was for.

    The control is empty in messages of older versions: then the resource is for each control that knows the type.
    """

    control: str
    resource: Resource


class PutOff(Struct, frozen=True, kw_only=True):
    """A mend that is due at a time, and not before."""

    due: Annotated[datetime, Meta(tz=True)]
    account: str
    region: str
    control: str
    resource: Resource
    cause: ApiCall
    failed: int = 0  # how often it was tried when it was due, and failed
    opened: tuple[str, ...] = ()  # the parts that the event named as just opened
    told: tuple[str, ...] = ()  # the parts of which people were told that they are at fault, and left as they are

    @property
    def place(self) -> str:
        """The ledger's key for it. Only one mend of a key can be under way at a time."""
        return f"{self.account}/{self.region}/{self.control}/{self.resource.key}"

    def delay_s(self, now: datetime) -> int:
        """Return the delay of its message in seconds.

        A task that is due later than SQS can delay is delayed again then.
        """
        return min(_LONGEST_DELAY_S, max(0, math.ceil((self.due - now).total_seconds())))

    def body(self) -> str:
        """Return the message."""
        return msgspec.json.encode(self).decode()
