"""`cloudmend records --standing`: what stands, how old it is, and when it was read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cloudmend.cli.ledgers import SearchedLedger
from cloudmend.cli.records import run
from cloudmend.cli.records.run import list_standing
from cloudmend.cli.scan.report import SETTINGS
from cloudmend.core.model import Resource
from cloudmend.core.standing import StandingFinding, StandingResource, Unit
from support import ACCOUNT, REGION, Account

QUEUES = "sqs_policy_public"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account()
    monkeypatch.setattr(run, "find_ledger", lambda *_: SearchedLedger(account.ledger, "the ledger"))
    return account


def keep(account: Account, resource_id: str, days: int, control: str = QUEUES, held: int = 0) -> None:
    since = datetime.now(UTC) - timedelta(days=days, seconds=30)
    finding = StandingFinding(part="p", why="it lets everybody in", mark="m", status="baseline", since=since)
    resource = Resource(type="AWS::SQS::Queue", id=resource_id)
    found = StandingResource(
        account=ACCOUNT, region=REGION, control=control, resource=resource, findings=(finding,), seen=since, held=held
    )
    account.ledger.keep_standing([found], [])


def read(account: Account, control: str = QUEUES, *unread: str) -> None:
    now = datetime.now(UTC)
    account.ledger.keep_unit(
        Unit(account=ACCOUNT, region=REGION, control=control, tried=now, read=now - timedelta(hours=3), unread=unread)
    )


def listed(control: str = "", *, as_json: bool = False) -> int:
    return list_standing(control=control, ledger="", region=None, as_json=as_json)


def test_it_says_what_stands_since_when_and_when_it_was_read(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    read(account)
    keep(account, "young", 1, held=4)
    keep(account, "old", 90)
    assert listed() == 0
    out = capsys.readouterr().out
    assert "sqs_policy_public in 111122223333, eu-west-1: last read whole 3 h 0 min ago." in out
    assert out.index("old") < out.index("young")
    assert "90 days ago" in out
    assert "24 h 0 min ago" in out
    assert "4 events not reported" in out


def test_settings_are_listed_after_the_resources_even_if_they_are_older(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(account, "queue", 1)
    keep(account, REGION, 90, control="snapshot_block_public_access")
    keep(account, "unknown", 2, control="no_longer_installed")
    read(account)
    assert listed() == 0
    resources, settings = capsys.readouterr().out.split(f"{SETTINGS}\n")
    assert resources.index("unknown") < resources.index("queue")
    assert "snapshot_block_public_access" in settings
    assert listed(as_json=True) == 0
    ids = [each["resource"]["id"] for each in json.loads(capsys.readouterr().out)["standing"]]
    assert ids == ["unknown", "queue", REGION]


def test_what_was_not_read_is_said_and_is_no_all_clear(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    read(account, QUEUES, "ListQueues was refused")
    assert listed() == 1
    out = capsys.readouterr().out
    assert "Not read: ListQueues was refused" in out
    assert out.index("Not read") < out.index("Nothing stands, as of these reads.")


def test_a_unit_that_was_never_read_whole_is_no_all_clear(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.ledger.keep_unit(Unit(account=ACCOUNT, region=REGION, control=QUEUES, tried=datetime.now(UTC)))
    assert listed() == 1
    assert "never read whole. Its first sweep is not through." in capsys.readouterr().out


def test_where_nothing_that_is_stored_can_be_read_it_says_so(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(account, "broken", 1)
    account.store.standing[f"{ACCOUNT}/{REGION}/{QUEUES}/broken"] = b"{}"
    assert listed() == 1
    assert "Nothing stands in what could be read; the rest is not known." in capsys.readouterr().out


def test_without_any_read_nothing_is_claimed(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed() == 1
    out, err = capsys.readouterr()
    told = "cloudmend: It is not known what stands: no sweep is recorded in the ledger."
    assert (out, err.startswith(told)) == ("", True)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_control_that_no_sweep_read_is_no_all_clear(
    as_json: bool, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    read(account)
    assert listed("sqs_policy_pulic", as_json=as_json) == 1
    told = "cloudmend: It is not known what stands: no sweep by sqs_policy_pulic is recorded in the ledger."
    assert capsys.readouterr().err.startswith(told)


def test_one_control_alone_and_as_json(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    for control in (QUEUES, "ebs_snapshot_public"):
        read(account, control)
        keep(account, "one", 1, control)
    assert listed(QUEUES, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["control"] for each in told["standing"]] == [QUEUES]
    assert [each["control"] for each in told["units"]] == [QUEUES]


def test_what_cannot_be_read_is_said_and_the_rest_is_listed(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    read(account)
    keep(account, "fine", 1)
    keep(account, "broken", 1)
    account.store.standing[f"{ACCOUNT}/{REGION}/{QUEUES}/broken"] = b"{}"
    assert listed() == 1
    out, err = capsys.readouterr()
    assert "fine" in out
    assert err.startswith(f"cloudmend: What stands at {ACCOUNT}/{REGION}/{QUEUES}/broken cannot be read")
