"""A person takes a mend back, of any control: exactly, exempt, and believed only if the record agrees with itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from cloudmend.core.errors import AwsError, UndoIncomplete, UndoRefused
from cloudmend.core.exempting import ExemptionRequest, Where
from cloudmend.core.ledger_records import End
from cloudmend.core.model import Step
from cloudmend.core.planning import same, same_parts
from cloudmend.core.undo import UndoResult
from cloudmend.engine.undo import undo
from cloudmend.testing.bench import Bench
from cloudmend.testing.clients import ACCOUNT
from cloudmend.testing.specimen import needs

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
GROUNDS = ExemptionRequest(owner="data-team", reason="A partner reads it", duration=timedelta(hours=2), caller=ALICE)


def undone(bench: Bench, record_id: str, *, dry_run: bool = False) -> UndoResult:
    policy = bench.policy()
    return undo(
        record_id, GROUNDS, control_of=lambda _: bench.control, world=bench.world, dry_run=dry_run, policy=policy
    )


def test_it_is_given_back_exactly_told_and_exempt_afterwards(bench: Bench) -> None:
    before = bench.state()
    mended = bench.mend()
    done = undone(bench, mended.entry_id)
    assert same_parts(bench.control, bench.state().parts, before.parts)
    assert done.record
    assert (done.record.status, done.record.event_name, done.record.control) == ("exempt", "Undo", bench.control.id)
    assert len(done.record.edits) == len(mended.steps)
    assert bench.mend().status == "exempt"
    assert same_parts(bench.control, bench.state().parts, before.parts)


def test_a_dry_run_changes_nothing_and_tells_the_calls(bench: Bench) -> None:
    mended = bench.mend()
    state = bench.state()
    planned = undone(bench, mended.entry_id, dry_run=True)
    assert [request.command(bench.aws.region) for request in planned.requests] == list(mended.undo)
    assert bench.state() == state
    assert not bench.ledger.exemptions(bench.clock.now()).held


def test_a_second_undo_says_who_made_the_first(bench: Bench) -> None:
    mended = bench.mend()
    undone(bench, mended.entry_id)
    writes = bench.steps.names.count("write")
    assert f"by {ALICE}" in undone(bench, mended.entry_id).already
    assert bench.steps.names.count("write") == writes


@needs(lambda each: each.worsen)
def test_what_it_exempts_is_what_it_restored_and_no_more(bench: Bench) -> None:
    before = bench.state()
    undone(bench, bench.mend().entry_id)
    assert bench.specimen.worsen
    bench.specimen.worsen(bench.client, bench.id)
    assert not same_parts(bench.control, bench.state().parts, before.parts)
    record = bench.mend()
    assert (record.status, len(record.findings)) == ("mended", 1)
    assert bench.mend().status == "exempt"


@needs(lambda each: each.worsen and each.control.whole)
def test_what_somebody_changed_since_is_not_overwritten(bench: Bench) -> None:
    mended = bench.mend()
    assert bench.specimen.worsen
    bench.specimen.worsen(bench.client, bench.id)
    worse = bench.state()
    if all(same(bench.control, worse.parts.get(step.part), step.after) for step in mended.steps):
        pytest.skip("what became worse is another part, which an undo leaves as it is")
    with pytest.raises(UndoRefused, match="is no longer as cloudmend left it"):
        undone(bench, mended.entry_id)
    assert bench.state() == worse
    assert not bench.ledger.exemptions(bench.clock.now()).held


def test_an_undo_that_aws_refuses_says_what_is_left_and_is_completed_by_the_same_command(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bench.state()
    mended = bench.mend()
    monkeypatch.setattr(bench.api, "write", refuse)
    with pytest.raises(UndoIncomplete, match="is only partly as it was"):
        undone(bench, mended.entry_id)
    monkeypatch.undo()
    undone(bench, mended.entry_id)
    assert same_parts(bench.control, bench.state().parts, before.parts)


def refuse(_: Any) -> None:
    raise AwsError("AWS refused.", action="x:Write", code="AccessDenied", refused=True)


def changed(bench: Bench, record_id: str, done: Sequence[Step], **intent: Any) -> None:
    """The ledger holds that other steps were done, and an intent with these fields."""
    entry = bench.store.entries[record_id]
    assert entry.ended
    ended = End(entry.ended.at, msgspec.structs.replace(entry.ended.record, steps=tuple(done)))
    about = msgspec.structs.replace(entry.intent, **intent)
    bench.store.entries[record_id] = msgspec.structs.replace(entry, ended=ended, intent=about)


def test_a_record_that_tells_another_state_before_than_its_intent_is_not_believed(bench: Bench) -> None:
    record = bench.mend()
    mended = bench.state()
    steps = [msgspec.structs.replace(step, before=step.after, after=step.before) for step in record.steps]
    changed(bench, record.entry_id, steps)
    with pytest.raises(UndoRefused, match="cannot be trusted"):
        undone(bench, record.entry_id)
    changed(bench, record.entry_id, steps, steps=tuple(steps))  # nor where its plan agrees, and its image does not
    with pytest.raises(UndoRefused, match="cannot be trusted"):
        undone(bench, record.entry_id)
    assert bench.state() == mended


def test_a_record_of_a_part_that_was_not_planned_is_not_believed(bench: Bench) -> None:
    record = bench.mend()
    changed(bench, record.entry_id, [*record.steps, Step("something else", None, None)])
    with pytest.raises(UndoRefused, match="cannot be trusted"):
        undone(bench, record.entry_id)


def test_a_record_of_another_kind_of_resource_is_not_believed(bench: Bench) -> None:
    record = bench.mend()
    resource = msgspec.structs.replace(record.resource, type="AWS::EC2::Volume")
    changed(bench, record.entry_id, record.steps, resource=resource)
    with pytest.raises(UndoRefused, match="cannot be trusted"):
        undone(bench, record.entry_id)


@pytest.mark.parametrize("elsewhere", [{"control": "another"}, {"account": "444455556666"}, {"region": "eu-west-1"}])
def test_what_is_exempt_elsewhere_under_the_same_id_is_not_exempt_here(bench: Bench, elsewhere: dict[str, str]) -> None:
    """The queue of one Region may have the name of a bucket, or of another Region's queue."""
    here = {"control": bench.control.id, "account": ACCOUNT, "region": bench.aws.region}
    where = Where(group=bench.id, **{**here, **elsewhere})
    bench.ledger.exempt(GROUNDS.exemption("exempt-1a2b3c4d", where, bench.clock.now()))
    assert bench.mend().status == "mended"


def test_what_is_exempt_here_as_a_whole_is_left_as_it_is(bench: Bench) -> None:
    where = Where(group=bench.id, control=bench.control.id, account=ACCOUNT, region=bench.aws.region)
    bench.ledger.exempt(GROUNDS.exemption("exempt-1a2b3c4d", where, bench.clock.now()))
    assert bench.mend().status == "exempt"
