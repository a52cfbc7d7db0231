"""What waits in the queue for the next hour: delayed again until it is due, then mended for its own cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.core.errors import CloudmendError, EventError, LedgerError, StillOpen
from cloudmend.core.ledger import next_hour
from cloudmend.core.model import ApiCall, Record, Resource
from cloudmend.core.notice.wording import is_for_people
from cloudmend.core.ports import PutOff
from cloudmend.lambda_ import handlers
from cloudmend.lambda_.continuation import asked
from engine.test_orphaned import by_mallory
from engine.test_put_off import Kept
from engine.test_unseen import naming
from lambda_.conftest import Deployed
from lambda_.test_sweep import Outbox, elsewhere, outbox, refuse_writes
from reliability.faults import MALLORY
from support import ACCOUNT, REGION, Account, ingress, ipv4, policy

__all__ = ["elsewhere", "outbox"]  # fixtures


def task_of(deployed: Deployed, group_id: str, **fields: Any) -> PutOff:
    """What an event of mallory's leaves, if the budget refuses it now."""
    (record,) = Account().handle(by_mallory("sg-05fe30eb67c909f27"))
    assert isinstance(record, Record)
    cause = ApiCall(
        event_id="e-1", source="", name=record.event_name, time=None, account=ACCOUNT, region=REGION, actor=record.actor
    )
    task = PutOff(
        due=next_hour(deployed.account.clock.now()),
        account=ACCOUNT,
        region=REGION,
        control="security_group_ingress",
        resource=Resource(type="AWS::EC2::SecurityGroup", id=group_id),
        cause=cause,
    )
    return msgspec.structs.replace(task, **fields)


def taken(task: PutOff) -> dict[str, Any]:
    """What the function answers to the message."""
    return handlers.sweep({"Records": [{"body": task.body()}]}, None)


def test_what_is_not_due_is_left_to_the_queue_again_as_it_was(deployed: Deployed, outbox: Outbox) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    task, waited = task_of(deployed, group_id), []
    while task.due > deployed.account.clock.now():
        assert taken(task) == {"records": [], "ignored": [], "left": 1}
        message = outbox.sent.pop()
        assert asked({"Records": [{"body": message["MessageBody"]}]}) == task
        waited.append(message["DelaySeconds"])
        deployed.account.clock.sleep(message["DelaySeconds"])
    assert waited == [900] * 4
    assert taken(task)["left"] == 0
    assert not outbox.sent


def test_what_is_due_is_mended_for_the_cause_that_it_had_and_no_sweep_missed_it(
    deployed: Deployed, outbox: Outbox
) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    task = task_of(deployed, group_id)
    deployed.account.clock.sleep(3600)
    assert [record["status"] for record in taken(task)["records"]] == ["mended"]
    (line,) = deployed.logged("record")
    assert (line["record"]["actor"]["arn"], line["record"]["event_id"], line["record"]["missed"]) == (
        MALLORY,
        "e-1",
        False,
    )
    assert line["record"]["seconds_since_call"] is None
    assert ingress(deployed.account.rules(group_id)) == {("tcp", 22, 22, "10.0.0.0/8")}


@pytest.mark.parametrize("accepted", ["", "01M865NCC0F5FRFPVMFTT7QQRQ"])
def test_the_look_of_a_task_knows_the_mend_that_aws_accepted(
    deployed: Deployed, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, accepted: str
) -> None:
    targets: list[Any] = []

    def mend_all(found: Sequence[Any], *_: Any) -> list[Record]:
        targets.extend(found)
        return []

    monkeypatch.setattr(engine, "mend_all", mend_all)
    taken(task_of(deployed, "sg-05fe30eb67c909f27", due=deployed.account.clock.now(), accepted=accepted))
    assert [each.accepted for each in targets] == [accepted]


def test_what_somebody_closed_meanwhile_is_clean(deployed: Deployed, outbox: Outbox) -> None:
    task = task_of(deployed, deployed.account.group(ipv4(22, "10.0.0.0/8")))
    deployed.account.clock.sleep(3600)
    assert [record["status"] for record in taken(task)["records"]] == ["clean"]


