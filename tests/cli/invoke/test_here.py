"""The exit code of `cloudmend invoke`: 0 is for what is done, and not for what waits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.cli.invoke import run
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.disk.policy_file import PACKAGED
from cloudmend.lambda_ import handlers
from engine.test_put_off import Kept
from lambda_.conftest import Deployed
from support import Account, event, ipv4, policy

SSH = ipv4(22, "0.0.0.0/0")


def spend(account: Account) -> None:
    """The budget of the hour."""
    account.world = msgspec.structs.replace(account.world, ledger=account.process(budget=1))
    account.mend(account.group(SSH))


def test_what_the_budget_refuses_is_not_done_and_that_is_1(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    spend(account)
    monkeypatch.setattr(run, "world", lambda **_: account.world)
    monkeypatch.setattr(run, "open_ledger", lambda *_: account.ledger)

    def invoked(group_id: str, **settings: str) -> int:
        given = {f"CLOUDMEND_{name.upper()}": value for name, value in settings.items()}
        return run.invoke(event(group_id), given, PACKAGED, None, ledger="", as_json=True)

    assert invoked(account.group(SSH)) == 1
    assert invoked(account.group(SSH), mode="observe") == 0
    assert invoked(account.group()) == 0


@pytest.mark.parametrize(("table", "wanted"), [("", "mended"), ("Ledger-1", "observed")])
def test_the_baseline_of_a_stack_whose_table_is_named_stays_as_it_is(
    table: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account()
    group_id = account.group(SSH)
    stack = msgspec.structs.replace(account.world, keeps_baseline=True)
    engine.sweep(controls=[CONTROL], policy=policy(), world=stack)
    monkeypatch.setattr(run, "world", lambda **_: account.world)
    monkeypatch.setattr(run, "open_ledger", lambda *_: account.ledger)
    later = event(group_id, eventTime="2026-11-24T07:00:01Z")
    assert run.invoke(later, {}, PACKAGED, None, ledger=table, as_json=False) == 0
    assert account.records[-1].status == wanted


def handed(answer: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a hand-over to a function that answers this."""
    stack = SimpleNamespace(
        resources={}, region="eu-west-1", function=lambda _: {"FunctionName": "mend"}, settings=dict
    )
    monkeypatch.setattr(run, "find_stack", lambda *_: stack)
    monkeypatch.setattr("cloudmend.aws.stack.invoke", lambda *_: answer)
    return run.hand_over({}, "cloudmend", None, as_json=True)


def test_what_a_function_puts_off_is_not_done_and_that_is_1(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = deployed.account
    spend(account)
    world = msgspec.structs.replace(handlers._world(), ledger=account.world.ledger, later=Kept())
    monkeypatch.setattr(handlers, "_world", lambda: world)
    assert handed(handlers.respond(event(account.group(SSH)), None), monkeypatch) == 1
    assert handed(handlers.respond(event(account.group()), None), monkeypatch) == 0


def test_what_a_sweep_leaves_to_its_queue_is_said_and_that_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert handed({"records": [], "ignored": [], "left": 2}, monkeypatch) == 1
    assert capsys.readouterr().err == "cloudmend: 2 resources wait in the sweep's queue.\n"
    assert handed({"records": [], "ignored": [], "left": 0}, monkeypatch) == 0
