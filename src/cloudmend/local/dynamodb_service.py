"""DynamoDB's part of the front: one call at a time, because moto's transactions are not isolated from each other."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudmend.local.front import Exchange
    from cloudmend.local.messages import ApiResponse


class DynamoDbService:
    """moto's DynamoDB. A transaction that moto takes back would take back what other threads wrote meanwhile."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __call__(self, exchange: Exchange) -> ApiResponse:
        with self._lock:
            return exchange.forward()
