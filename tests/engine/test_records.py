"""Whole values: the record of each end of a walk, and what the ledger and the queue get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control
from cloudmend.core.model import Edit, Finding, Intent, Record, Request, Resource, Step, Words
from cloudmend.core.ports import PutOff
from cloudmend.core.version import CODE_VERSION
from cloudmend.engine.stations.walk import mend
from lamps import CONTROL, ID, SETTLING, TYPE, Home, call, policy, refusal, target
from support import ACCOUNT, NOW, REGION

LAMP = Resource(type=TYPE.type, id=ID, name="the hall", account=ACCOUNT, region=REGION)
ON = Finding(part="hall", why="hall is on")
HOT = Finding(part="stairs", why="stairs is hot", wait="it is hot")
BOLTED = Finding(part="porch", why="porch is bolted", restraint="somebody bolted it")
LOOK = (f'aws home get-lamp --region {REGION} --cli-input-json \'{{"Id":"lamp-1"}}\'',)


def _set(value: str) -> str:
    body = f'{{"Id":"lamp-1","Switch":"hall","To":{value},"Revision":"1"}}'
    return f"aws home set-switch --region {REGION} --cli-input-json '{body}'"


CLEAN = Record(
    status="clean",
    control=CONTROL.id,
    resource=LAMP,
    account=ACCOUNT,
    region=REGION,
    event_id="e-1",
    event_name="SetSwitch",
    actor=call().actor,
    summary="lamp lamp-1 (the hall): no finding of lamp_on.",
    arn=f"arn:aws:home:{REGION}:{ACCOUNT}:lamp/lamp-1",
    words=Words(noun="lamp"),
    seconds_since_call=0.0,
)
AT_FAULT = replace(CLEAN, decision="mode.default is fix", findings=(ON,))
DONE = replace(
    AT_FAULT,
    edits=(Edit(part="hall", before="on", after="off", did="hall: changed from on to off", why="hall is on"),),
    steps=(Step("hall", "on", "off"),),
    undo=(_set('"on"'),),
)
MENDED = replace(DONE, status="mended", summary="lamp lamp-1 (the hall): hall: changed from on to off.")
LEFT = replace(AT_FAULT, remaining=(ON,), look=LOOK, by_hand=(_set("null"),), seconds_since_call=1.5)
STILL_OPEN = replace(LEFT, status="open", severity="high", summary="lamp lamp-1 (the hall) is STILL OPEN: hall is on.")
OBSERVED = replace(
    DONE,
    status="observed",
    steps=(),
    undo=(),
    look=LOOK,
    by_hand=(_set("null"),),
    decision="mode.default is observe",
    summary="lamp lamp-1 (the hall): would have hall: changed from on to off. Nothing was changed: "
    "mode.default is observe.",
)
INTENT = Intent(
    control=CONTROL.id,
    resource=LAMP,
    account=ACCOUNT,
    region=REGION,
    event_id="e-1",
    event_name="SetSwitch",
    actor=call().actor,
    seen=NOW,
    policy_hash=policy().digest,
    code_version=CODE_VERSION,
    findings=(ON,),
    decision="mode.default is fix",
    before={"parts": {"hall": "on"}, "labels": {"name": "the hall"}},
    requests=(Request("home:SetSwitch", {"Id": ID, "Switch": "hall", "To": "off", "Revision": "1"}),),
    undo=(_set('"on"'),),
    steps=(Step("hall", "on", "off"),),
)
TASK = PutOff(
    due=NOW + timedelta(minutes=5, seconds=1.5),
    account=ACCOUNT,
    region=REGION,
    control=CONTROL.id,
    resource=LAMP,
    cause=replace(call(), time=None),
    opened=("hall",),
    told=("hall",),
)


@dataclass
class Case:
    """A lamp, and the record, the ledger's entry, and the task in the queue after its walk."""

    of: str
    record: Record
    home: Callable[[], Home] = Home
    entry: str = ""
    intent: Intent = INTENT
    task: PutOff | None = None
    control: Control[Any] = CONTROL
    text: str = ""
    parts: tuple[str, ...] = ()


