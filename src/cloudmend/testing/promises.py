"""The promises, held for every control: what a control must do that nobody wrote for it alone."""

from __future__ import annotations

import random

import pytest
from botocore.session import Session
from msgspec.structs import replace

from cloudmend.core.contract import after
from cloudmend.core.ledger_records import TimedExemption
from cloudmend.core.planning import calls, same_parts
from cloudmend.core.ports import Call
from cloudmend.core.reversal import revert
from cloudmend.engine.look import Survey, look, survey
from cloudmend.engine.sweep import sweep
from cloudmend.testing.bench import Bench, Crash
from cloudmend.testing.clients import ACCOUNT, embedded, operations
from cloudmend.testing.specimen import Specimen, needs


def test_the_event_of_what_put_it_at_fault_points_to_it(bench: Bench) -> None:
    (target,) = bench.targets()
    assert (target.resource.id, target.resource.account, target.resource.region) == (
        bench.id,
        ACCOUNT,
        bench.aws.region,
    )


def test_it_is_mended_proved_kept_and_told(bench: Bench) -> None:
    record = bench.mend()
    assert record.status == "mended", record.summary
    assert bench.control.resource.noun in record.summary
    assert bench.id in record.summary
    assert record.steps
    assert record.undo
    assert [each.status for each in bench.notes.told] == ["mended"]
    entry = bench.store.entries[record.entry_id]
    assert (entry.state, entry.ended and entry.ended.record) == ("DONE", record)
    assert bench.mend(bench.targets()).status == "clean"


def test_a_second_run_writes_nothing(bench: Bench) -> None:
    bench.mend()
    bench.steps.names.clear()
    assert bench.mend().status == "clean"
    assert "write" not in bench.steps.names
    assert "intend" not in bench.steps.names


def test_an_undo_gives_back_exactly_what_was_there(bench: Bench) -> None:
    before = bench.state()
    record = bench.mend()
    entry = bench.store.entries[record.entry_id]
    settings = bench.settings
    reversal = revert(bench.control, settings, entry.intent, record, bench.api, bench.clock.now())
    assert not reversal.differences
    for request in reversal.requests:
        bench.api.write(request)
    assert same_parts(bench.control, bench.settle().parts, before.parts)
    again = revert(bench.control, settings, entry.intent, record, bench.api, bench.clock.now())
    assert (again.requests, again.differences) == ((), ())
    assert again.restored


def test_the_calls_of_an_undo_put_it_at_fault_again(bench: Bench) -> None:
    """A control that cannot tell what its own undo brings back could not be undone and mended again."""
    record = bench.mend()
    state = bench.state()
    back = after(state.parts, {step.part: step.before for step in record.steps})
    for call in calls(bench.control, bench.resource, state, back):
        bench.api.write(call)
    bench.settle()
    assert bench.mend().status == "mended"


def test_what_is_exempt_is_left_as_it_is(bench: Bench) -> None:
    before = bench.state()
    bench.ledger.exempt(
        TimedExemption(
            id="one",
            group=bench.id,
            owner="alice",
            reason="a test",
            created=bench.clock.now(),
            expires=bench.clock.now().replace(hour=23),
            created_by="arn",
        )
    )
    record = bench.mend()
    assert (record.status, "alice" in record.summary) == ("exempt", True)
    assert same_parts(bench.control, bench.state().parts, before.parts)


def test_what_the_policy_exempts_of_the_control_is_left_as_it_is(bench: Bench) -> None:
    before = bench.state()
    exemption = 'owner = "alice"\nreason = "a test"\nexpires = 9999-12-31\n'
    scope = f'control = "{bench.control.id}"\nresource = "{bench.id}"\n'
    record = bench.mend(more=f"[[exemption]]\n{scope}{exemption}")
    assert (record.status, "alice" in record.summary) == ("exempt", True)
    assert bench.state() == before


def test_what_is_off_in_the_account_is_left_as_it_is_and_the_line_is_named(bench: Bench) -> None:
    before = bench.state()
    record = bench.mend(more=f'[mode.account]\n{ACCOUNT} = "off"\n')
    assert record.status == "exempt"
    assert f"mode.account.{ACCOUNT} is off" in record.summary
    assert bench.state() == before


