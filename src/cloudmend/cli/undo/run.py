"""`cloudmend undo`: a mend taken back with the user's own credentials, told to a person."""

from __future__ import annotations

import sys

import msgspec

from cloudmend.aws.world import connection, world
from cloudmend.cli.ledgers import StackNotifier, open_ledger
from cloudmend.cli.messages import exempted
from cloudmend.cli.screen import Screen
from cloudmend.controls import by_id, every
from cloudmend.core.errors import UndoIncomplete
from cloudmend.core.escaping import command, terminal
from cloudmend.core.exempting import ExemptionRequest, parse_duration
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.model import UNDO, Record
from cloudmend.core.notice.event import NoticeRequest
from cloudmend.core.record_ids import find
from cloudmend.core.undo import UndoResult
from cloudmend.core.world import World
from cloudmend.disk.policy_file import read_policy
from cloudmend.engine.stations.orphaned import complete_all
from cloudmend.engine.undo import undo as take_back


def undo(
    record_id: str,
    *,
    duration: str,
    reason: str,
    owner: str,
    ledger: str,
    region: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Raises CloudmendError: nothing was changed, or the sentence says what was."""
    lasting = parse_duration(duration)
    caller = connection(region).caller()
    grounds = ExemptionRequest(owner=owner or caller, reason=reason, duration=lasting, caller=caller)
    book = open_ledger(ledger, region)
    entry = find(book, record_id)
    home = entry.intent.region
    # A table is where the stack is, and so is `region`, but the resource may be elsewhere: a sweep of all Regions keeps
    # one ledger. A file is in no Region, so `region` is the resource's.
    here = world(ledger=book, notifier=TerminalNotifier(as_json=as_json), region=home if ledger else region or home)
    if not (ledger or dry_run):  # no sweep comes by a file of the user's own, to end what a killed command began
        list(complete_all((entry,), every(), read_policy({}), here))
    undone = take_back_and_tell(entry, grounds, here, StackNotifier(ledger, region), dry_run=dry_run)
    if undone.record is None:
        _tell_plan(undone, here.region, as_json=as_json)
    elif undone.already and as_json:
        sys.stdout.write(f"{_json(undone.record)}\n")
    elif undone.already:
        Screen().say(terminal(undone.already))


def take_back_and_tell(
    entry: LedgerRecord, grounds: ExemptionRequest, here: World, stack: StackNotifier, *, dry_run: bool
) -> UndoResult:
    """The stack is asked to tell people, also of an exemption that stands where the undo failed, and a second time
    where it was undone already: whoever did so may have got no further. Raises CloudmendError as the undo does.
    """
    try:
        undone = take_back(entry.id, grounds, place=entry.place, control_of=by_id, world=here, dry_run=dry_run)
    except UndoIncomplete:
        stack.tell(NoticeRequest(exemption=entry.id))
        raise
    if undone.record and not dry_run:
        stack.tell(NoticeRequest(record=entry.id, place=entry.place))
        if undone.exemption.created_by != undone.record.actor.arn:  # of two at once, the other's undo and our exemption
            stack.tell(NoticeRequest(exemption=entry.id))
    return undone


class TerminalNotifier:
    """A notifier that tells the person at the terminal, or the program behind it."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json

    def publish(self, record: Record) -> None:
        if self._as_json:
            sys.stdout.write(f"{_json(record)}\n")
        else:
            done = "undone" if record.event_name == UNDO else record.status
            Screen().say(done, terminal(record.summary), hang=2)


def _tell_plan(undone: UndoResult, region: str, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(f"{_json({'exemption': undone.exemption, 'requests': undone.requests})}\n")
        return
    screen = Screen()
    screen.say("would exempt", exempted(undone.exemption), hang=2)
    for request in undone.requests:
        screen.command("would run: ", command(request.command(region)))
    screen.say("Nothing was changed.")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
