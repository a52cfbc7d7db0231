"""A ledger that does not keep what stands: the commands that mend say so, and go on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.cli.fix.plan import TerminalNotifier
from cloudmend.cli.invoke.run import _TerminalNotifier
from cloudmend.controls import woken_by
from cloudmend.core.errors import LedgerError
from support import Account, event, ipv4, policy


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("kind", [TerminalNotifier, _TerminalNotifier], ids=["fix", "invoke"])
def test_what_stands_and_is_not_in_the_ledger_is_told_on_stderr(
    kind: Any, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    account = Account()
    group = account.group(ipv4(22, "0.0.0.0/0"))

    def full(*_: object) -> Any:
        raise LedgerError("The file cannot be written: no space left.")

    account.ledger.keep_standing = full  # type: ignore[attr-defined]
    world = msgspec.structs.replace(account.world, notifier=kind("", as_json=as_json))
    (record,) = engine.handle(event(group), woken_by=woken_by, policy=policy('mode = "observe"'), world=world)
    assert getattr(record, "status", "") == "observed"
    assert capsys.readouterr().err == (
        f"cloudmend: What stands at 111122223333/eu-west-1/security_group_ingress/{group} is not in the ledger as it "
        "is: The file cannot be written: no space left. The next look finds it again.\n"
    )
