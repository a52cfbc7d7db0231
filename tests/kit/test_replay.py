"""`cloudmend replay`, held for every control: what its records tell is judged, and the rest is counted."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cli.replay.told import Told
from cloudmend.cli.replay.run import replay
from cloudmend.cli.scan.report import outcome
from cloudmend.controls.table import MODULES
from cloudmend.core.policy.model import Decision
from cloudmend.testing.bench import REGION, Bench
from cloudmend.testing.specimen import needs
from cloudmend.testing.suite import bench as bench
from cloudmend.testing.suite import pytest_generate_tests as pytest_generate_tests
from cloudmend.testing.suite import specimen as specimen
from kit.specimens import SPECIMENS as SPECIMENS
from local.embedded.helpers import ACCOUNT, SETTLE_S


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    return tmp_path / "trail.jsonl"


def replayed(bench: Bench, trail: Path, capsys: pytest.CaptureFixture[str], mode: str = "fix") -> Told:
    """What a replay of all records of the account tells."""
    bench.aws.settle(SETTLE_S)
    trail.write_text("".join(f"{json.dumps(event)}\n" for event in bench.aws.events), encoding="utf-8")
    code = replay([str(trail)], bench.policy(mode), as_json=True)
    printed = capsys.readouterr()
    return Told(code, printed.out, printed.err, bench.control.id)


def not_judged(told: Told, control: str) -> list[dict[str, Any]]:
    """What a replay says of calls that it did not judge, about one control: others watch the same resource."""
    return [each for each in told.summary["untold"]["not_judged"] if each["control"] == control]


@needs(lambda each: each.control.follow)
def test_what_its_records_tell_is_judged_as_a_mend_judges_it(
    bench: Bench, trail: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replayed(bench, trail, capsys)
    assert {(each["control"], each["account"], each["region"], each["resource"]) for each in found.doors} == {
        (bench.control.id, ACCOUNT, REGION, bench.id)
    }
    assert set(found["label"]) == {f"{bench.control.resource.noun} {bench.id}"}
    assert {each["closed"] for each in found.doors} == {None}
    record = bench.mend()
    edits = {(edit.part, f"{edit.part} {edit.before}", edit.why) for edit in record.edits}
    doors = {(each["part"], each["opening"], each["why"]) for each in found.doors}
    assert doors <= edits
    assert {why for *_, why in edits - doors} <= {why for *_, why in doors}  # what a mend puts beside
    decision = Decision("fix", f"control.{bench.control.id}.mode is fix")
    told = [edit for edit in record.edits if edit.part in {part for part, *_ in doors}]
    assert {outcome(decision, edit) for edit in told} == set(found["outcome"])


@needs(lambda each: each.control.follow)
def test_the_call_that_ends_what_it_finds_closes_it(
    bench: Bench, trail: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(replayed(bench, trail, capsys).doors)
    bench.mend()
    found = replayed(bench, trail, capsys)
    assert len(found.doors) == before
    assert set(found["closed_with"]) <= {trigger.name for trigger in bench.control.triggers}
    assert bench.control.follow
    why = {each["why"] for each in not_judged(found, bench.control.id)}
    assert why <= {bench.control.follow.untold}
    assert None not in found["closed"]


@needs(lambda each: each.control.follow)
def test_the_mode_of_the_control_decides(bench: Bench, trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(replayed(bench, trail, capsys, "observe")["action"]) == {"observe"}


def test_a_control_that_is_off_is_counted_as_not_judged(
    bench: Bench, trail: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replayed(bench, trail, capsys, "off")
    (told,) = not_judged(found, bench.control.id)
    assert (told["control"], told["why"]) == (bench.control.id, "the policy has the control off")
    assert found.doors == []


def test_calls_of_a_control_that_cannot_be_followed_are_counted_in_json_and_in_the_table(
    bench: Bench, trail: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unfollowed = replace(bench.control, follow=None)
    monkeypatch.setattr(import_module(MODULES[bench.control.id]), "CONTROL", unfollowed)
    found = replayed(bench, trail, capsys)
    (told,) = not_judged(found, bench.control.id)
    assert (told["control"], found.doors) == (bench.control.id, [])
    assert told["calls"] > 0
    replay([str(trail)], bench.policy(), as_json=False)
    shown = " ".join(capsys.readouterr().out.split())
    calls = "1 call" if told["calls"] == 1 else f"{told['calls']} calls"
    assert f"{calls} that {bench.control.id} watches, not judged, because a record of it" in shown


def test_every_call_of_interest_is_one_that_a_control_watches_or_follows(bench: Bench) -> None:
    watched = {(trigger.source, trigger.name) for trigger in bench.control.triggers}
    assert watched <= {(trigger.source, trigger.name) for trigger in bench.control.calls}
