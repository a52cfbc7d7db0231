"""`cloudmend invoke`: an event handled here, by the engine over the user's own AWS, or handed to a deployed function.

A deployed function acts by all that it has of its own.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.text import Text

from cloudmend import controls, engine
from cloudmend.aws import stack as functions
from cloudmend.aws.world import world
from cloudmend.cli.ledgers import open_ledger
from cloudmend.cli.messages import STATUS_STYLE, not_kept
from cloudmend.cli.screen import Screen
from cloudmend.cli.stack import FUNCTION, SWEEP, Stack, find_stack
from cloudmend.core.errors import CloudmendError, EventError, PolicyError
from cloudmend.core.escaping import plural, terminal
from cloudmend.core.model import Ignored, Record, Status
from cloudmend.core.notice.wording import undo_command
from cloudmend.core.ports import PutOff
from cloudmend.disk.policy_file import read_policy
from cloudmend.lambda_.continuation import Task
from cloudmend.lambda_.world import LEDGER_TABLE

GOOD: Final = ("mended", "clean", "observed", "exempt")
_TASKS: Final = (Task, PutOff)  # what the messages of the sweep's queue hold


def invoke(
    event: object, settings: Mapping[str, str], policy_file: Path, region: str | None, *, ledger: str, as_json: bool
) -> int:
    """Handle one event; the exit code: 0 where every record is a good end, else 1. Raises CloudmendError."""
    policy = read_policy(settings, policy_file)
    notifier = _TerminalNotifier(ledger, as_json=as_json)
    here = world(ledger=open_ledger(ledger, region), notifier=notifier, region=region)
    here = msgspec.structs.replace(here, keeps_baseline=bool(ledger))  # as the stack of that table would handle it
    answer = engine.handle(event, woken_by=controls.woken_by, policy=policy, world=here)
    _tell_ignored(each.reason for each in answer if isinstance(each, Ignored))
    return 0 if all(isinstance(each, Ignored) or _is_good(each) for each in answer) else 1


class _TerminalNotifier:
    """A notifier that tells the person at the terminal, or a program."""

    def __init__(self, table: str, *, as_json: bool) -> None:
        self._screen = Screen()
        self._table = table
        self._as_json = as_json

    def publish(self, record: Record) -> None:
        if self._as_json:
            sys.stdout.write(f"{msgspec.json.encode(record).decode()}\n")
            return
        self._screen.say(Text(record.status, STATUS_STYLE[record.status]), terminal(record.summary), hang=4)
        for line in (*(edit.why for edit in record.edits), *record.errors):
            if line not in record.summary:
                self._screen.say(Text(f"  {terminal(line)}", "dim"))
        if record.status == "gone":
            self._screen.say("  To try it on a group of yours, pass --group GROUP_ID.")
        _tell_undo(self._screen, record.entry_id, record.region, self._table)

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        sys.stderr.write(not_kept(keys, problem))


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
    held: int = 0  # and those that people know


def hand_over(event: Any, stack_name: str, region: str | None, *, as_json: bool) -> int:
    """Have the stack's function handle an event, and tell what it answers; the exit code. Raises CloudmendError."""
    stack = find_stack(stack_name, region)
    logical_id, payload = addressed(event, stack.resources)
    configuration = stack.function(logical_id)
    function = configuration["FunctionName"]
    try:
        answer = msgspec.convert(functions.invoke(configuration, stack.region, payload), _Answer)
    except functions.FunctionFailed as error:
        raise _as_if_here(error, function) from None
    except msgspec.ValidationError as error:
        raise CloudmendError(f"Function {function} answered something that cannot be understood ({error}).") from None
    _tell(answer, stack, as_json=as_json)
    return 0 if all(map(_is_good, answer.records)) and not answer.left else 1


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


def _as_if_here(error: functions.FunctionFailed, function: str) -> CloudmendError:
    """The error that the same event would raise here, so that the exit code is the same."""
    kinds = {"EventError": EventError, "PolicyError": PolicyError}
    told = error.message if error.kind in (*kinds, "StillOpen") else f"{error.kind}: {error.message}"
    return kinds.get(error.kind, CloudmendError)(f"Function {function} failed. {told}")


def _tell(answer: _Answer, stack: Stack, *, as_json: bool) -> None:
    known = answer.digest + answer.held
    table = stack.settings().get(LEDGER_TABLE, "") if known or any(each.entry_id for each in answer.records) else ""
    screen = Screen()
    _tell_ignored(answer.ignored)
    if answer.left:
        sys.stderr.write(f"cloudmend: {plural(answer.left, 'resource')} wait in the sweep's queue.\n")
    if known:
        listed = shlex.join(["cloudmend", "records", "--standing", "--ledger", table, "--region", stack.region])
        told = f"cloudmend: {plural(known, 'resource')} left as before, known already or told in a digest."
        sys.stderr.write(f"{told} To list: {listed}\n")
    for record in answer.records:
        if as_json:
            sys.stdout.write(f"{msgspec.json.encode(record).decode()}\n")
            continue
        screen.say(Text(record.status, STATUS_STYLE[record.status]), terminal(record.summary), hang=4)
        _tell_undo(screen, record.entry_id, stack.region, table)


def _is_good(record: Record | _RecordAnswer) -> bool:
    """Return whether a record is a good end, with nothing left for another time."""
    return record.status in GOOD and not record.waits


def _tell_ignored(reasons: Iterable[str]) -> None:
    for reason in reasons:
        sys.stderr.write(f"cloudmend: ignored, {terminal(reason)}.\n")


def _tell_undo(screen: Screen, record_id: str, region: str, table: str) -> None:
    """Write the id of a record in the ledger, and the command that undoes its mend; nothing without an id."""
    if record_id:
        screen.say("  record:", record_id)
        screen.command("  undo: ", undo_command(record_id, region=region, ledger=table))
