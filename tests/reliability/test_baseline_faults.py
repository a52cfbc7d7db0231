"""After any one fault in a first sweep: nothing old is touched, people are told, and what is new is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from reliability.baseline_faults import CALLS, BaselineTrial, faults_of, table

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


@pytest.mark.parametrize(("call", "fault"), [(call, fault) for call in CALLS for fault in faults_of(call)])
def test_one_fault_anywhere_leaves_the_baseline_untouched_and_told(call: str, fault: str) -> None:
    trial = BaselineTrial(call, fault)
    assert trial.run() != "none"
    trial.sweep()
    assert trial.is_untouched()
    assert trial.stands() == ["baseline"]
    assert trial.account.digests
    assert len(trial.account.digests) <= 2, "told again and again"
    assert trial.opened_next() == {("tcp", 22, 22, "10.0.0.0/8")}
    assert trial.is_untouched()


def test_the_table_of_the_first_sweep_is_that_in_the_docs() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