def test_a_policy_that_observes_changes_nothing_and_says_what_it_would(bench: Bench) -> None:
    before = bench.state()
    record = bench.mend(mode="observe")
    assert (record.status, "would have" in record.summary) == ("observed", True)
    assert bench.state() == before
    assert "intend" not in bench.steps.names


def test_a_look_changes_nothing_and_says_what_a_mend_then_does(bench: Bench) -> None:
    before = bench.state()
    (found,) = look(bench.targets(), bench.policy(), bench.world)
    assert (found.problem, bench.steps.names) == ("", [])
    assert bench.state() == before
    assert {fate.decision.action for fate in found.fates} == {"fix"}
    record = bench.mend()
    assert (record.status, record.edits) == ("mended", found.edits)


def test_a_survey_of_the_region_finds_it_and_nothing_once_it_is_mended(bench: Bench) -> None:
    found = survey(bench.control, bench.policy(), bench.world)
    assert (found.unread, [each.target.resource.id for each in found.found]) == ((), [bench.id])
    bench.mend()
    clear = survey(bench.control, bench.policy(), bench.world)
    assert clear == Survey(clear=clear.clear)


def test_answers_in_another_order_lead_to_the_same_end(bench: Bench) -> None:
    bench.api.shuffle = random.Random(7)  # noqa: S311 - any order does
    assert bench.mend().status == "mended"
    assert bench.mend().status == "clean"


@needs(lambda each: each.by_event)
def test_a_sweep_reports_what_only_an_event_could_mend(bench: Bench) -> None:
    before = bench.state()
    (record,) = bench.sweep()
    assert (record.status, record.findings[0].is_due) == ("observed", False)
    assert bench.state() == before


@needs(lambda each: not each.by_event)
def test_a_sweep_finds_it_and_mends_it_without_an_event(bench: Bench) -> None:
    (record,) = bench.sweep()
    assert (record.status, record.missed, record.event_name) == ("mended", True, "Sweep")


@needs(lambda each: not each.by_event)
def test_what_was_there_before_a_stack_is_left_until_a_person_accepts_it(bench: Bench) -> None:
    before, (named,) = bench.state(), bench.targets()
    other = replace(named.cause, name="Other")  # an event that opened something else
    later = [replace(named, resource=replace(named.resource, parts=()), cause=other)]
    bench.is_stack = True
    (first,) = bench.sweep()
    assert (first.status, first.notice) == ("observed", "digest")
    assert bench.mend(later).status == "observed"
    (again,) = bench.sweep()
    assert (again.status, again.notice) == ("observed", "held")
    assert same_parts(bench.control, bench.state().parts, before.parts)
    bench.is_stack = False  # cloudmend fix
    assert bench.mend(later).status == "mended"
    assert bench.store.standing == {}


@needs(lambda each: each.control.follow)
def test_what_a_call_says_that_it_opens_is_no_baseline_though_it_was_so_before(bench: Bench) -> None:
    """The resource was closed and opened again before anybody looked, or deleted and made again under its name."""
    bench.is_stack = True
    bench.sweep()
    bench.restart()
    (opening,) = bench.targets()
    called = replace(opening.cause, time=bench.clock.now())
    record = bench.mend([replace(opening, cause=called)])
    assert record.status == "mended", record.summary
    assert bench.baseline() == set()


@needs(lambda each: each.worsen)
def test_what_comes_beside_the_baseline_is_mended_and_the_baseline_stays(bench: Bench) -> None:
    """Also where both are in one part, such as two statements of a policy."""
    bench.is_stack = True
    bench.sweep()
    kept = bench.baseline()
    assert bench.specimen.worsen
    bench.specimen.worsen(bench.client, bench.id)
    bench.restart()
    (record,) = bench.sweep()
    assert record.status == "mended", record.summary
    assert bench.baseline() == kept
    (again,) = bench.sweep()
    assert again.status == "observed"


