"""The parts of a stack besides its table: the switch, the queue of deferred mends, the functions, and the bus."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from botocore.config import Config
from botocore.session import Session

from cloudmend.aws.errors import translated
from cloudmend.aws.gateway import Gateway, connector
from cloudmend.aws.ledger_items import key, waits_of
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger_records import iso_time
from cloudmend.core.model import Json, Request
from cloudmend.core.notice.event import NoticeRequest, ask_for_notice
from cloudmend.core.ports import Clock, PutOff

# IAM actions: all that the requests of each use, and no other.
SWITCH_PERMISSIONS: Final = frozenset({"ssm:GetParameter"})
QUEUE_PERMISSIONS: Final = frozenset({"dynamodb:PutItem", "dynamodb:Query", "sqs:SendMessage"})
NOTICE_PERMISSIONS: Final = frozenset({"events:PutEvents"})

AS_DEPLOYED: Final = "as-deployed"  # a parameter cannot be empty, so this is how it says nothing
_MODES: Final[dict[str, Literal["fix", "observe"] | None]] = {"fix": "fix", "observe": "observe", AS_DEPLOYED: None}

# A storm of events must not become one of GetParameter, whose rate is limited.
_CACHED: Final = timedelta(seconds=30)
_KEPT: Final = timedelta(days=1)  # a note, after it was due
_SPARE_S: Final = 30  # beside the function's own time: a cold start


class ModeSwitch:
    """A Switch that stops all writes without a deployment: a parameter in SSM Parameter Store.

    A value that cannot be read, or is no mode, has no effect: hiding it must not disarm cloudmend.
    """

    def __init__(self, gateway: Gateway, name: str, clock: Clock, tell: Callable[[str], None]) -> None:
        """`name` is the parameter's, or empty. `tell` gets one sentence until the switch holds a mode again."""
        self._gateway = gateway
        self._name = name
        self._clock = clock
        self._tell = tell
        self._mode: Literal["fix", "observe"] | None = None
        self._read_again_at: datetime | None = None
        self._is_broken = False

    def mode(self) -> Literal["fix", "observe"] | None:
        now = self._clock.now()
        if self._name and (self._read_again_at is None or now >= self._read_again_at):
            self._mode = self._read()
            self._read_again_at = now + _CACHED
        return self._mode

    def _read(self) -> Literal["fix", "observe"] | None:
        try:
            answer = self._gateway.call(Request("ssm:GetParameter", {"Name": self._name}))
        except CloudmendError as error:
            self._tell_once(f"cannot be read: {error}")
            return None
        value = str(answer["Parameter"]["Value"]).strip()
        if value not in _MODES:
            self._tell_once(f"says {value!r}. It takes fix, observe or {AS_DEPLOYED}.")
            return None
        self._is_broken = False
        return _MODES[value]

    def _tell_once(self, problem: str) -> None:
        if not self._is_broken:
            self._tell(f"The switch {self._name} {problem} The mode stays as it was deployed.")
        self._is_broken = True


class LaterQueue:
    """A Later: deferred mends as messages of a queue, one for each resource and time.

    A note in the ledger's table says that there is a message: who opens a group again does not add one.
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
    return key(waits_of(task.account), f"waits/{iso_time(task.due)}/{task.place}")


class FunctionFailed(Exception):
    """The function raised. `kind` is the name of its exception, or one of Lambda's own for what ended it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def invoke(configuration: Json, region: str, event: Any) -> Any:
    """Return what the function returned; it is invoked once, whatever becomes of it.

    Raises FunctionFailed, and AwsError where AWS did not invoke it.
    """
    patience = Config(
        connect_timeout=2,
        read_timeout=configuration["Timeout"] + _SPARE_S,
        retries={"total_max_attempts": 1},
        user_agent="cloudmend",
    )
    with translated("lambda:InvokeFunction", region):
        client = connector(Session(), region, patience)("lambda")
        answer = client.invoke(FunctionName=configuration["FunctionName"], Payload=json.dumps(event).encode())
        returned = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise FunctionFailed(str(returned.get("errorType", "Error")), str(returned.get("errorMessage", "")))
    return returned


def ask_stack(gateway: Gateway, request: NoticeRequest) -> str:
    """Return why the stack was not asked; empty where it was. What was done stands either way, so this never raises."""
    try:
        entries = gateway.call(ask_for_notice(request)).get("Entries", ())
    except CloudmendError as error:
        return str(error)
    refused = [f"{row['ErrorCode']} ({row.get('ErrorMessage', '')})" for row in entries if row.get("ErrorCode")]
    return f"events:PutEvents: AWS did not accept it: {', '.join(refused)}." if refused else ""
