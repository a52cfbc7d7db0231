"""EC2's throttling: a bucket of tokens for each API action of an account and Region."""

from __future__ import annotations

from collections.abc import Callable

from cloudmend.local.ec2.errors import Ec2Error

CAPACITY = 50
REFILL_PER_S = 5


class Throttle:
    """Takes a token for each call, refused ones included: EC2's own figures for mutating actions, here for all."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells seconds that only grow."""
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, operation: str) -> None:
        """Raise Ec2Error if the bucket of the action is empty."""
        now = self._clock()
        tokens, since = self._left.get(operation, (CAPACITY, now))
        tokens = min(CAPACITY, tokens + (now - since) * REFILL_PER_S)
        self._left[operation] = (tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise Ec2Error("RequestLimitExceeded", "Request limit exceeded.", status=503)