@needs(lambda each: each.control.resource.scope == "resource")
def test_a_sweep_of_a_region_without_a_resource_of_its_kind_is_clean(specimen: Specimen) -> None:
    with embedded() as aws:
        bench = Bench(aws, specimen._replace(open=lambda _: ""))
        bench.sweep()
        assert [each.status for each in bench.notes.told] == ["clean"]


@needs(lambda each: each.disturb)
def test_what_somebody_else_changes_meanwhile_is_kept(bench: Bench) -> None:
    """A control whose write replaces more than it changes reads again beside the intent, or holds a guard."""
    bench.ledger.meanwhile = bench.disturb
    assert bench.mend().status == "mended"
    assert bench.specimen.added in str(bench.state().parts)


def test_a_crash_at_any_step_is_completed_and_told_with_its_cause(bench: Bench) -> None:
    _crash_at_any_step(bench, is_swept=False)


@needs(lambda each: not each.by_event)
def test_a_crash_at_any_step_is_completed_and_told_with_its_cause_by_a_sweep(bench: Bench) -> None:
    _crash_at_any_step(bench, is_swept=True)


def _crash_at_any_step(bench: Bench, *, is_swept: bool) -> None:
    before = bench.state()
    event = bench.event()
    targets = bench.targets()
    steps = _steps_of(bench)
    bench.restart()
    for number in range(len(steps)):
        bench.put(before.parts)
        bench.store.entries.clear()
        bench.restart()
        bench.steps.crash_at = number
        with pytest.raises(Crash):
            bench.mend(targets)
        told = list(bench.notes.told)
        bench.restart()
        if is_swept:
            bench.sweep()
        else:
            bench.mend(targets)
        mends = [each for each in (*told, *bench.notes.told) if each.status == "mended"]
        assert mends, f"nobody was notified after a crash before step {number}, {steps[number]}"
        assert all(each.undo for each in mends)
        late = "AWS showed it late, or its process died" in "".join(each.summary for each in bench.notes.told)
        assert late is (bool(bench.control.settles_in) and "died" in "".join(each.summary for each in bench.notes.told))
        if not (is_swept and steps[number] == "intend"):  # until then nobody knows whose call it was
            assert any(each.event_id == event.event_id for each in mends), steps[number]
        assert all(entry.state != "INTENT" for entry in bench.store.entries.values()), steps[number]
        assert bench.mend(targets).status == "clean"


def test_what_a_crash_left_behind_is_completed_also_by_a_sweep_that_does_not_look_for_more(bench: Bench) -> None:
    """The control may only observe by now, or be off: somebody was still told nothing of its last mend."""
    before, targets = bench.state(), bench.targets()
    steps = _steps_of(bench)
    bench.put(before.parts)
    bench.store.entries.clear()
    bench.restart()
    bench.steps.crash_at = steps.index("publish")  # after the intent and the writes, before the notice
    with pytest.raises(Crash):
        bench.mend(targets)
    bench.restart()
    sweep(controls=[], known=[bench.control], policy=bench.policy("observe"), world=bench.world)
    assert [each.status for each in bench.notes.told] == ["mended"]
    assert bench.ledger.open_intents() == ()


def _steps_of(bench: Bench) -> list[str]:
    """The steps that have an effect in a mend that nothing hinders."""
    bench.steps.names.clear()
    bench.mend()
    return list(bench.steps.names)


def test_it_holds_the_rights_that_it_uses_and_no_other(bench: Bench) -> None:
    bench.sweep()
    bench.mend()
    used = {call.action for call in bench.api.calls}
    control = bench.control
    held = {right.action for right in (*control.reads, *control.writes, *control.asks)}
    assert used == held - {*bench.specimen.unused}


def test_its_calls_are_those_of_the_aws_cli(bench: Bench) -> None:
    bench.sweep()
    bench.mend()
    for call in bench.api.calls:
        assert isinstance(call, Call)
        service, operation = call.cli
        model = Session().get_service_model(call.service)
        assert model.signing_name == call.action.partition(":")[0]
        assert call.operation in model.operation_names
        assert operation in operations(service), f"aws {service} {operation}"
