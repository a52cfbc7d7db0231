"""What an undo says: whole sentences of refusals, of records, and of what is left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Difference, UndoStatus
from cloudmend.core.errors import UndoIncomplete, UndoRefused, WrongState
from cloudmend.core.ledger_records import End, Exemptions, LedgerRecord, State, Unreadable
from cloudmend.core.model import UNDO, Actor, Attribution, Edit, Finding, Record, Request, Resource
from cloudmend.core.notice.wording import remove_command, undo_command
from cloudmend.core.undo import (
    UndoResult,
    check_anything,
    check_done,
    check_place,
    check_stored,
    check_there,
    check_unchanged,
    incomplete,
    mended_record,
    undone_already,
    undone_record,
)
from ledgers.values import GROUP, exemption, intent, record
from support import ACCOUNT, NOW, REGION

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ENTRY = LedgerRecord.of(intent(), NOW, bytes(5))
HELD = exemption(ENTRY.id)
CALL = Request("ec2:Open", {"A": "1"})
DIFFERENCES = (
    Difference(part="sgr-1", expected="tcp/22 from 10.0.0.0/8", found="no such rule"),
    Difference(part="sgr-2", expected="shut", found="open"),
)
LISTED = "sgr-1: expected tcp/22 from 10.0.0.0/8, is no such rule; sgr-2: expected shut, is open"
EDITS = tuple(Edit(part=part, before="", after="", did=f"{part} is open again", why="undone") for part in ("a", "b"))
NOTHING = "Nothing was changed."


def entry(state: State, mend: Record | None = None, undo: Record | None = None, **fields: Any) -> LedgerRecord:
    ended, undone = (None if each is None else End(NOW, each) for each in (mend, undo))
    return replace(ENTRY, state=state, ended=ended, undone=undone, **fields)


def ended(status: Any, **fields: Any) -> Record:
    return replace(record(), status=status, **{"edits": (), **fields})


def test_parts_are_undone_together() -> None:
    one = UndoStatus(marks=("m",), differences=DIFFERENCES[:1], requests=(CALL,), restored=EDITS[:1])
    two = UndoStatus(marks=("n",), differences=DIFFERENCES[1:], restored=EDITS[1:])
    assert UndoStatus.of(iter([one, two])) == UndoStatus(
        marks=("m", "n"), differences=DIFFERENCES, requests=(CALL,), restored=EDITS
    )


@pytest.mark.parametrize(
    ("reversal", "done"),
    [
        (UndoStatus(), True),
        (UndoStatus(marks=("m",), restored=EDITS), True),
        (UndoStatus(is_gone=True), False),
        (UndoStatus(differences=DIFFERENCES), False),
        (UndoStatus(requests=(CALL,)), False),
    ],
)
def test_an_undo_is_done_when_nothing_is_left_to_do(reversal: UndoStatus, done: bool) -> None:
    assert reversal.is_done is done


@pytest.mark.parametrize(
    "stored",
    [
        entry("INTENT"),
        entry("DONE", ended("mended")),
        entry("DONE", ended("clean")),
        *(
            entry("FAILED", ended(each))
            for each in ("failed", "open", "gone", "observed", "exempt", "deferred", "clean")
        ),
        entry("UNDONE", ended("pending"), record()),
    ],
)
def test_a_record_that_agrees_with_itself_is_trusted(stored: LedgerRecord) -> None:
    check_stored(stored, ENTRY.id)


@pytest.mark.parametrize(
    "stored",
    [
        entry("DONE", ended("mended"), opened=NOW + timedelta(seconds=1)),
        entry("INTENT", ended("mended")),
        entry("INTENT", None, record()),
        entry("DONE"),
        entry("DONE", ended("mended"), record()),
        entry("FAILED"),
        entry("UNDONE", ended("mended")),
        entry("UNDONE", None, record()),
        entry("DONE", ended("failed")),
        entry("FAILED", ended("mended")),
        entry("DONE", ended("clean", edits=EDITS)),
        entry("DONE", ended("clean", findings=(Finding(part="a", why="open"),))),
    ],
)
def test_a_record_that_contradicts_itself_is_not(stored: LedgerRecord) -> None:
    with pytest.raises(UndoRefused) as refused:
        check_stored(stored, ENTRY.id)
    assert str(refused.value) == (
        f"Record {ENTRY.id} cannot be trusted: its id, its state, and its result contradict each other. It may have "
        f"been changed in the ledger. {NOTHING} Look up in CloudTrail what was done to {GROUP}, and restore it by hand."
    )


def test_another_record_than_the_one_asked_for_is_refused() -> None:
    with pytest.raises(UndoRefused, match="Record another cannot be trusted"):
        check_stored(entry("DONE", ended("mended")), "another")


def test_only_a_mend_that_has_ended_has_a_record() -> None:
    assert mended_record(entry("DONE", record())) == record()
    for running in (entry("INTENT"), entry("INTENT", record()), entry("DONE")):
        with pytest.raises(WrongState) as refused:
            mended_record(running)
        assert str(refused.value) == (
            f"The mend of record {ENTRY.id} is still in progress, or crashed. {NOTHING} Try again in a minute, or, "
            "with a stack's ledger, when its next sweep has completed it."
        )


UNDONE = End(NOW, replace(record(), attribution=Attribution(who=ALICE, through="cloudmend undo", where="unknown")))
WHEN = f"{GROUP} was undone already, on 2026-11-24 07:00 UTC by {ALICE}"


def test_what_was_undone_already_is_told_with_its_exemption() -> None:
    other = exemption("another")
    assert undone_already(ENTRY, UNDONE, UndoStatus(restored=EDITS), Exemptions((other, HELD))) == UndoResult(
        entry=ENTRY,
        exemption=HELD,
        record=UNDONE.record,
        already=(
            f"{WHEN}. It is exempt until 2026-11-24 09:00 UTC: The vendor has no VPN yet (network-team). Nothing was "
            "left to do. To leave it open for longer, use cloudmend exempt add, with the same --ledger."
        ),
    )


@pytest.mark.parametrize(
    ("reversal", "held", "told"),
    [
        (
            UndoStatus(requests=(CALL,)),
            Exemptions((HELD,)),
            (
                f"{WHEN}, and is no longer as that undo left it. {NOTHING} If it was mended again, that mend has a "
                f"record of its own: cloudmend records --resource {GROUP}, with the same --ledger, lists them."
            ),
        ),
        (
            UndoStatus(),
            Exemptions((), (Unreadable("another", "It is spoiled."), Unreadable(HELD.id, "It is no JSON."))),
            (
                f"{WHEN}. It is no JSON. Until it can be read, it exempts nothing. If it is no longer needed, end it "
                f"with cloudmend exempt remove {HELD.id}, with the same --ledger. The next event or sweep closes it "
                f"again. {NOTHING}"
            ),
        ),
        (
            UndoStatus(),
            Exemptions((exemption("another"),), (Unreadable("another", "It is spoiled."),)),
            (
                f"{WHEN}, and its exemption has ended since: the next event or sweep closes it again. {NOTHING} To "
                "leave it open, use cloudmend exempt add, with the same --ledger."
            ),
        ),
        (
            UndoStatus(is_gone=True),
            Exemptions((HELD,)),
            (
                f"{GROUP} does not exist in {REGION} any more: it was deleted, so there is nothing to restore. "
                f"{NOTHING} What it was before the mend is in the record: cloudmend records --resource {GROUP} --json, "
                "with the same --ledger."
            ),
        ),
    ],
)
def test_an_undo_that_no_longer_holds_is_refused(reversal: UndoStatus, held: Exemptions, told: str) -> None:
    with pytest.raises(UndoRefused) as refused:
        undone_already(ENTRY, UNDONE, reversal, held)
    assert str(refused.value) == told


@pytest.mark.parametrize("account", [ACCOUNT, ""])
def test_a_mend_is_undone_in_its_own_place(account: str) -> None:
    check_place(replace(ENTRY, intent=intent(account=account)), REGION, ALICE)
    check_there(ENTRY, UndoStatus())
    check_unchanged(ENTRY, UndoStatus(requests=(CALL,)))


@pytest.mark.parametrize(
    ("region", "caller", "told"),
    [
        (
            "us-east-1",
            ALICE,
            f"{ENTRY.id} was mended in {REGION}. {NOTHING} Pass --region {REGION}.",
        ),
        (
            REGION,
            "arn:aws:iam::123456789012:user/eve",
            (
                f"{ENTRY.id} was mended in account {ACCOUNT}, and the credentials are of 123456789012. {NOTHING} Use "
                "credentials of that account."
            ),
        ),
    ],
)
def test_another_place_is_refused(region: str, caller: str, told: str) -> None:
    with pytest.raises(UndoRefused) as refused:
        check_place(ENTRY, region, caller)
    assert str(refused.value) == told


def test_what_is_gone_is_not_said_to_be_changed() -> None:
    with pytest.raises(UndoRefused, match=f"^{GROUP} does not exist in {REGION} any more"):
        check_unchanged(ENTRY, UndoStatus(is_gone=True, differences=DIFFERENCES))


def test_what_somebody_changed_is_refused_with_each_difference() -> None:
    with pytest.raises(UndoRefused) as refused:
        check_unchanged(ENTRY, UndoStatus(differences=DIFFERENCES))
    assert str(refused.value) == (
        f"{GROUP} is no longer as cloudmend left it ({LISTED}). {NOTHING} Change it by hand, or exempt it with "
        "cloudmend exempt add, with the same --ledger."
    )


@pytest.mark.parametrize(
    ("restored", "why"), [((), "its mend changed nothing"), (EDITS, "a is open again; b is open again")]
)
def test_where_nothing_is_restored_nothing_is_exempt(restored: tuple[Edit, ...], why: str) -> None:
    check_anything(ENTRY, UndoStatus(marks=("m",), restored=restored))
    with pytest.raises(UndoRefused) as refused:
        check_anything(ENTRY, UndoStatus(restored=restored))
    assert str(refused.value) == f"There is nothing to undo for {GROUP}: {why}. {NOTHING}"


STANDS = (
    f"Run the same command again to complete it. Exemption {ENTRY.id} stands until 2026-11-24 09:00 UTC; cloudmend "
    "exempt remove, with the same --ledger, ends it."
)


@pytest.mark.parametrize(
    ("left", "restored", "missing"),
    [
        (UndoStatus(is_gone=True), "nothing", "the resource, which was deleted"),
        (
            UndoStatus(restored=EDITS, differences=DIFFERENCES, requests=(CALL, CALL)),
            "a is open again; b is open again",
            f"{LISTED}; {CALL.command(REGION)}; {CALL.command(REGION)}",
        ),
    ],
)
def test_a_half_done_undo_says_what_is_restored_and_what_is_not(left: UndoStatus, restored: str, missing: str) -> None:
    check_done(ENTRY, HELD, replace(left, is_gone=False, differences=(), requests=()), "")
    with pytest.raises(UndoIncomplete) as told:
        check_done(ENTRY, HELD, left, "No answer.")
    assert str(told.value) == (
        f"{GROUP} is only partly as it was. Restored: {restored}. Not restored: {missing}. No answer. {STANDS}"
    )


def test_a_problem_after_the_exemption_names_it() -> None:
    assert str(incomplete(ENTRY, HELD, "was not stored.")) == f"{GROUP} was not stored. {STANDS}"


@pytest.mark.parametrize(
    ("restored", "told"), [(EDITS, "a is open again; b is open again"), ((), "nothing was left to restore")]
)
def test_the_record_of_an_undo_leaves_it_open_on_purpose(restored: tuple[Edit, ...], told: str) -> None:
    caller, until = HELD.created_by, "2026-11-24 09:00 UTC: The vendor has no VPN yet (network-team)"
    assert undone_record(ENTRY, HELD, restored, "the group") == Record(
        status="exempt",
        control=ENTRY.intent.control,
        resource=ENTRY.intent.resource,
        account=ACCOUNT,
        region=REGION,
        event_id="",
        event_name=UNDO,
        actor=Actor(arn=caller),
        attribution=Attribution(who=caller, through="cloudmend undo", where="unknown"),
        run_by=caller,
        summary=f"the group: {told}. Only that is exempt until {until}.",
        decision=f"exempt until {until}",
        edits=restored,
        entry_id=ENTRY.id,
        exemption_id=HELD.id,
    )


def test_commands_are_quoted_for_a_shell_and_name_the_place_if_it_is_known() -> None:
    assert undo_command("01", region="", ledger="") == 'cloudmend undo 01 --for 2h --reason "..."'
    assert undo_command("a b", region="eu-west-1", ledger="a table") == (
        "cloudmend undo 'a b' --region eu-west-1 --ledger 'a table' --for 2h --reason \"...\""
    )
    assert remove_command("a b", region="eu-west-1", ledger="a table") == (
        "cloudmend exempt remove 'a b' --region eu-west-1 --ledger 'a table'"
    )


def test_a_resource_with_a_name_is_told_by_both() -> None:
    named = replace(ENTRY, intent=intent(resource=Resource(type="AWS::EC2::SecurityGroup", id=GROUP, name="web")))
    assert str(incomplete(named, HELD, "was not stored.")).startswith(f"{GROUP} (web) was not stored.")
