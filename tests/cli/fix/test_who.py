"""Who ran `cloudmend fix`, and, apart from it, who opened what it closes, as far as the ledger tells."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cli.fix.test_fix import planned
from cloudmend.cli.fix.plan import TerminalNotifier
from cloudmend.cli.fix.run import carry_out
from cloudmend.cli.messages import who_of
from cloudmend.cli.records.run import _tell
from cloudmend.core.errors import LedgerError
from cloudmend.core.model import Actor, Record
from cloudmend.core.notice.chat import notification
from cloudmend.core.notice.mail import text
from cloudmend.core.notice.wording import NotificationTargets
from support import Account, event, ipv4, policy
from undoing import ALICE, entry, refuse, rule_of, undone

CAROL = ALICE.replace("alice", "carol")
MALLORY = ALICE.replace("alice", "mallory")
OPEN = ipv4(22, "0.0.0.0/0")


def fixed(account: Account) -> Record:
    """The record of Carol's fix of the one group that is at fault."""
    told: list[Record] = []
    notifier = TerminalNotifier("", as_json=True)
    publish = notifier.publish

    def keep(record: Record) -> None:
        told.append(record)
        publish(record)

    notifier.publish = keep  # type: ignore[method-assign]
    world = replace(account.world, notifier=notifier, run_by=CAROL)
    assert carry_out(planned(account), lambda _: world, policy(), notifier, lambda _: True) == 0
    (record,) = told
    return record


def by_mallory(group_id: str) -> dict[str, Any]:
    return event(group_id, userIdentity={"type": "IAMUser", "arn": MALLORY, "userName": "mallory"})


def test_the_record_and_the_ledger_tell_who_ran_it_and_that_it_is_not_known_who_opened() -> None:
    account = Account()
    account.group(OPEN)
    record = fixed(account)
    assert (record.event_name, record.run_by, record.actor) == ("Fix", CAROL, Actor())
    assert record.attribution.who == "somebody unknown"
    assert entry(account, record.entry_id).intent.run_by == CAROL


def test_whoever_undid_the_mend_of_a_rule_opened_it() -> None:
    account = Account()
    group_id = account.group(OPEN)
    undone(account, account.mend(group_id).entry_id)
    account.store.exemptions.clear()
    record = fixed(account)
    assert (record.run_by, record.actor.arn, record.attribution.who) == (CAROL, ALICE, ALICE)


def test_whoever_opened_a_rule_before_a_mend_that_could_not_close_it_opened_it() -> None:
    account = Account()
    group_id = account.group(OPEN)
    for operation in ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"):
        refuse(account, operation, times=1)
    assert account.respond(by_mallory(group_id)).status == "open"
    record = fixed(account)
    assert (record.run_by, record.actor.arn, record.attribution.who) == (CAROL, MALLORY, "the IAM user mallory")


@pytest.mark.parametrize("source", ["0.0.0.0/0", "0.0.0.0/1"])
def test_where_the_rule_was_opened_again_since_it_is_not_known_who_opened_it(source: str) -> None:
    account = Account()
    group_id = account.group(OPEN)
    assert account.respond(by_mallory(group_id)).status == "mended"
    row = rule_of(account, group_id, 22)
    update = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": source}
    account.ec2.modify_security_group_rules(
        GroupId=group_id,
        SecurityGroupRules=[{"SecurityGroupRuleId": row["SecurityGroupRuleId"], "SecurityGroupRule": update}],
    )
    assert fixed(account).actor == Actor()


def test_an_undo_whose_rule_was_widened_since_did_not_open_it() -> None:
    account = Account()
    group_id = account.group(OPEN)
    undone(account, account.mend(group_id).entry_id)
    row = rule_of(account, group_id, 22)
    update = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 23, "CidrIpv4": "0.0.0.0/0"}
    account.ec2.modify_security_group_rules(
        GroupId=group_id,
        SecurityGroupRules=[{"SecurityGroupRuleId": row["SecurityGroupRuleId"], "SecurityGroupRule": update}],
    )
    assert fixed(account).actor == Actor()


def test_a_ledger_that_cannot_tell_is_no_reason_not_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    account.group(OPEN)

    def fail(*_: object) -> Any:
        raise LedgerError("it cannot be read")

    plan = planned(account)
    monkeypatch.setattr(account.ledger, "recent", fail, raising=False)
    world = replace(account.world, run_by=CAROL)
    assert carry_out(plan, lambda _: world, policy(), TerminalNotifier("", as_json=True), lambda _: True) == 0
    assert (account.records[-1].actor, account.records[-1].run_by) == (Actor(), CAROL)


def test_mail_chat_and_the_list_of_records_tell_both(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    group_id = account.group(OPEN)
    record = fixed(account)
    assert "Who:     somebody unknown\n" in text(record, NotificationTargets())
    assert f"Run by:  {CAROL}\n" in text(record, NotificationTargets())
    assert f"*Run by:* `{CAROL}`" in notification(record)["content"]["description"]
    capsys.readouterr()
    kept = entry(account, record.entry_id)
    _tell([kept])
    listed = capsys.readouterr().out
    assert f"{account.label(group_id)} mended opened by somebody unknown, mended by {CAROL}" in listed
    undone(account, record.entry_id)
    assert who_of(entry(account, record.entry_id)).endswith(f"mended by {CAROL}, undone by {ALICE}")


def test_a_mend_of_a_function_was_run_by_nobody() -> None:
    account = Account()
    record = account.respond(by_mallory(account.group(OPEN)))
    assert record.run_by == ""
    assert "Run by" not in text(record, NotificationTargets())
    assert who_of(entry(account, record.entry_id)) == "opened by the IAM user mallory"
