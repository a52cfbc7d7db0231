"""scripts/costs.py: its constants are the template's, the ledger's and the telemetry's, and its arithmetic adds up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

import costs
from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.ledger_items import packed
from cloudmend.core.ledger import Terms
from cloudmend.core.model import Intent, Record
from cloudmend.lambda_.telemetry import COUNTED, FLAGGED, SECONDS_TO_CLOSED, UNDELIVERED
from support import Account, StandingClock, ipv4

TEMPLATE: dict[str, Any] = yaml_parse((Path(__file__).parents[2] / "template.yaml").read_text(encoding="utf-8"))


def deployed(kind: str) -> list[dict[str, Any]]:
    """What a deployment with the defaults has of a type."""
    conditions = TEMPLATE["Conditions"]
    return [
        each
        for each in TEMPLATE["Resources"].values()
        if each["Type"] == kind and ("Condition" not in each or by_default(conditions[each["Condition"]]))
    ]


def by_default(condition: object) -> bool:
    """Whether a condition of the template holds where nobody passes a parameter."""
    match condition:
        case {"Fn::Equals": [{"Ref": name}, value]}:
            return bool(TEMPLATE["Parameters"][name]["Default"] == value)
        case {"Fn::Not": [inner]}:
            return not by_default(inner)
    raise AssertionError(condition)


def metrics_of(alarm: dict[str, Any]) -> int:
    return sum("MetricStat" in each for each in alarm["Properties"].get("Metrics", ())) or 1


def test_what_the_template_deploys_is_what_is_paid_for() -> None:
    assert TEMPLATE["Globals"]["Function"]["MemorySize"] / 1024 == costs.MEMORY_GB
    assert TEMPLATE["Parameters"]["SweepSchedule"]["Default"] == f"rate({costs.DAYS * 24 / costs.SWEEPS:.0f} hours)"
    assert sum(map(metrics_of, deployed("AWS::CloudWatch::Alarm"))) == costs.ALARM_METRICS
    assert (len(deployed("AWS::CloudWatch::Dashboard")), len(deployed("AWS::KMS::Key"))) == (1, 1)
    assert len({*COUNTED.values(), *FLAGGED, SECONDS_TO_CLOSED, UNDELIVERED}) == costs.METRICS
    assert Terms().retention.days == costs.RETENTION_DAYS


@pytest.fixture
def mended() -> tuple[Intent, Record]:
    """A mend of two rules, as bad_boy.sh opens them."""
    account = Account()
    record = account.mend(account.group(ipv4(22, "0.0.0.0/0"), ipv4(3389, "0.0.0.0/0")))
    return account.intents[0], record


class Written:
    """A client of DynamoDB that only counts."""

    def __init__(self) -> None:
        self.transactions: list[int] = []

    def transact_write_items(self, TransactItems: Sequence[object]) -> None:  # noqa: N803 - botocore's name
        self.transactions.append(len(TransactItems))


def test_what_a_mend_writes_into_the_ledger_is_what_is_paid_for(mended: tuple[Intent, Record]) -> None:
    intent, record = mended
    written: Any = Written()
    written.meta = written
    written.region_name = intent.region
    ledger = DynamoDbLedger(lambda _: written, "table", StandingClock(), Terms())
    done = ledger.finish(ledger.intend(intent), "DONE", record)
    assert written.transactions == [1 + costs.INTEND_SMALL, 1 + costs.FINISH_SMALL]
    attributes = 200  # keys, state and time-to-live, at most
    assert len(packed(done)) + attributes <= costs.ENTRY_KB * 1024


def test_a_line_is_its_amount_times_its_price() -> None:
    assert costs.Line("mails", 100, "mails", 2.00, 100_000).usd == pytest.approx(0.002)


def test_the_total_grows_with_what_goes_on() -> None:
    totals = [costs.total(each) for each in costs.ACCOUNTS]
    assert totals == sorted(totals)
    assert totals[0] > costs.total(costs.Account("idle", calls=0, opened=0))
