"""Eventual consistency: for a while after a write, reads go on showing what was before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cloudmend.local.ec2.model import State


class Lag:
    """The writes that reads do not show yet. They come to light in their order, as on a replica that is behind."""

    def __init__(self, reads: Callable[[], int]) -> None:
        """`reads` is asked at each write: how many reads are yet to show what was before."""
        self._reads = reads
        self._hidden: deque[tuple[State, int]] = deque()  # what was before a write, and the last read that shows it
        self._count = 0

    def wrote(self, before: State) -> None:
        reads = self._reads()
        if reads > 0:
            self._hidden.append((before, self._count + reads))

    def shown(self, now: State) -> State:
        """Return what the next read shows: `now`, or what was before the first write that is still hidden."""
        self._count += 1
        while self._hidden and self._hidden[0][1] < self._count:
            self._hidden.popleft()
        return self._hidden[0][0] if self._hidden else now
