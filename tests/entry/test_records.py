"""`cloudmend records` over a ledger of which one record cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudmend.entry import recording
from cloudmend.entry.ledgers import Searched
from support import Account
from undoing import mended_group


@pytest.fixture
def ids(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Of a record that can be read, and of one that cannot."""
    account = Account()
    (_, fine), (_, broken) = mended_group(account), mended_group(account)
    account.store.spoiled[broken] = b"{}"
    monkeypatch.setattr(recording, "find_ledger", lambda *_: Searched(account.ledger, "the ledger"))
    return fine, broken


def shown(export: Path | None) -> int:
    return recording.records(group="", since="", ledger="", region=None, export=export)


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


def test_where_all_can_be_read_the_exit_code_is_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    mended_group(account)
    monkeypatch.setattr(recording, "find_ledger", lambda *_: Searched(account.ledger, "the ledger"))
    assert (shown(None), capsys.readouterr().err) == (0, "")
