"""After any one fault: closed and told, with the before-image kept, no rule touched twice, nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reliability.faults import CALLS, MALLORY, NEEDS, NeedyTrial, Trial, faults_of, table, table_of_needs
from undoing import undone

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGUN = CALLS[CALLS.index("ledger.intend") :]  # from where on the ledger knows of it


@pytest.mark.parametrize(("call", "fault"), [(call, fault) for call in CALLS for fault in faults_of(call)])
def test_one_fault_anywhere_ends_closed_told_and_loses_nothing(call: str, fault: str) -> None:
    trial = Trial(call, fault)
    assert trial.run() != "not by the event"
    assert trial.sources() in ({("tcp", 22, 22, "10.0.0.0/8")}, set())
    ended(trial)


@pytest.mark.parametrize("fault", ["killed before", "killed after"])
@pytest.mark.parametrize("call", BEGUN)
def test_where_no_try_comes_after_the_one_that_died_the_sweep_ends_it_so(call: str, fault: str) -> None:
    trial = Trial(call, fault)
    assert not trial.respond()
    if (call, fault) == ("ledger.intend", "killed before"):
        return  # nothing was begun: a sweep finds the group as any other
    ended(trial)


def ended(trial: Trial) -> None:
    """Told who and what, nothing left open after a sweep, and undone as it was told."""
    trial.sweep()
    assert len(trial.writes) == 1, "a rule was touched twice"
    assert trial.account.ledger.open_intents() == ()
    images = [intent.before["SecurityGroupRules"] for intent in trial.account.intents]
    assert images
    assert sorted(images[0], key=lambda row: str(row["SecurityGroupRuleId"])) == trial.before
    told = trial.told()
    assert told
    assert {(record.actor.arn, record.event_name, record.missed) for record in told} == {
        (MALLORY, "AuthorizeSecurityGroupIngress", False)
    }
    assert all(record.undo and record.entry_id for record in told)
    undone(trial.account, told[-1].entry_id)
    assert without_ids(trial.account.rules(trial.group_id)) == without_ids(trial.before)


def without_ids(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Rules without what AWS gives anew to one that comes back."""
    new = ("SecurityGroupRuleId", "SecurityGroupRuleArn")
    return sorted(json.dumps({k: v for k, v in row.items() if k not in new}, sort_keys=True) for row in rows)


@pytest.mark.parametrize(("call", "fault"), [(call, fault) for call in NEEDS for fault in faults_of(call)])
def test_what_one_rule_needs_keeps_no_other_open_and_ends_judged_or_reported(call: str, fault: str) -> None:
    trial = NeedyTrial(call, fault)
    assert not trial.run().startswith("not by the event")
    trial.sweep()
    assert len(trial.writes) == 1
    assert any(source.startswith("pl-") for *_, source in trial.sources()), "the rule from the list was lost"


def test_the_tables_of_faults_and_calls_are_those_in_the_docs() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert table() in page
    assert table_of_needs() in page
