"""Writes no faster than AWS takes them."""

from __future__ import annotations

from datetime import datetime
from threading import Lock
from typing import Final

from msgspec import Struct

from cloudmend.core.ports import Clock, Sent, Writer


class Bucket(Struct, frozen=True):
    """A token bucket: a write takes a token, and so many come back each second until it is full."""

    size: float
    per_s: float


# EC2 has a bucket of 50, refilled by 5 a second, for each mutating action of an account and Region (EC2 Developer
# Guide, "Request throttling"). What a sweep leaves in it is for the mends that events ask for meanwhile.
EC2_WRITES: Final = Bucket(size=45, per_s=5)


class PacedWriter:
    """A Writer over another that waits for a token of the action's bucket. Threads may share it."""

    def __init__(self, writer: Writer, clock: Clock, bucket: Bucket, *, full: bool = True) -> None:
        """`full` is false where somebody else may just have emptied the buckets."""
        self._writer = writer
        self._clock = clock
        self._bucket = bucket
        self._new = (bucket.size if full else 0.0, clock.now())
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = Lock()

    def write(self, request: Sent) -> None:
        """Raises AwsError."""
        with self._lock:
            tokens = self._tokens(request.action) - 1
            self._left[request.action] = (tokens, self._clock.now())
        self._wait(-tokens)
        self._writer.write(request)

    def rest(self, writes: int) -> None:
        """Wait until so many more writes of any action that was used would not have to wait, or the bucket is full.

        For whoever is about to read: what is read before a wait is old after it.
        """
        with self._lock:
            fewest = min(map(self._tokens, self._left), default=self._tokens(""))
        self._wait(min(writes, self._bucket.size) - fewest)

    def _tokens(self, action: str) -> float:
        """Return how many there are now; negative where writes wait for them already."""
        tokens, since = self._left.get(action, self._new)
        elapsed_s = max(0.0, (self._clock.now() - since).total_seconds())
        return min(self._bucket.size, tokens + elapsed_s * self._bucket.per_s)

    def _wait(self, lacking: float) -> None:
        if lacking > 0:
            self._clock.sleep(lacking / self._bucket.per_s)