def test_what_the_next_hour_refuses_too_is_put_off_again_and_people_are_not_told_again(
    deployed: Deployed, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, later, told = deployed.account, Kept(), Account()
    spent = msgspec.structs.replace(handlers._world(), ledger=account.process(budget=1), later=later, notifier=told)
    monkeypatch.setattr(handlers, "_world", lambda: spent)
    account.clock.sleep(3600)
    handlers.respond(by_mallory(account.group(ipv4(22, "0.0.0.0/0"))), None)
    told.records.clear()
    group_id = account.group(ipv4(22, "0.0.0.0/0"))
    told_of = tuple(row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"])
    task = task_of(deployed, group_id, due=account.clock.now(), opened=told_of, told=told_of)
    assert [record["status"] for record in taken(task)["records"]] == ["observed"]
    (again,) = later.tasks
    assert again.resource.id == group_id
    assert again == msgspec.structs.replace(task, due=task.due + timedelta(hours=1), resource=again.resource)
    assert told.records == []
    (line,) = [line for line in deployed.logged("record") if line["record"]["resource"]["id"] == group_id]
    assert line["record"]["budget_spent"]
    assert deployed.metrics()[-1]["BudgetExhausted"] == [1.0]


def test_what_was_only_not_seen_yet_is_told_when_it_is_open_and_the_budget_is_spent(
    deployed: Deployed, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, later, told = deployed.account, Kept(), Account()
    spent = msgspec.structs.replace(handlers._world(), ledger=account.process(budget=1), later=later, notifier=told)
    monkeypatch.setattr(handlers, "_world", lambda: spent)
    handlers.respond(by_mallory(account.group(ipv4(22, "0.0.0.0/0"))), None)
    handlers.respond(naming("sg-05fe30eb67c909f27"), None)
    (task,) = later.tasks
    told.records.clear()
    opened = msgspec.structs.replace(task.resource, id=account.group(ipv4(22, "0.0.0.0/0")))
    account.clock.time = task.due
    taken(msgspec.structs.replace(task, resource=opened))
    (record,) = told.records
    assert (record.budget_spent, is_for_people(record)) == (True, True)
    assert later.tasks[-1].told == tuple(finding.part for finding in record.findings)


def test_while_cloudmend_only_observes_people_are_told_of_a_rule_once_and_of_another_too(
    deployed: Deployed, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, later, told = deployed.account, Kept(), Account()
    world = msgspec.structs.replace(handlers._world(), later=later, notifier=told)
    monkeypatch.setattr(handlers, "_world", lambda: world)
    monkeypatch.setattr(handlers, "_policy", lambda: policy(mode="observe"))
    group_id = account.group(ipv4(22, "0.0.0.0/0"))
    handlers.respond(naming(group_id, "sgr-0123456789abcdef0"), None)
    assert len(told.records) == 1
    next_look(later, account)
    assert len(told.records) == 1
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(3389, "0.0.0.0/0")])
    next_look(later, account)
    assert len(told.records) == 2
    next_look(later, account)
    assert len(told.records) == 2


def test_what_the_ledger_cannot_keep_of_what_was_put_off_is_in_the_log_and_counted(
    deployed: Deployed, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> frozenset[str]:
        raise LedgerError("The table is full.")

    account = deployed.account
    group_id = account.group(ipv4(22, "0.0.0.0/0"))
    monkeypatch.setattr(handlers, "_policy", lambda: policy(mode="observe"))
    monkeypatch.setattr(account.ledger, "keep_standing", refused, raising=False)
    (record,) = taken(task_of(deployed, group_id, due=account.clock.now()))["records"]
    assert record["status"] == "observed"
    (line,) = deployed.logged("keys")
    assert line["keys"] == [f"{ACCOUNT}/{REGION}/security_group_ingress/{group_id}"]
    assert line["message"] == "What stands is not in the ledger as it is: The table is full."
    assert deployed.metrics()[-1]["LedgerUnreadable"] == [1.0]


def next_look(later: Kept, account: Account) -> None:
    account.clock.time = later.tasks[-1].due
    assert [record["status"] for record in taken(later.tasks[-1])["records"]] == ["observed"]


def test_what_stays_open_is_tried_twice_more_within_minutes_and_then_raises(deployed: Deployed, outbox: Outbox) -> None:
    task = task_of(deployed, deployed.account.group(ipv4(22, "0.0.0.0/0")))
    deployed.account.clock.sleep(3600)
    refuse_writes(deployed)
    for failed in (1, 2):
        answer = taken(task)
        assert ([record["status"] for record in answer["records"]], answer["left"]) == (["open"], 1)
        message = outbox.sent.pop()
        left = asked({"Records": [{"body": message["MessageBody"]}]})
        assert isinstance(left, PutOff)
        assert (left.failed, message["DelaySeconds"]) == (failed, 60)
        deployed.account.clock.time = left.due
        task = left
    with pytest.raises(StillOpen, match="STILL OPEN"):
        taken(task)
    assert not outbox.sent


def test_what_cannot_be_left_again_raises_so_that_the_message_stays(deployed: Deployed, outbox: Outbox) -> None:
    def refuse(_: object) -> None:
        raise CloudmendError("sqs:SendMessage: AWS answered AccessDenied.")

    outbox.write = refuse  # type: ignore[method-assign,assignment]
    with pytest.raises(StillOpen, match="AccessDenied"):
        taken(task_of(deployed, "sg-05fe30eb67c909f27"))


def test_it_is_tried_in_the_region_that_it_is_of(deployed: Deployed, outbox: Outbox, elsewhere: Account) -> None:
    group_id = elsewhere.group(ipv4(22, "0.0.0.0/0"))
    task = task_of(deployed, group_id, region="sa-east-1")
    deployed.account.clock.sleep(3600)
    assert [record["status"] for record in taken(task)["records"]] == ["mended"]
    assert ingress(elsewhere.rules(group_id)) == {("tcp", 22, 22, "10.0.0.0/8")}


def test_one_of_a_control_that_is_not_there_is_kept_with_a_sentence(deployed: Deployed, outbox: Outbox) -> None:
    task = task_of(deployed, "sg-05fe30eb67c909f27", control="another", due=deployed.account.clock.now())
    with pytest.raises(EventError, match="sg-05fe30eb67c909f27 was put off for another, which this cloudmend does not"):
        taken(task)
