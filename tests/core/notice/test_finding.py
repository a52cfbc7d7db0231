"""Security Hub findings: failed while open, passed once closed, under an id that stays."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from msgspec.structs import replace

from cloudmend.core.model import Finding, Record
from cloudmend.core.notice.finding import import_findings
from hostile import ACTIVE_IN_TEXT
from records import CLEAN, EXEMPT, FAILED, GROUP, MENDED, OBSERVED, OPEN, RULE, WHY, hostile_records
from support import NOW

HUB = "us-east-1"  # takes the findings of all Regions


def rows(record: Record) -> list[dict[str, Any]]:
    return [row for request in import_findings(record, HUB, NOW) for row in request.params["Findings"]]


def states(record: Record) -> list[tuple[str, str, str]]:
    return [(row["Compliance"]["Status"], row["Workflow"]["Status"], row["RecordState"]) for row in rows(record)]


FAILING, PASSING = ("FAILED", "NEW", "ACTIVE"), ("PASSED", "RESOLVED", "ARCHIVED")


def test_a_part_fails_until_it_is_proved_closed() -> None:
    assert states(OBSERVED) == states(OPEN) == [FAILING]
    assert states(replace(FAILED, findings=MENDED.findings)) == [FAILING]
    assert states(MENDED) == [PASSING]
    assert states(CLEAN) == states(FAILED) == []


def test_what_is_exempt_fails_but_asks_nobody_to_act() -> None:
    (row,) = rows(EXEMPT)
    assert states(EXEMPT) == [("FAILED", "SUPPRESSED", "ACTIVE")]
    assert row["FindingProviderFields"]["Severity"] == {"Label": "LOW"}
    assert row["ProductFields"]["cloudmend/decision"].startswith("exempt: jump-host, by ops until")


def test_a_finding_says_what_keeps_it_closed_and_names_the_ledger_s_entry() -> None:
    (row,) = rows(MENDED)
    assert row["Remediation"] == {"Recommendation": {"Text": "Admit only the ranges that need it."}}
    assert row["ProductFields"]["cloudmend/entry"] == MENDED.entry_id
    (row,) = rows(replace(MENDED, attribution=replace(MENDED.attribution, hint="Narrow it in the playbook.")))
    assert row["Remediation"] == {"Recommendation": {"Text": "Narrow it in the playbook."}}


def test_of_two_parts_the_one_that_is_closed_passes() -> None:
    closed = Finding(part="sgr-0c2b1d3e4f5a60718", why=WHY)
    assert states(replace(OPEN, findings=(*OPEN.findings, closed))) == [FAILING, PASSING]


def test_opening_and_closing_are_the_same_finding_of_one_resource_control_and_part() -> None:
    (opened,), (closed,) = rows(OPEN), rows(MENDED)
    assert opened["Id"] == closed["Id"]
    assert opened["Id"] == f"cloudmend/security_group_ingress/111122223333/eu-west-1/{GROUP}/{RULE}"
    assert opened["ProductArn"] == "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default"
    assert opened["FindingProviderFields"]["Severity"] == {"Label": "HIGH"}
    assert closed["FindingProviderFields"]["Severity"] == {"Label": "INFORMATIONAL"}
    assert opened["Resources"][0]["Type"] == "AwsEc2SecurityGroup"


def test_a_finding_dates_from_the_api_call() -> None:
    (row,) = rows(MENDED)
    assert (row["FirstObservedAt"], row["UpdatedAt"]) == ("2026-11-24T06:59:58.000Z", "2026-11-24T07:00:00.000Z")
    (row,) = rows(replace(MENDED, seconds_since_call=None))
    assert row["CreatedAt"] == "2026-11-24T07:00:00.000Z"


def test_more_findings_than_one_call_takes_are_sent_in_several() -> None:
    many = tuple(Finding(part=f"sgr-{n:017x}", why=WHY) for n in range(250))
    requests = import_findings(replace(OPEN, remaining=many), HUB, NOW)
    sizes = [len(request.params["Findings"]) for request in requests]
    assert sizes[:2] == [100, 100]
    assert sum(sizes) == 251


@given(hostile_records)
def test_a_hostile_record_s_findings_are_inert_and_within_the_format_s_limits(record: Record) -> None:
    for row in rows(record):
        assert 0 < len(row["Title"]) <= 256
        assert len(row["Description"]) <= 1024
        assert 0 < len(row["Remediation"]["Recommendation"]["Text"]) <= 512
        assert not ACTIVE_IN_TEXT.search(row["Remediation"]["Recommendation"]["Text"])
        assert not ACTIVE_IN_TEXT.search(row["Title"])
        assert not ACTIVE_IN_TEXT.search(row["Description"])
