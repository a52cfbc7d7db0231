"""The home page: what is open now, and what was mended."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from cli.console.conftest import TOKEN, Visitor, said
from cli.scan.test_scan import WithInterfaces
from cloudmend.cli.console.pages import ConsoleContext
from cloudmend.cli.console.serve import create_app
from cloudmend.cli.ledgers import StackNotifier
from cloudmend.cli.scan.report import SETTINGS
from cloudmend.controls import serial_console_access
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import LedgerError
from cloudmend.core.exempting import Where
from cloudmend.core.model import Json
from cloudmend.core.ports import NEVER, Call
from cloudmend.engine.sweep import sweep
from support import REGION, Account, ipv4, policy
from undoing import GROUNDS, mended_group, refuse, undone


def headline(text: str) -> str:
    (found,) = re.findall(r"<h1>\s*<span[^>]*>(.*?)</span>\s*</h1>", text)
    return str(found)


def test_what_is_open_is_a_row_with_what_becomes_of_it(visitor: Visitor, account: Account) -> None:
    group_id = account.group(ipv4(22, "0.0.0.0/0", Description="a hurry"))
    text = said(visitor.get())
    assert headline(text) == "1 finding"
    row = text[text.index("<tbody>") : text.index("</tbody>")]
    expected = (
        group_id,
        "tcp/22 from 0.0.0.0/0",
        "description: <bdi>a hurry</bdi>",
        "3,702,258,688",
        "0 interfaces",
        "at fault",
    )
    assert all(part in row for part in expected)
    assert "would become tcp/22 from 10.0.0.0/8 (mode.default is fix)" in row


def test_it_looks_again_whenever_it_is_asked_for(visitor: Visitor, account: Account) -> None:
    assert headline(said(visitor.get())) == "Nothing is at fault"
    account.group(ipv4((20, 30), "0.0.0.0/0"))
    account.group(ipv4(3389, "0.0.0.0/0"))
    assert headline(said(visitor.get())) == headline(said(visitor.get("findings"))) == "2 findings"


def test_what_the_ledger_exempts_is_not_called_at_fault(visitor: Visitor, account: Account) -> None:
    _, record_id = mended_group(account)
    undone(account, record_id)
    text = said(visitor.get())
    assert headline(text) == "Nothing is at fault"
    assert text.count("left open on purpose</span>") == 2
    assert text.count("by network-team until 2026-11-24 09:00 UTC: The vendor has no VPN yet") == 2
    assert "chip fix" not in text


class WithConsole(WithInterfaces):
    """A Reader that also answers whether the serial console may be used."""

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        if call.operation == "GetSerialConsoleAccessStatus":
            return {"SerialConsoleAccessEnabled": True}
        return super().get(call, absent)


def test_a_setting_at_fault_is_in_a_group_of_its_own_and_never_hides_whether_a_resource_is(
    context: ConsoleContext, account: Account
) -> None:
    controls = [serial_console_access.CONTROL, CONTROL]
    seen = replace(context, readers={REGION: WithConsole(account)}, controls=controls)
    visitor = Visitor(create_app(seen, TOKEN).test_client())
    text = said(visitor.get())
    assert headline(text) == "Nothing but settings is at fault"
    assert text.index(f'<h2 id="settings">{SETTINGS}</h2>') < text.index('<h3 id="control-serial_console_access">')
    account.group(ipv4(22, "0.0.0.0/0"))
    text = said(visitor.get())
    assert '<span class="fix">1 finding</span>, and 1 in settings' in text
    assert text.index(f'<h2 id="control-{CONTROL.id}">') < text.index(f'<h2 id="settings">{SETTINGS}</h2>')
    assert "2 findings in 1 security group and 1 setting; 2 controls looked at in 1 Region." in text
    refuse(account, "DescribeSecurityGroups", times=1)
    assert headline(said(visitor.get())) == "Not everything could be read"


def test_what_was_there_before_the_stack_of_the_ledger_is_only_reported(
    account: Account, context: ConsoleContext
) -> None:
    stack = replace(account.world, keeps_baseline=True)
    old = account.group(ipv4(22, "0.0.0.0/0"))
    sweep(controls=[CONTROL], policy=policy(), world=stack)
    new = account.group(ipv4(3389, "0.0.0.0/0"))
    by_table = Visitor(create_app(replace(context, stack=StackNotifier("table", REGION)), TOKEN).test_client())
    rows = said(by_table.get()).split("<tr")
    (before,) = [row for row in rows if old in row]
    why = "it was there before cloudmend (baseline of 2026-11-24); cloudmend fix --ledger TABLE mends it"
    assert f"is only reported ({why})" in before
    (after,) = [row for row in rows if new in row]
    assert "would become tcp/3389 from 10.0.0.0/8" in after
    own_file = Visitor(create_app(context, TOKEN).test_client())
    assert "there before cloudmend" not in said(own_file.get())


def test_an_exemption_of_one_rule_leaves_the_other_at_fault(visitor: Visitor, account: Account) -> None:
    group_id = account.group(ipv4(22, "0.0.0.0/0"), ipv4(3389, "0.0.0.0/0"))
    parts = ("tcp/22 from 0.0.0.0/0",)
    account.ledger.exempt(GROUNDS.exemption("exempt-1a2b3c4d", Where(group=group_id), account.clock.now(), parts))
    assert headline(said(visitor.get())) == "1 finding"


def test_a_region_that_cannot_be_read_is_told_and_hides_no_mend(visitor: Visitor, account: Account) -> None:
    group_id, _ = mended_group(account)
    refuse(account, "DescribeSecurityGroups", times=1)
    text = said(visitor.get())
    assert headline(text) == "Not everything could be read"
    assert f"security_group_ingress could not look at everything in {REGION}. not all of its groups were" in text
    assert f"{account.label(group_id)}: narrowed tcp/22" in text


def test_an_exemption_that_cannot_be_read_is_told(visitor: Visitor, account: Account) -> None:
    account.store.exemptions["exempt-1a2b3c4d"] = b"{}"
    for path in ("", "exemptions"):
        assert "An exemption cannot be read, and exempts nothing." in said(visitor.get(path))


def test_a_record_that_cannot_be_read_is_a_row_and_hides_no_other(visitor: Visitor, account: Account) -> None:
    (group_id, _), (_, broken) = mended_group(account), mended_group(account)
    account.store.spoiled[broken] = b'{"version": 3, "id": "x-y"}'
    text = said(visitor.get("mends"))
    row = text[text.index("unreadable") :].partition("</tr>")[0]
    assert broken in row
    assert "cannot be read. x-y was stored in version 3; this cloudmend reads up to 2. Update cloudmend." in row
    assert f"{account.label(group_id)}: narrowed tcp/22" in text


def test_the_newest_mend_is_the_first(visitor: Visitor, account: Account) -> None:
    first = mended_group(account)[0]
    account.clock.sleep(60)
    second = mended_group(account)[0]
    text = said(visitor.get("mends"))
    assert text.index(second) < text.index(first)
    assert "All that the ledger holds" in text


def test_of_many_mends_the_newest_fifty_are_shown(visitor: Visitor, account: Account) -> None:
    for _ in range(51):
        account.clock.sleep(1)
        account.mend(account.group(ipv4(22, "0.0.0.0/0")))
    text = said(visitor.get("mends"))
    assert text.count("<tr>") == 51  # with that of the headings
    assert "The newest 50 that the ledger holds" in text


def test_an_empty_ledger_says_so(visitor: Visitor) -> None:
    assert "The ledger holds no mend yet." in said(visitor.get())


def test_what_the_page_has_already_is_not_sent_again(visitor: Visitor, account: Account) -> None:
    (tag,) = re.findall(r'data-tag="&#34;(\w+)&#34;"', said(visitor.get()))
    known = {"If-None-Match": f'"{tag}"'}
    assert said(visitor.get("mends", **known), 304) == ""
    group_id, _ = mended_group(account)
    assert group_id in said(visitor.get("mends", **known))


def test_a_ledger_that_cannot_be_read_is_a_sentence(
    visitor: Visitor, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> None:
        raise LedgerError("The ledger cannot be used: disk full.")

    monkeypatch.setattr(account.ledger, "entries", refused, raising=False)
    assert "The ledger cannot be used: disk full." in said(visitor.get(), 409)
