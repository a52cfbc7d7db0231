"""The time of the embedded AWS: this machine's, and as much more as a test has moved it forward.

All that cloudmend's own layers and moto's models do by time follows it. Functions do not: each is a process of its own,
which reads this machine's clock. moto's state is the process's, and so is the time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Final

from moto.core import utils


class Clock:
    """A clock that never goes back."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the moment, in UTC."""
        return datetime.now(UTC) + self._ahead

    def monotonic(self) -> float:
        """Return seconds that only grow, and that a move makes more."""
        return time.monotonic() + self._ahead.total_seconds()

    def move_to(self, moment: datetime) -> None:
        """Move forward to a moment; not at all if it is past."""
        self._ahead += max(moment - self.now(), timedelta())

    def reset(self) -> None:
        """Tell this machine's time again."""
        self._ahead = timedelta()


CLOCK: Final = Clock()


class _Moment(datetime):
    """The class of moments that moto asks what time it is."""

    @classmethod
    def now(cls, tz: object = UTC) -> datetime:  # type: ignore[override]  # noqa: ARG003 moto asks for UTC alone
        return CLOCK.now()


def lead_moto() -> None:
    """Have moto's models read CLOCK: they all ask `moto.core.utils.utcnow`, which asks the name `datetime` there."""
    utils.datetime = SimpleNamespace(datetime=_Moment)  # type: ignore[attr-defined, assignment]
