"""The record of a mend whose process died: what it says of each trace that is there now."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.attribution import attribute
from cloudmend.core.ledger_records import WITHOUT_TAGS, LedgerRecord, Unreadable
from cloudmend.core.model import SWEEP, Actor, Edit, Finding, Record, Request, Resource, Step
from cloudmend.core.orphaned import Traces, completed, is_news, not_completed, unread
from cloudmend.core.ports import Call
from ledgers.values import GROUP, intent
from support import ACCOUNT, NOW, REGION

EDITS = tuple(
    Edit(part=part, before="open", after="shut", did=f"narrowed {part}", why="too wide") for part in ("sgr-1", "sgr-2")
)
DIED = (
    "The process that began this mend at 2026-11-24 07:00:00 UTC died before its end was recorded. This was found "
    "afterwards; a notice of it may have come before."
)
LATE = (
    "This mend began at 2026-11-24 07:00:00 UTC and did not end then: AWS showed it late, or its process died. This "
    "was found afterwards; a notice of it may have come before."
)


def entry(**fields: Any) -> LedgerRecord:
    told = {
        "run_by": "arn:aws:iam::111122223333:user/alice",
        "decision": "mode.default is fix",
        "findings": (Finding(part="sgr-1", why="too wide"),),
    }
    return LedgerRecord.of(intent(**{**told, **fields}), NOW, bytes(5))


def record(of: LedgerRecord, status: Any, summary: str, **fields: Any) -> Record:
    """The record of the intent, with its own cause."""
    mend = of.intent
    made = Record(
        status=status,
        control=mend.control,
        resource=mend.resource,
        account=ACCOUNT,
        region=REGION,
        event_id=mend.event_id,
        event_name=mend.event_name,
        actor=mend.actor,
        attribution=attribute(mend.actor),
        run_by=mend.run_by,
        decision=mend.decision,
        findings=mend.findings,
        summary=summary,
        entry_id=of.id,
    )
    return replace(made, **fields)


def test_what_was_done_is_told_with_the_commands_that_take_it_back() -> None:
    calls = (Request("ec2:Open", {"A": 1}), Call("ec2", "OpenMore", {"B": 2}))
    traces = Traces(edits=EDITS, steps=(Step("sgr-1", "open", "shut"),), undo=calls)
    assert completed(entry(), traces, "the group") == record(
        entry(),
        "mended",
        f"the group: narrowed sgr-1; narrowed sgr-2. {DIED}",
        edits=traces.edits,
        steps=traces.steps,
        undo=tuple(call.command(REGION) for call in calls),
    )


@pytest.mark.parametrize(
    ("traces", "may_settle", "tags_left_out", "status", "told"),
    [
        (Traces(), False, False, "failed", f"nothing is known to have been changed. {DIED}"),
        (Traces(edits=EDITS[:1]), True, True, "mended", f"narrowed sgr-1. {LATE} {WITHOUT_TAGS}"),
        (
            Traces(edits=EDITS[:1], untouched=("tcp/22", "tcp/23")),
            False,
            False,
            "failed",
            f"narrowed sgr-1. These are as they were before, never changed or changed back: tcp/22; tcp/23. {DIED}",
        ),
        (
            Traces(edits=EDITS[:1], changed=("tcp/22", "tcp/23")),
            False,
            False,
            "mended",
            (
                "narrowed sgr-1. Somebody has changed these since, so it is not known what the mend did: tcp/22; "
                f"tcp/23. {DIED}"
            ),
        ),
    ],
)
def test_it_failed_unless_something_was_done_and_nothing_is_as_it_was(
    traces: Traces, may_settle: bool, tags_left_out: bool, status: str, told: str
) -> None:
    of = entry(tags_left_out=tags_left_out)
    severity = "high" if status == "failed" else "normal"
    expected = record(of, status, f"the group: {told}", edits=traces.edits, severity=severity)
    assert completed(of, traces, "the group", may_settle=may_settle) == expected


@pytest.mark.parametrize(("may_settle", "why"), [(False, DIED), (True, LATE)])
def test_of_what_is_gone_nothing_is_claimed(may_settle: bool, why: str) -> None:
    gone = "the group does not exist any more, so it is not known what was done to it."
    expected = record(entry(), "gone", f"{gone} {why}")
    assert completed(entry(), None, "the group", may_settle=may_settle) == expected


def test_an_intent_that_cannot_be_completed_failed_with_its_problem() -> None:
    assert not_completed(entry(), "No answer.", "the group") == record(
        entry(),
        "failed",
        f"the group: {DIED} What it did cannot be found out: No answer.",
        errors=("No answer.",),
        severity="high",
    )


def test_a_mend_that_a_sweep_began_was_missed_by_the_events() -> None:
    of = entry(event_name=SWEEP)
    assert completed(of, Traces(edits=EDITS[:1]), "the group").missed


@pytest.mark.parametrize(
    ("traces", "news"),
    [
        (None, True),
        (Traces(), False),
        (Traces(untouched=("tcp/22",)), False),
        (Traces(edits=EDITS), True),
        (Traces(changed=("tcp/22",)), True),
    ],
)
def test_people_are_told_unless_nothing_was_changed(traces: Traces | None, news: bool) -> None:
    assert is_news(traces) is news


@pytest.mark.parametrize(
    ("spoiled", "resource"),
    [
        (Unreadable(f"{GROUP}/2026", "It is spoiled."), Resource(type="", id=GROUP)),
        (Unreadable("", "It is spoiled."), Resource(type="AWS::Region", id=REGION)),
    ],
)
def test_an_open_item_that_cannot_be_read_is_told_with_what_is_known_of_its_resource(
    spoiled: Unreadable, resource: Resource
) -> None:
    assert unread(spoiled, REGION) == Record(
        status="failed",
        control="",
        resource=resource,
        account="",
        region=REGION,
        event_id="",
        event_name=SWEEP,
        actor=Actor(),
        summary=f"It is spoiled. It is not known whether its mend was done and reported: look at {resource.id}.",
        errors=("It is spoiled.",),
        entry_id=spoiled.id,
        severity="high",
        ledger_unreadable=("It is spoiled.",),
    )
