"""`cloudmend undo` of what a killed command began: no sweep comes by a file of the user's own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cloudmend.core.errors import WrongState
from cloudmend.core.model import Record
from cloudmend.core.world import World
from cloudmend.entry import undoing
from support import Account, ingress, ipv4
from test_left_behind import left_behind
from undoing import ALICE, WORLD


def undo(account: Account, monkeypatch: pytest.MonkeyPatch, *, ledger: str = "", dry_run: bool = False) -> None:
    def world(*, notifier: undoing.Voice, **_: object) -> World:
        account.publish = notifier.publish  # type: ignore[method-assign]
        return account.world

    (entry,) = account.ledger.entries()
    monkeypatch.setattr(undoing, "connection", lambda _: SimpleNamespace(caller=lambda: ALICE))
    monkeypatch.setattr(undoing, "open_ledger", lambda *_: account.ledger)
    monkeypatch.setattr(undoing, "world", world)
    undoing.undo(
        entry.id,
        duration="2h",
        reason="No VPN yet",
        owner="",
        ledger=ledger,
        region=None,
        dry_run=dry_run,
        as_json=False,
    )


def test_what_a_killed_command_did_is_ended_told_and_taken_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    group_id = left_behind(account)
    undo(account, monkeypatch)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"mended {account.label(group_id)}: narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8. The proc")
    assert second.startswith(f"undone {account.label(group_id)}: ")
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, WORLD)}


@pytest.mark.parametrize(("ledger", "dry_run"), [("a-table", False), ("", True)])
def test_a_stack_s_own_sweep_ends_it_and_a_dry_run_does_nothing(
    monkeypatch: pytest.MonkeyPatch, ledger: str, *, dry_run: bool
) -> None:
    account = Account()
    left_behind(account)
    with pytest.raises(WrongState, match="Try again in a minute, or, with a stack's ledger, when its next sweep"):
        undo(account, monkeypatch, ledger=ledger, dry_run=dry_run)
    (entry,) = account.ledger.entries()
    assert entry.state == "INTENT"


def test_what_is_still_under_way_is_left_to_whoever_began_it(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    left_behind(account)
    account.clock.sleep(-50)
    told: list[Record] = []
    monkeypatch.setattr(undoing.Voice, "publish", lambda _, record: told.append(record))
    with pytest.raises(WrongState, match="is still in progress, or crashed"):
        undo(account, monkeypatch)
    assert told == []


def test_only_an_undo_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    undoing.Voice().publish(account.mend(account.group(ipv4(22, WORLD))))
    assert capsys.readouterr().out.startswith("mended sg-")
