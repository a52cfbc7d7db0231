"""Deferred mends as messages of a queue, one for each resource and time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cloudmend.aws.gateway import Gateway
from cloudmend.aws.ledger_items import key, waits_of
from cloudmend.core.ledger_records import instant
from cloudmend.core.model import Json, Request
from cloudmend.core.ports import Clock, PutOff

# IAM actions: all that its requests use, and no other.
PERMISSIONS: Final = frozenset({"dynamodb:PutItem", "dynamodb:Query", "sqs:SendMessage"})

_KEPT: Final = timedelta(days=1)  # a note, after it was due


class LaterQueue:
    """A Later. A note in the ledger's table says that there is a message: who opens a group again does not add one.

    The note comes after the message: what dies between the two adds a second one, never none.
    """

    def __init__(self, gateway: Gateway, queue: str, table: str, clock: Clock) -> None:
        """`queue` is a URL; without a table nothing is noted."""
        self._gateway = gateway
        self._queue = queue
        self._table = table
        self._clock = clock

    def put_off(self, task: PutOff) -> bool:
        if not self._is_noted(task):
            self._send(task)
            self._note(task)
        return True

    def _is_noted(self, task: PutOff) -> bool:
        if not self._table:
            return False
        note = _note_key(task)
        query = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND sk = :sk",
            "ExpressionAttributeValues": {":pk": note["pk"], ":sk": note["sk"]},
        }
        return bool(self._gateway.call(Request("dynamodb:Query", query))["Items"])

    def _send(self, task: PutOff) -> None:
        message = {
            "QueueUrl": self._queue,
            "MessageBody": task.body(),
            "DelaySeconds": task.delay_s(self._clock.now()),
        }
        self._gateway.write(Request("sqs:SendMessage", message))

    def _note(self, task: PutOff) -> None:
        if self._table:
            expires = {"expires": {"N": str(int((task.due + _KEPT).timestamp()))}}
            self._gateway.write(
                Request("dynamodb:PutItem", {"TableName": self._table, "Item": {**_note_key(task), **expires}})
            )


def _note_key(task: PutOff) -> Json:
    return key(waits_of(task.account), f"waits/{instant(task.due)}/{task.place}")
