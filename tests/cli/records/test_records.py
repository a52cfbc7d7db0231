"""`cloudmend records` over a ledger of which one record cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudmend.cli.ledgers import SearchedLedger
from cloudmend.cli.records import run
from support import Account
from undoing import mended_group, undone


@pytest.fixture
def ids(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Of a record that can be read, and of one that cannot."""
    account = Account()
    (_, fine), (_, broken) = mended_group(account), mended_group(account)
    account.store.spoiled[broken] = b"{}"
    monkeypatch.setattr(run, "find_ledger", lambda *_: SearchedLedger(account.ledger, "the ledger"))
    return fine, broken


def shown(export: Path | None) -> int:
    return run.records(resource="", since="", ledger="", region=None, export=export)


def test_it_is_said_on_stderr_and_the_others_are_shown(
    ids: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(None) == 1
    out, err = capsys.readouterr()
    assert ids[0] in out
    assert ids[1] not in out
    assert err.startswith(f"cloudmend: Record {ids[1]} cannot be read. It is not what cloudmend stores")


def test_the_others_are_exported(ids: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(tmp_path / "records") == 1
    (line,) = (tmp_path / "records").read_text().splitlines()
    assert json.loads(line)["id"] == ids[0]
    assert ids[1] in capsys.readouterr().err


def test_an_export_says_how_many_records_went_where(
    ids: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(tmp_path / "records")
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0]) == ("", f"cloudmend: 1 record written to {tmp_path / 'records'}.")


@pytest.mark.parametrize(("since", "said"), [("", "no record"), ("24h", "no such record")])
def test_an_empty_ledger_is_said_in_words_that_fit_the_question(
    since: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "find_ledger", lambda *_: SearchedLedger(Account().ledger, "the ledger", hint=""))
    run.records(resource="", since=since, ledger="", region=None, export=None)
    assert capsys.readouterr().err == f"cloudmend: There is {said} in the ledger.\n"


@pytest.mark.parametrize("is_undone", [False, True])
def test_how_a_mend_ended_is_told_without_a_state_of_the_ledger(
    is_undone: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    _, record_id = mended_group(account)
    if is_undone:
        undone(account, record_id)
    monkeypatch.setattr(run, "find_ledger", lambda *_: SearchedLedger(account.ledger, "the ledger"))
    shown(None)
    first = capsys.readouterr().out.splitlines()[0]
    assert f" {'undone' if is_undone else 'mended'} opened by " in first


def test_where_all_can_be_read_the_exit_code_is_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    mended_group(account)
    monkeypatch.setattr(run, "find_ledger", lambda *_: SearchedLedger(account.ledger, "the ledger"))
    assert (shown(None), capsys.readouterr().err) == (0, "")
