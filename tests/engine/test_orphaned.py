"""A mend whose process dies: whoever comes next completes it, and tells who, what, and how to take it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import Busy, LedgerError, UndoRefused
from cloudmend.core.model import Record
from cloudmend.local.ec2.checks import Ec2Error
from reliability.faults import MALLORY, Killed
from support import Account, event, ingress, ipv4, policy
from undoing import undone

WORLD, TEN = "0.0.0.0/0", "10.0.0.0/8"
OPEN_SSH, CLOSED_SSH = ("tcp", 22, 22, WORLD), ("tcp", 22, 22, TEN)


def by_mallory(group_id: str) -> dict[str, Any]:
    return event(group_id, userIdentity={"type": "IAMUser", "arn": MALLORY, "userName": "mallory"})


def die(*_: object) -> Any:
    raise Killed


def killed(account: Account, act: Callable[[], object], operation: str = "ModifySecurityGroupRules") -> None:
    """The process dies when that write has taken effect."""
    account.groups.after[operation] = die
    with pytest.raises(Killed):
        act()
    account.groups.after.clear()


def left_behind(account: Account, *permissions: Mapping[str, Any], operation: str = "ModifySecurityGroupRules") -> str:
    """A group of these permissions whose mend died after that write; nobody was told, and its lease has run out."""
    group_id = account.group(*(permissions or [ipv4(22, WORLD)]))
    killed(account, lambda: account.handle(by_mallory(group_id)), operation)
    assert account.records == []
    account.clock.sleep(61)
    return group_id


def swept(account: Account) -> engine.Sweep:
    return engine.sweep(controls=[CONTROL], policy=policy(), world=account.world)


def told(account: Account) -> list[Record]:
    """What people hear: a clean look is none of it."""
    return [record for record in account.records if record.status != "clean"]


def test_the_next_try_of_the_event_tells_who_did_what_and_how_to_take_it_back() -> None:
    account = Account()
    group_id = left_behind(account)
    (rule_id,) = [row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"]]
    assert account.respond(by_mallory(group_id)).status == "clean"
    (record,) = told(account)
    assert (record.status, record.actor.arn, record.event_name) == ("mended", MALLORY, "AuthorizeSecurityGroupIngress")
    assert record.event_id == event(group_id)["detail"]["eventID"]
    assert record.attribution.who == "the IAM user mallory"
    (edit,) = record.edits
    assert (edit.part, edit.before, edit.after) == (rule_id, "tcp/22 from 0.0.0.0/0", "tcp/22 from 10.0.0.0/8")
    assert "opens tcp/22 to 3,702,258,688 public addresses" in edit.why
    assert record.summary == (
        f"{account.label(group_id)}: narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8. The process that began this mend at "
        "2026-11-24 07:00:00 UTC died before its end was recorded. This was found afterwards; a notice of it may have "
        "come before."
    )
    (entry,) = account.ledger.entries()
    assert (entry.state, entry.id, entry.ended.record) == ("DONE", record.entry_id, record)
    assert record.undo == entry.intent.undo
    undone(account, record.entry_id)
    assert ingress(account.rules(group_id)) == {OPEN_SSH}


def test_an_event_of_somebody_else_tells_it_as_what_the_first_had_done() -> None:
    account = Account()
    group_id = left_behind(account)
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(3389, WORLD)])
    other = account.mend(group_id)
    first, second = told(account)
    assert (first.actor.arn, [edit.before for edit in first.edits]) == (MALLORY, ["tcp/22 from 0.0.0.0/0"])
    assert (second.actor.arn, [edit.before for edit in second.edits]) == ("", ["tcp/3389 from 0.0.0.0/0"])
    assert second == other
    assert account.ledger.open_intents() == ()


@pytest.mark.parametrize("look", [lambda account, _: swept(account), lambda account, group_id: account.mend(group_id)])
def test_a_mend_whose_lease_still_runs_is_left_alone(look: Callable[[Account, str], object]) -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    killed(account, lambda: account.handle(by_mallory(group_id)))
    account.clock.sleep(30)
    look(account, group_id)
    assert told(account) == []
    (entry,) = account.ledger.open_intents()
    assert entry.resumed is None


def test_what_was_changed_back_meanwhile_is_mended_again_and_told_as_that() -> None:
    account = Account()
    group_id = left_behind(account)
    (row,) = [row for row in account.rules(group_id) if not row["IsEgress"]]
    again = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": WORLD}
    update = {"SecurityGroupRuleId": row["SecurityGroupRuleId"], "SecurityGroupRule": again}
    account.ec2.modify_security_group_rules(GroupId=group_id, SecurityGroupRules=[update])
    second = account.mend(group_id)
    assert told(account) == [second]
    assert (second.status, ingress(account.rules(group_id))) == ("mended", {CLOSED_SSH})
    first, _ = account.ledger.entries()
    assert (first.state, first.ended.record.edits) == ("FAILED", ())
    assert (
        "These are as they were before, never changed or changed back: tcp/22 from 0.0.0.0/0 (sgr-"
        in first.ended.record.summary
    )


def test_what_somebody_else_made_of_it_meanwhile_is_told_and_undo_refuses_it() -> None:
    account = Account()
    group_id = left_behind(account)
    (row,) = [row for row in account.rules(group_id) if not row["IsEgress"]]
    fields = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "192.0.2.7/32"}
    update = {"SecurityGroupRuleId": row["SecurityGroupRuleId"], "SecurityGroupRule": fields}
    account.ec2.modify_security_group_rules(GroupId=group_id, SecurityGroupRules=[update])
    account.mend(group_id)
    (record,) = told(account)
    assert (record.status, record.severity, record.actor.arn, record.edits) == ("failed", "high", MALLORY, ())
    assert (
        "Somebody has changed these since, so it is not known what the mend did: "
        f"{row['SecurityGroupRuleId']} was tcp/22 from 0.0.0.0/0, is tcp/22 from 192.0.2.7/32." in record.summary
    )
    with pytest.raises(UndoRefused, match="no longer as cloudmend left it"):
        undone(account, record.entry_id)


@pytest.mark.parametrize("look", [lambda account, _: swept(account), lambda account, group_id: account.mend(group_id)])
def test_of_a_group_that_is_gone_it_is_said_that_nothing_is_known(look: Callable[[Account, str], object]) -> None:
    account = Account()
    group_id = left_behind(account)
    account.ec2.delete_security_group(GroupId=group_id)
    look(account, group_id)
    record = told(account)[0]
    assert (record.status, record.actor.arn) == ("gone", MALLORY)
    assert "it is not known what was done to it" in record.summary
    assert account.ledger.open_intents() == ()


def test_of_two_writes_the_one_that_was_done_is_told_and_the_other_is_done_next() -> None:
    account = Account()
    group_id = left_behind(account, ipv4(22, WORLD, Description="all"), ipv4(3389, "128.0.0.0/1", Description="half"))
    account.respond(by_mallory(group_id))
    half, rest = told(account)
    assert (half.status, [edit.did for edit in half.edits]) == (
        "failed",
        ["narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8"],
    )
    assert "These are as they were before, never changed or changed back: tcp/3389 from 128.0.0.0/1" in half.summary
    assert (rest.status, [edit.did for edit in rest.edits]) == ("mended", ["revoked tcp/3389 from 128.0.0.0/1"])
    undone(account, rest.entry_id)
    undone(account, half.entry_id)
    assert ingress(account.rules(group_id)) == {OPEN_SSH, ("tcp", 3389, 3389, "128.0.0.0/1")}


def test_the_second_way_is_told_and_taken_back_too() -> None:
    account = Account()

    def refuse(_: Mapping[str, Any]) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    account.groups.before["ModifySecurityGroupRules"] = refuse
    group_id = left_behind(account, operation="RevokeSecurityGroupIngress")
    account.groups.before.clear()
    account.respond(by_mallory(group_id))
    (record,) = told(account)
    (edit,) = record.edits
    assert (record.status, edit.after) == ("mended", "")
    assert edit.did == "tcp/22 from 0.0.0.0/0 is gone, removed by this mend or by somebody since"
    undone(account, record.entry_id)
    assert ingress(account.rules(group_id)) == {OPEN_SSH}


def test_of_two_who_would_complete_it_one_tells() -> None:
    account = Account()
    group_id = left_behind(account)
    publish = account.publish

    def meanwhile(record: Record) -> None:
        account.publish = publish  # type: ignore[method-assign]
        account.clock.sleep(1)
        swept(account)
        account.mend(group_id)
        publish(record)

    account.publish = meanwhile  # type: ignore[method-assign]
    account.respond(by_mallory(group_id))
    assert [(record.status, record.actor.arn) for record in told(account)] == [("mended", MALLORY)]
    assert account.ledger.open_intents() == ()


def test_who_dies_while_completing_is_followed_by_another_who_tells_again() -> None:
    account = Account()
    group_id = left_behind(account)
    finish = account.ledger.finish
    account.ledger.finish = die  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        account.respond(by_mallory(group_id))
    account.ledger.finish = finish  # type: ignore[method-assign]
    account.clock.sleep(61)
    account.respond(by_mallory(group_id))
    first, second = told(account)
    assert first == second
    assert account.ledger.get(first.entry_id).state == "DONE"


def test_one_who_was_thought_dead_and_comes_back_finds_it_told_and_says_nothing_more() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    publish = account.publish

    def late(record: Record) -> None:
        account.publish = publish  # type: ignore[method-assign]
        publish(record)
        account.clock.sleep(61)
        account.respond(by_mallory(group_id))

    account.publish = late  # type: ignore[method-assign]
    record = account.respond(by_mallory(group_id))
    assert (record.status, record.errors) == ("mended", ())
    assert [each.status for each in told(account)] == ["mended", "mended"]
    assert account.ledger.get(record.entry_id).state == "DONE"


def test_a_sweep_goes_on_for_the_cause_of_what_was_never_done() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.groups.before["ModifySecurityGroupRules"] = die
    with pytest.raises(Killed):
        account.handle(by_mallory(group_id))
    account.groups.before.clear()
    account.clock.sleep(3600)
    swept(account)
    (record,) = told(account)
    assert (record.status, record.actor.arn, record.missed) == ("mended", MALLORY, False)


def test_what_a_sweep_left_behind_is_told_as_a_sweep_s() -> None:
    account = Account()
    account.group(ipv4(22, WORLD))
    killed(account, lambda: swept(account))
    account.clock.sleep(61)
    swept(account)
    (record,) = told(account)
    assert (record.status, record.event_name, record.missed) == ("mended", "Sweep", True)


@pytest.mark.parametrize("method", ["publish", "finish_all"])
def test_a_sweep_that_dies_before_all_is_told_or_kept_is_told_by_the_next(method: str) -> None:
    account = Account()
    groups = {account.group(ipv4(22, WORLD)) for _ in range(3)}
    port: Any = account if method == "publish" else account.ledger
    real = getattr(port, method)
    setattr(port, method, die)
    with pytest.raises(Killed):
        swept(account)
    setattr(port, method, real)
    account.clock.sleep(61)
    swept(account)
    assert {record.resource.id for record in told(account)} == groups
    assert {record.status for record in told(account)} == {"mended"}
    assert account.ledger.open_intents() == ()


def test_one_that_cannot_be_completed_is_told_and_does_not_stop_the_sweep() -> None:
    account = Account()
    group_id = left_behind(account)
    other = account.group(ipv4(22, WORLD))
    (entry,) = account.ledger.open_intents()
    spoiled = msgspec.structs.replace(entry, intent=msgspec.structs.replace(entry.intent, before={}))
    account.store.entries[entry.id] = spoiled
    records = {record.resource.id: record for record in swept(account).records if record.status != "clean"}
    assert records[other].status == "mended"
    assert (records[group_id].status, records[group_id].entry_id) == ("failed", entry.id)
    assert (
        "What it did cannot be found out: The record of this mend cannot be trusted: what it did and what "
        in records[group_id].summary
    )
    assert account.ledger.open_intents() == ()


def test_one_whose_group_cannot_be_read_now_stays_for_the_next_sweep() -> None:
    account = Account()
    group_id = left_behind(account)
    account.groups.before["DescribeSecurityGroupRules"] = refuse_once(account)
    first, *_ = swept(account).records
    assert (first.status, first.actor.arn) == ("failed", MALLORY)
    assert "What it did cannot be found out: ec2:DescribeSecurityGroupRules" in first.summary
    account.records.clear()
    swept(account)
    assert [(record.status, record.actor.arn) for record in told(account)] == [("mended", MALLORY)]
    assert group_id == told(account)[0].resource.id


def refuse_once(account: Account) -> Callable[[Mapping[str, Any]], None]:
    def refuse(_: Mapping[str, Any]) -> None:
        del account.groups.before["DescribeSecurityGroupRules"]
        raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    return refuse


def test_a_mend_goes_on_where_what_was_left_behind_cannot_be_completed() -> None:
    account = Account()
    group_id = left_behind(account)
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(3389, WORLD)])

    def refuse(*_: object) -> Any:
        raise LedgerError("The table does not answer.")

    account.ledger.resume = refuse  # type: ignore[method-assign,assignment]
    assert account.mend(group_id).status == "mended"
    assert len(account.ledger.open_intents()) == 1


def test_an_undo_is_told_before_it_is_kept() -> None:
    account = Account()
    record_id = account.mend(account.group(ipv4(22, WORLD))).entry_id
    kept = account.ledger.undone
    account.ledger.undone = die  # type: ignore[attr-defined]
    with pytest.raises(Killed):
        undone(account, record_id)
    account.ledger.undone = kept  # type: ignore[attr-defined]
    assert account.records[-1].event_name == "Undo"
    assert undone(account, record_id).entry.id == record_id
    assert account.ledger.get(record_id).state == "UNDONE"


@pytest.mark.parametrize(
    ("field", "changed"),
    [("before", {"CidrIpv4": "0.0.0.0/1"}), ("after", {"FromPort": 0}), ("after", {"IpProtocol": "-1"})],
)
def test_an_intent_that_contradicts_itself_is_not_told_as_a_way_to_take_it_back(
    field: str, changed: dict[str, Any]
) -> None:
    account = Account()
    group_id = left_behind(account)
    (entry,) = account.ledger.open_intents()
    (step,) = entry.intent.steps
    steps = (msgspec.structs.replace(step, **{field: {**getattr(step, field), **changed}}),)
    spoiled = msgspec.structs.replace(entry, intent=msgspec.structs.replace(entry.intent, steps=steps))
    account.store.entries[entry.id] = spoiled
    (record,) = [each for each in swept(account).records if each.resource.id == group_id and each.status == "failed"]
    assert "do not fit each other" in record.summary
    assert record.undo == ()


def test_an_intent_of_an_older_version_that_kept_no_steps_is_told_and_ended() -> None:
    account = Account()
    group_id = left_behind(account)
    (kept,) = account.ledger.entries()
    intent = msgspec.structs.replace(kept.intent, steps=())
    account.store.entries[kept.id] = msgspec.structs.replace(kept, intent=intent)
    account.mend(group_id)
    told = [record for record in account.records if record.entry_id == kept.id]
    assert [record.status for record in told] == ["failed"]
    assert "An older cloudmend began it, and did not keep what it planned for each part." in told[0].summary
    assert account.ledger.get(kept.id).state == "FAILED"


def test_a_sweep_says_nothing_of_what_another_process_completes_at_the_same_time() -> None:
    account = Account()
    group_id = left_behind(account)

    def taken(*_: object) -> Any:
        raise Busy("Another mend of it is under way.")

    account.ledger.resume = taken  # type: ignore[method-assign, assignment]
    assert [each.status for each in swept(account).records if each.event_name == "AuthorizeSecurityGroupIngress"] == []
    assert told(account) == []
    del account.ledger.resume
    assert [each.resource.id for each in swept(account).records if each.status == "mended"] == [group_id]
