"""The kit must fail for a control, or an engine, that lacks one idea: a suite that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from cloudmend.core.target import Outcome
from cloudmend.engine.stations import record, tell, walk
from cloudmend.testing import promises
from cloudmend.testing.bench import Bench
from cloudmend.testing.clients import embedded
from cloudmend.testing.specimen import Specimen
from kit.specimens import SPECIMENS

SNAPSHOT, BUCKET, QUEUE, *_ = SPECIMENS


def broken(specimen: Specimen, **changes: Any) -> Specimen:
    return specimen._replace(control=msgspec.structs.replace(specimen.control, **changes))


def nothing(*_: Any) -> Iterator[Any]:
    return iter(())


def fails(specimen: Specimen, promise: Callable[..., None], *more: Any) -> bool:
    with embedded() as aws:
        try:
            promise(Bench(aws, specimen), *more)
        except Exception:  # noqa: BLE001 - whatever it is that a test fails by
            return True
    return False


@pytest.mark.parametrize(
    ("specimen", "promise"),
    [
        (broken(SNAPSHOT, put=nothing), promises.test_it_is_mended_proved_kept_and_told),
        (broken(SNAPSHOT, judge=nothing), promises.test_it_is_mended_proved_kept_and_told),
        (broken(SNAPSHOT, every=nothing), promises.test_a_sweep_finds_it_and_mends_it_without_an_event),
        (broken(SNAPSHOT, triggers=()), promises.test_the_event_of_what_put_it_at_fault_points_to_it),
        (broken(SNAPSHOT, writes=()), promises.test_it_is_mended_proved_kept_and_told),
        (broken(SNAPSHOT, writes=SNAPSHOT.control.undoes), promises.test_it_is_mended_proved_kept_and_told),
        (broken(SNAPSHOT, undoes=()), promises.test_an_undo_gives_back_exactly_what_was_there),
        (broken(SNAPSHOT, reads=()), promises.test_it_holds_the_rights_that_it_uses_and_no_other),
        (broken(BUCKET, say=lambda _: 1 / 0), promises.test_it_is_mended_proved_kept_and_told),
        (broken(QUEUE, whole=False), promises.test_what_somebody_else_changes_meanwhile_is_kept),
        (broken(QUEUE, mend=None), promises.test_it_is_mended_proved_kept_and_told),
        (broken(QUEUE, narrows=lambda *_: False), promises.test_it_is_mended_proved_kept_and_told),
    ],
)
def test_a_control_that_lacks_something_fails(specimen: Specimen, promise: Callable[..., None]) -> None:
    assert fails(specimen, promise)


def test_an_engine_that_finishes_before_it_tells_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would tell nobody of a mend whose process died between the two."""

    def finish_first(ended: Any, world: Any, _: Any = ()) -> Any:
        tell._finish([end for _, end in ended if end], world.ledger)
        tell._tell([record for record, _ in ended], world.notifier)
        return [record for record, _ in ended]

    monkeypatch.setattr(record, "record_all", finish_first)
    assert fails(SNAPSHOT, promises.test_a_crash_at_any_step_is_completed_and_told_with_its_cause)


def test_an_engine_that_forgets_what_a_crash_left_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "complete_met", lambda *_: False)
    assert fails(SNAPSHOT, promises.test_a_crash_at_any_step_is_completed_and_told_with_its_cause)


def test_an_engine_that_does_not_prove_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def believe(written: Any, *_: Any) -> list[Outcome]:
        return [
            Outcome(target=each.planned.target, status="mended", steps=each.steps, entry=each.planned.entry)
            for each in written
        ]

    monkeypatch.setattr(walk, "prove", believe)
    lying = broken(SNAPSHOT, put=lambda *_: iter(()))
    assert fails(lying, promises.test_it_is_mended_proved_kept_and_told)
