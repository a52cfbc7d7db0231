"""Any control is scanned and fixed: fix does what scan showed, for the cause that the ledger knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from cloudmend.cli.context import LookContext
from cloudmend.cli.fix.plan import FixPlan, TerminalNotifier, opener_of, plan_of
from cloudmend.cli.fix.run import carry_out
from cloudmend.cli.scan.run import LookResult, look_everywhere, report_of
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Actor, Record
from cloudmend.core.ports import Sent
from cloudmend.engine.look import Look, look
from cloudmend.testing.bench import REGION, Bench, Crash
from cloudmend.testing.clients import ACCOUNT
from cloudmend.testing.specimen import needs
from cloudmend.testing.undo import ALICE, undone


def looked(bench: Bench, mode: str = "fix") -> tuple[LookResult, ...]:
    context = LookContext(bench.policy(mode=mode), bench.clock.now(), account=ACCOUNT)
    return look_everywhere({REGION: bench.api}, [bench.control], context, quiet=True)


def fixed(bench: Bench, plan: FixPlan) -> tuple[int, list[Record]]:
    """The exit code, and the records."""
    notifier = TerminalNotifier("", as_json=True)
    world = msgspec.structs.replace(bench.world, notifier=bench.notes, run_by=ALICE)
    return carry_out(plan, lambda _: world, bench.policy(), notifier, lambda _: True), bench.notes.told


@needs(lambda each: not each.by_event)
def test_a_row_says_what_where_why_and_what_would_become_of_it(bench: Bench) -> None:
    report = report_of(looked(bench))
    assert (report.unread, report.looks, {row.resource for row in report.rows}) == ((), 1, {bench.id})
    for row in report.rows:
        assert (row.control, row.resource, row.region, row.account) == (bench.control.id, bench.id, REGION, ACCOUNT)
        assert (row.severity, row.noun) == (bench.control.severity, bench.control.resource.noun)
        assert row.why
        assert row.value
        assert row.shown
        assert row.kind
        assert (row.action, row.outcome.startswith("would ")) == ("fix", True)
    assert "write" not in bench.steps.names


@needs(lambda each: not each.by_event)
def test_fix_does_what_scan_showed_and_then_scan_shows_nothing(bench: Bench) -> None:
    shown = {row.part: row.value for row in report_of(looked(bench)).rows}
    plan = plan_of(looked(bench))
    assert plan.summary.endswith(f" in 1 {bench.control.resource.counted_as} (1 in {REGION}).")
    code, (record,) = fixed(bench, plan)
    assert (code, record.status, record.event_name, record.run_by) == (0, "mended", "Fix", ALICE)
    assert {finding.part for finding in record.findings} == shown.keys()
    assert {edit.part: edit.before for edit in record.edits if edit.part in shown}.items() <= shown.items()
    after = report_of(looked(bench))
    assert after.rows == ()
    assert bench.control.clear or bench.control.id in after.summary


def test_what_only_observes_is_shown_and_never_fixed(bench: Bench) -> None:
    before = bench.state()
    found = looked(bench, mode="observe")
    assert {row.action for row in report_of(found).rows} == {"observe"}
    plan = plan_of(found, [bench.id])
    assert (plan.steps, plan.leaves_open) == ((), True)
    assert fixed(bench, plan) == (1, [])
    assert bench.state() == before


@needs(lambda each: each.worsen)
def test_what_became_worse_since_it_was_shown_is_left_as_it_is(bench: Bench) -> None:
    plan = plan_of(looked(bench))
    assert bench.specimen.worsen
    bench.specimen.worsen(bench.client, bench.id)
    before = bench.state()
    code, (record,) = fixed(bench, plan)
    assert (code, record.status, "The plan is out of date." in record.summary) == (1, "failed", True)
    assert bench.state() == before


def found(bench: Bench) -> Look:
    (one,) = look(bench.targets(), bench.policy(), bench.world)
    return one


def test_whoever_undid_the_last_mend_opened_what_is_fixed(bench: Bench) -> None:
    record = bench.mend()
    undone(bench, record.entry_id)
    bench.store.exemptions.clear()
    assert opener_of(found(bench), bench.ledger).arn == ALICE


def test_whoever_opened_it_before_a_mend_that_aws_refused_opened_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Sent) -> None:
        raise AwsError("AWS refused it.", action="x:Write", code="AccessDenied", refused=True)

    monkeypatch.setattr(bench.api, "write", refuse)
    record = bench.mend()
    assert record.status in ("open", "failed")
    assert opener_of(found(bench), bench.ledger) == record.actor != Actor()


def test_who_opened_again_what_was_mended_is_not_known(bench: Bench) -> None:
    record = bench.mend()
    reopened: Mapping[str, Any] = {**bench.state().parts, **{step.part: step.before for step in record.steps}}
    bench.put(reopened)
    assert opener_of(found(bench), bench.ledger) == Actor()


@needs(lambda each: each.control.settles_in)
def test_a_mend_that_aws_may_not_show_yet_is_shown_as_on_its_way(bench: Bench) -> None:
    bench.steps.crash_at = len(bench.steps.names) + 1  # after the intent, before the write
    with pytest.raises(Crash):
        bench.mend()
    bench.steps.crash_at = -1
    (told,) = {(fate.decision.action, fate.decision.why) for fate in found(bench).fates}
    assert told == ("observe", "AWS accepted its mend and does not show it yet")
    assert not found(bench).edits
