"""A storm of events at the deployed function: all closed, each door changed once, no event lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import settings

from cloudmend.core.ledger_records import LedgerRecord, LedgerRecords
from local.embedded.helpers import messages
from reliability.load import Burst, Profile, Row, deployed, is_open
from reliability.test_faults import PAGE

QUICK: Final = Profile(events=200, groups=20)
PROFILE: Final = {"deep": Profile(events=5_000, groups=500)}.get(settings.get_current_profile_name(), QUICK)


@pytest.fixture(scope="module")
def burst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burst]:
    """After it has run."""
    with deployed(tmp_path_factory.mktemp("load"), Budget="1000") as stack:
        burst = Burst(stack, PROFILE, print)
        burst.run()
        print(burst.figures(), *burst.problems(), sep="\n")  # noqa: T201 - with pytest -s: docs/reliability.md
        yield burst


def entries(burst: Burst) -> list[LedgerRecord]:
    return list(LedgerRecords(burst.stack.ledger().entries()))


def others(burst: Burst, rules: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rules that were never at fault, egress among them."""
    return {
        group_id: [row for row in rows if row["SecurityGroupRuleId"] not in burst.doors[group_id]]
        for group_id, rows in rules.items()
    }


def test_every_group_that_was_open_is_closed(burst: Burst) -> None:
    assert len(burst.events) == PROFILE.events
    assert {group_id for group_id, rows in burst.before.items() if is_open(rows)} == set(burst.at_fault)
    assert not [group_id for group_id, rows in burst.rules().items() if is_open(rows)]


def test_every_door_is_changed_once_and_nothing_else_is(burst: Burst) -> None:
    assert burst.changes() == Counter(rule_id for doors in burst.doors.values() for rule_id in doors)
    assert others(burst, burst.rules()) == others(burst, burst.before)


def test_no_event_is_lost(burst: Burst) -> None:
    """Those of the burst, as often as they were sent, and those of its own writes: each was handled in the end."""
    narrowed = [event for event in burst.own_events() if event["detail"].get("eventName") == "ModifySecurityGroupRules"]
    deliveries = [each for each in burst.stack.aws.deliveries if "DeploymentRule" not in each.rule]  # before the burst
    assert Counter(each.event_id for each in deliveries) == Counter(each["id"] for each in [*burst.events, *narrowed])
    assert [each for each in deliveries if each.error] == []
    assert messages(burst.stack.aws, burst.stack.resource("DeadLetterQueue").rpartition("/")[2]) == []


def test_each_group_has_one_record_and_no_intent_stays_open(burst: Burst) -> None:
    assert Counter(entry.intent.resource.id for entry in entries(burst)) == Counter(burst.at_fault)
    assert {entry.state for entry in entries(burst)} == {"DONE"}
    assert burst.stack.ledger().open_intents() == ()


def test_the_counts_are_those_in_the_docs(burst: Burst) -> None:
    assert burst.figures().row() in PAGE.read_text(encoding="utf-8").splitlines()


def test_what_is_beyond_the_budget_is_observed_told_to_the_alarm_and_mended_by_a_later_sweep(burst: Burst) -> None:
    """The last test of this file. At a full hour the count starts anew, so one of the three may be mended at once."""
    stack = burst.stack
    stack.configure("SecurityGroupRemediationLambda", CLOUDMEND_BUDGET="1")
    groups = [stack.group(f"beyond-{number}") for number in range(3)]
    for group_id in groups:
        stack.open(group_id, "0.0.0.0/0")
    stack.settle()
    observed = [group_id for group_id in groups if stack.records(group_id)[-1]["status"] == "observed"]
    assert len(observed) >= 2
    assert stack.counted("BudgetExhausted") == len(observed)
    swept = stack.invoke("SweepFunction")["records"]
    assert [record["status"] for record in swept] == ["mended"] * len(observed)