CASES = [
    Case("nothing is at fault", CLEAN, lambda: Home(switches={"hall": "off"})),
    Case("it is mended", MENDED, entry="DONE"),
    Case("the policy says to observe", OBSERVED, text='mode = "observe"'),
    Case(
        "it is not there, and the event is young",
        replace(
            CLEAN,
            status="observed",
            resource=replace(LAMP, name=""),
            decision="it is looked at again at 07:00:10 UTC",
            look=LOOK,
            retry_at=NOW + timedelta(seconds=10),
            summary="lamp lamp-1: AWS does not show lamp-1 itself yet, which the event names. Nothing was changed: "
            "it is looked at again at 07:00:10 UTC.",
        ),
        lambda: Home(switches={}),
        task=replace(
            TASK, due=NOW + timedelta(seconds=10), resource=replace(LAMP, name=""), cause=call(), opened=(), told=()
        ),
    ),
    Case(
        "the rest is hot, or bolted",
        replace(
            DONE,
            status="deferred",
            findings=(ON, HOT, BOLTED),
            remaining=(HOT, BOLTED),
            look=LOOK,
            retry_at=NOW + timedelta(minutes=5),
            summary="lamp lamp-1 (the hall): hall: changed from on to off. Besides, stairs is hot; porch is bolted. "
            "It cannot be mended now. It is looked at again at 07:05:00 UTC.",
        ),
        lambda: Home(switches={"hall": "on", "stairs": "hot", "porch": "bolted"}),
        entry="FAILED",
        intent=replace(
            INTENT,
            findings=(ON, HOT, BOLTED),
            before={"parts": {"hall": "on", "stairs": "hot", "porch": "bolted"}, "labels": {"name": "the hall"}},
        ),
        task=replace(
            TASK, due=NOW + timedelta(minutes=5), opened=("hall", "stairs", "porch"), told=("hall", "stairs", "porch")
        ),
    ),
    Case(
        "all of it is hot, or bolted",
        replace(
            CLEAN,
            status="deferred",
            decision="it is hot; somebody bolted it",
            findings=(HOT, BOLTED),
            look=LOOK,
            retry_at=NOW + timedelta(minutes=5),
            summary="lamp lamp-1 (the hall): stairs is hot; porch is bolted. It cannot be mended now. "
            "It is looked at again at 07:05:00 UTC.",
        ),
        lambda: Home(switches={"stairs": "hot", "porch": "bolted"}),
        task=replace(TASK, due=NOW + timedelta(minutes=5), opened=("stairs", "porch"), told=("stairs", "porch")),
    ),
    Case(
        "it is busy",
        replace(
            LEFT,
            status="deferred",
            errors=("The lamp said LampBusy.",),
            retry_at=TASK.due,
            summary="lamp lamp-1 (the hall): The lamp said LampBusy. It cannot be mended now. "
            "It is looked at again at 07:05:01 UTC.",
        ),
        lambda: Home(refuses=[refusal("LampBusy")]),
        entry="FAILED",
        task=TASK,
    ),
    Case(
        "a write is refused",
        replace(STILL_OPEN, errors=("The lamp said NotAllowed.",)),
        lambda: Home(refuses=[refusal("NotAllowed")]),
        entry="FAILED",
    ),
    Case(
        "a write has no answer, and the entry stays open",
        replace(STILL_OPEN, errors=("The lamp said nothing.",)),
        lambda: Home(refuses=[refusal("")]),
        entry="INTENT",
    ),
    Case(
        "AWS does not show it yet",
        replace(
            DONE,
            status="pending",
            remaining=(ON,),
            look=LOOK,
            by_hand=(_set("null"),),
            retry_at=TASK.due,
            seconds_since_call=1.5,
            summary="lamp lamp-1 (the hall): hall: changed from on to off. AWS accepted that and does not show it yet. "
            "It is looked at again at 07:05:01 UTC.",
        ),
        lambda: Home(lags=9),
        entry="INTENT",
        task=TASK,
        control=replace(CONTROL, settles_in=SETTLING),
    ),
    Case(
        "a part that the event names is not shown yet",
        replace(
            MENDED,
            resource=replace(LAMP, parts=("stairs",)),
            retry_at=NOW + timedelta(seconds=11),
            seconds_since_call=1.0,
            summary="lamp lamp-1 (the hall): hall: changed from on to off. AWS does not show stairs yet, which the "
            "event names: that is looked at again at 07:00:11 UTC.",
        ),
        entry="DONE",
        intent=replace(INTENT, resource=replace(LAMP, parts=("stairs",))),
        task=replace(
            TASK,
            due=NOW + timedelta(seconds=11),
            resource=replace(LAMP, parts=("stairs",)),
            cause=call(),
            opened=("stairs",),
            told=(),
        ),
        parts=("stairs",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.of for case in CASES])
def test_the_record_the_intent_and_the_task_of_an_end_say_all_that_is_known(case: Case) -> None:
    home = case.home()
    (record,) = mend([target(case.control, case.parts)], policy(case.control, case.text), home.world)
    assert replace(record, entry_id="") == case.record
    assert home.told == [record]
    kept = list(home.store.entries.values())
    assert [entry.state for entry in kept] == ([case.entry] if case.entry else [])
    assert [entry.id for entry in kept] == ([record.entry_id] if record.entry_id else [])
    assert [replace(entry.intent, policy_hash=INTENT.policy_hash) for entry in kept] == [case.intent] * len(kept)
    assert [entry.ended.record for entry in kept if entry.ended] == [record] * (case.entry in ("DONE", "FAILED"))
    accepted = record.entry_id if record.status == "pending" else ""
    assert home.put_off_tasks == ([replace(case.task, accepted=accepted)] if case.task else [])
