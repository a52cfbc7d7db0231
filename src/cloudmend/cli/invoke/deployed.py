"""`cloudmend invoke --stack-name`: an event handed to a deployed function, which acts by all that it has of its own."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.text import Text

from cloudmend.aws.functions import FunctionFailed, invoke
from cloudmend.cli.invoke.here import GOOD
from cloudmend.cli.messages import STATUS_STYLE
from cloudmend.cli.screen import Screen
from cloudmend.cli.stack import FUNCTION, SWEEP, Stack, find_stack
from cloudmend.core.call import PutOff
from cloudmend.core.errors import CloudmendError, EventError, PolicyError
from cloudmend.core.escaping import plural, terminal
from cloudmend.core.model import Status
from cloudmend.core.undo import undo_command
from cloudmend.lambda_.continuation import Task
from cloudmend.lambda_.world import LEDGER_TABLE

_TASKS: Final = (Task, PutOff)  # what the messages of the sweep's queue hold


class _RecordAnswer(Struct, frozen=True):
    """The function's answer about one record."""

    status: Status
    summary: str
    entry_id: str = ""
    waits: bool = False  # something is left for another time


class _Answer(Struct, frozen=True):
    """The function's answer."""

    records: tuple[_RecordAnswer, ...]
    ignored: tuple[str, ...] = ()
    left: int = 0  # resources that a sweep left to its queue
    digest: int = 0  # resources that it left as they are, and tells people of in its digest
    held: int = 0  # and those of which people know


def hand_over(event: Any, stack_name: str, region: str | None, *, as_json: bool) -> int:
    """Have the stack's function handle an event, and tell what it answers; the exit code. Raises CloudmendError."""
    stack = find_stack(stack_name, region)
    logical_id, payload = addressed(event, stack.resources)
    configuration = stack.function(logical_id)
    function = configuration["FunctionName"]
    try:
        answer = msgspec.convert(invoke(configuration, stack.region, payload), _Answer)
    except FunctionFailed as error:
        raise _as_if_here(error, function) from None
    except msgspec.ValidationError as error:
        raise CloudmendError(f"Function {function} answered something that cannot be understood ({error}).") from None
    _tell(answer, stack, as_json=as_json)
    is_done = all(record.status in GOOD and not record.waits for record in answer.records)
    return 0 if is_done and not answer.left else 1


def addressed(event: Any, resources: Mapping[str, str]) -> tuple[str, Any]:
    """Return the logical id of the function that an event is for, and the event as that function gets it.

    A dead-letter queue holds what both functions failed at, and messages of the sweep's own queue.
    """
    if not isinstance(event, dict):
        return FUNCTION, event
    if "region" in event and any(event.keys() <= set(task.__struct_fields__) for task in _TASKS):
        return SWEEP, {"Records": [{"body": json.dumps(event)}]}
    context = event.get("requestContext")
    arn = str(context.get("functionArn", "")) if isinstance(context, dict) else ""
    if resources.get(SWEEP) in arn.split(":"):
        return SWEEP, event.get("requestPayload")
    return FUNCTION, event


def _as_if_here(error: FunctionFailed, function: str) -> CloudmendError:
    """The error that the same event would raise here, so that the exit code is the same."""
    kinds = {"EventError": EventError, "PolicyError": PolicyError}
    told = error.message if error.kind in (*kinds, "StillOpen") else f"{error.kind}: {error.message}"
    return kinds.get(error.kind, CloudmendError)(f"Function {function} failed. {told}")


def _tell(answer: _Answer, stack: Stack, *, as_json: bool) -> None:
    known = answer.digest + answer.held
    table = stack.settings().get(LEDGER_TABLE, "") if known or any(each.entry_id for each in answer.records) else ""
    screen = Screen()
    for reason in answer.ignored:
        sys.stderr.write(f"cloudmend: ignored, {terminal(reason)}.\n")
    if answer.left:
        sys.stderr.write(f"cloudmend: {plural(answer.left, 'resource')} wait in the sweep's queue.\n")
    if known:
        listed = shlex.join(["cloudmend", "records", "--standing", "--ledger", table, "--region", stack.region])
        told = f"cloudmend: {plural(known, 'resource')} left as before, of which people know or get a digest."
        sys.stderr.write(f"{told} To list: {listed}\n")
    for record in answer.records:
        if as_json:
            sys.stdout.write(f"{msgspec.json.encode(record).decode()}\n")
            continue
        screen.say(Text(record.status, STATUS_STYLE[record.status]), terminal(record.summary), hang=4)
        if record.entry_id:
            screen.say("  record:", record.entry_id)
            screen.command("  undo: ", undo_command(record.entry_id, region=stack.region, ledger=table))
