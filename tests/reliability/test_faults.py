"""After any one fault: closed, with the before-image kept, no rule touched twice, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from reliability.faults import CALLS, Trial, faults_of, table

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


@pytest.mark.parametrize(("call", "fault"), [(call, fault) for call in CALLS for fault in faults_of(call)])
def test_one_fault_anywhere_ends_closed_and_loses_nothing(call: str, fault: str) -> None:
    trial = Trial(call, fault)
    assert trial.run() != "not by the event"
    assert trial.sources() in ({("tcp", 22, 22, "10.0.0.0/8")}, set())
    trial.sweep()
    assert len(trial.writes) == 1, "a rule was touched twice"
    assert trial.account.ledger.open_intents() == ()
    images = [intent.before["SecurityGroupRules"] for intent in trial.account.intents]
    assert images
    assert sorted(images[0], key=lambda row: str(row["SecurityGroupRuleId"])) == trial.before


def test_the_table_of_faults_and_calls_is_the_one_in_the_docs() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
