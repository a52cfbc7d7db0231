"""`cloudmend undo` of what a killed command began: no sweep comes by a file of the user's own."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from cloudmend.cli.exempt import run as exempting
from cloudmend.cli.ledgers import SearchedLedger
from cloudmend.cli.undo import run as undoing
from cloudmend.core.errors import LedgerError, WrongState
from cloudmend.core.exempting import Where
from cloudmend.core.model import Record
from cloudmend.core.world import World
from engine.test_orphaned import left_behind
from support import Account, ingress, ipv4
from undoing import ALICE, GROUNDS, WORLD


def undo(
    account: Account, monkeypatch: pytest.MonkeyPatch, *, ledger: str = "", dry_run: bool = False, typed: str = ""
) -> None:
    def world(*, notifier: undoing.TerminalNotifier, **_: object) -> World:
        account.publish = notifier.publish  # type: ignore[method-assign]
        return account.world

    (entry,) = account.ledger.entries()
    monkeypatch.setattr(undoing, "connection", lambda _: SimpleNamespace(caller=lambda: ALICE))
    monkeypatch.setattr(undoing, "open_ledger", lambda *_: account.ledger)
    monkeypatch.setattr(undoing, "world", world)
    undoing.undo(
        typed or entry.id,
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
    monkeypatch.setattr(undoing.TerminalNotifier, "publish", lambda _, record: told.append(record))
    with pytest.raises(WrongState, match="is still in progress, or crashed"):
        undo(account, monkeypatch)
    assert told == []


def test_only_an_undo_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    undoing.TerminalNotifier().publish(account.mend(account.group(ipv4(22, WORLD))))
    assert capsys.readouterr().out.startswith("mended sg-")


def test_the_first_characters_of_an_id_are_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    record_id = account.mend(group_id).entry_id
    undo(account, monkeypatch, typed=record_id[:6].lower())
    assert capsys.readouterr().out.startswith(f"undone {account.label(group_id)}: ")
    assert account.ledger.get(record_id).state == "UNDONE"


def test_the_first_characters_of_an_exemption_s_id_end_it_where_no_other_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    names = ["01M865NCC0T4QWXHVXK8CXMK4G", "01M865ZZZZT4QWXHVXK8CXMK4G", "exempt-1a2b3c4d"]
    for name in names:
        account.ledger.exempt(GROUNDS.exemption(name, Where(group="sg-05fe30eb67c909f27"), datetime.now(UTC)))
    monkeypatch.setattr(exempting, "find_ledger", lambda *_: SearchedLedger(account.ledger, "the ledger of this test"))
    monkeypatch.setattr(exempting, "connection", lambda _: SimpleNamespace(caller=lambda: ALICE))
    with pytest.raises(LedgerError, match=f"2 exemptions have an id that begins with 01M865: {names[0]}, {names[1]}"):
        exempting.remove("01M865", "", None)
    for typed, name in (("01m865n", names[0]), ("exempt-1", names[2]), (names[1], names[1])):
        exempting.remove(typed, "", None)
        assert f"{name} is removed." in capsys.readouterr().out
    assert account.ledger.exemptions(datetime.now(UTC)).held == ()
    with pytest.raises(LedgerError, match="There is no exemption 01M86 "):
        exempting.remove("01M86", "", None)


def test_an_exemption_that_cannot_be_read_is_told_first_and_ended_by_its_first_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    account.store.exemptions["exempt-1a2b3c4d"] = b"no JSON"
    monkeypatch.setattr(exempting, "find_ledger", lambda *_: SearchedLedger(account.ledger, "the ledger", hint=""))
    assert exempting.show("", None, as_json=False) == 1
    problem, none = capsys.readouterr().err.splitlines()
    assert problem.startswith("cloudmend: Exemption exempt-1a2b3c4d cannot be read.")
    assert none == "cloudmend: No exemption that can be read is active in the ledger."
    exempting.remove("exempt-1", "", None)
    assert exempting.show("", None, as_json=False) == 0
    assert capsys.readouterr().err == "cloudmend: No exemption is active in the ledger.\n"
