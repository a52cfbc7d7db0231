"""DynamoDB's part of the front: one call at a time, because moto's transactions are not isolated from each other.

DynamoDB does not let a transaction wait for another: of two that touch one item at once it cancels one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from cloudmend.local.messages import ApiResponse

if TYPE_CHECKING:
    from cloudmend.local.front import Exchange

_CANCELLED = "TransactionCanceledException"


class DynamoDbService:
    """moto's DynamoDB. A transaction that moto takes back would take back what other threads wrote meanwhile."""

    def __init__(self, *, conflicts: bool = False) -> None:
        """Without `conflicts` a transaction waits for another that touches one of its items."""
        self._conflicts = conflicts
        self._lock = Lock()
        self._under_way: set[str] = set()
        self._claiming = Lock()

    def __call__(self, exchange: Exchange) -> ApiResponse:
        if not self._conflicts or exchange.request.operation != "TransactWriteItems":
            return self._forwarded(exchange)
        items = _items(exchange)
        with self._claimed(items) as conflicts:
            return _cancelled(conflicts) if any(conflicts) else self._forwarded(exchange)

    def _forwarded(self, exchange: Exchange) -> ApiResponse:
        with self._lock:
            return exchange.forward()

    @contextmanager
    def _claimed(self, items: Sequence[str]) -> Iterator[Sequence[bool]]:
        """Whether each item is another transaction's now; where none is, all are this one's."""
        with self._claiming:
            conflicts = [item in self._under_way for item in items]
            claimed = set() if any(conflicts) else set(items)
            self._under_way |= claimed
        try:
            yield conflicts
        finally:
            with self._claiming:
                self._under_way -= claimed


def _items(exchange: Exchange) -> Sequence[str]:
    """The items of a transaction, each as its table and its key."""
    writes = [write for item in json.loads(exchange.request.body)["TransactItems"] for write in item.values()]
    tables = dynamodb_backends[exchange.principal.account][exchange.request.region].tables
    return [f"{write['TableName']}/{json.dumps(_key(write, tables), sort_keys=True)}" for write in writes]


def _key(write: Mapping[str, Any], tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an Update, a Delete or a ConditionCheck names; of a Put, the attributes that are its table's key."""
    if "Key" in write:
        key: Mapping[str, Any] = write["Key"]
        return key
    table = tables.get(write["TableName"])
    names = (table.hash_key_attr, table.range_key_attr) if table else ()
    return {name: value for name, value in write["Item"].items() if name in names}


def _cancelled(conflicts: Sequence[bool]) -> ApiResponse:
    """DynamoDB's words, with a reason for each item."""
    conflict = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    reasons = [conflict if conflicted else {"Code": "None"} for conflicted in conflicts]
    codes = ", ".join(reason["Code"] for reason in reasons)
    body = {
        "__type": f"com.amazonaws.dynamodb.v20120810#{_CANCELLED}",
        "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        "CancellationReasons": reasons,
    }
    headers = (("Content-Type", "application/x-amz-json-1.0"),)
    return ApiResponse(400, headers, json.dumps(body).encode(), _CANCELLED)
