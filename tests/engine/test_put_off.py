"""The budget of the hour: one noisy group spends one of it, and what it refuses is tried again in the next hour."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Record
from cloudmend.core.ports import PutOff
from cloudmend.engine.sweep import sweep
from engine.test_orphaned import WORLD, by_mallory
from reliability.faults import MALLORY
from support import NOW, REGION, Account, event, ingress, ipv4, policy


class Kept:
    """A Later that keeps what is put off."""

    def __init__(self) -> None:
        self.tasks: list[PutOff] = []

    def put_off(self, task: PutOff) -> bool:
        self.tasks.append(task)
        return True


def with_budget(budget: int) -> tuple[Account, Kept]:
    account, later = Account(), Kept()
    account.world = msgspec.structs.replace(account.world, ledger=account.process(budget=budget), later=later)
    return account, later


def test_a_group_that_is_opened_a_hundred_times_leaves_the_others_their_budget() -> None:
    account, later = with_budget(3)
    noisy = account.group()
    for _ in range(100):
        account.ec2.authorize_security_group_ingress(GroupId=noisy, IpPermissions=[ipv4(22, WORLD)])
        assert account.mend(noisy).status == "mended"
        rule_ids = [row["SecurityGroupRuleId"] for row in account.rules(noisy) if not row["IsEgress"]]
        if rule_ids:
            account.ec2.revoke_security_group_ingress(GroupId=noisy, SecurityGroupRuleIds=rule_ids)
        account.clock.sleep(10)
    assert [account.mend(account.group(ipv4(22, WORLD))).status for _ in range(2)] == ["mended"] * 2
    assert later.tasks == []
    assert account.mend(account.group(ipv4(22, WORLD))).budget_spent


def test_what_is_refused_is_put_off_to_the_next_hour_for_the_cause_that_it_had() -> None:
    account, later = with_budget(1)
    account.mend(account.group(ipv4(22, WORLD)))
    account.clock.sleep(1234)
    group_id = account.group(ipv4(22, WORLD))
    record = account.respond(by_mallory(group_id))
    due = NOW + timedelta(hours=1)
    assert (record.status, record.budget_spent, record.retry_at) == ("observed", True, due)
    assert record.summary == (
        f"{account.label(group_id)}: would have narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8. Account "
        "111122223333 has used its budget of 1 resource under security_group_ingress for the hour 2026-11-24T07:00Z. "
        "It is open until it is tried again at 08:00 UTC. If so many mends are normal, raise the budget."
    )
    (task,) = later.tasks
    assert (task.due, task.region, task.account, task.control) == (due, REGION, "111122223333", CONTROL.id)
    assert (task.resource.id, task.cause.actor.arn, task.cause.name) == (group_id, MALLORY, record.event_name)
    assert task.cause.event_id == event(group_id)["detail"]["eventID"]
    assert (task.cause.time, task.cause.request, task.cause.response) == (None, {}, {})


def test_a_sweep_puts_off_all_that_the_budget_refuses() -> None:
    account, later = with_budget(2)
    groups = {account.group(ipv4(22, WORLD)) for _ in range(5)}
    records = sweep(controls=[CONTROL], policy=policy(), world=account.world).records
    refused = {record.resource.id for record in records if record.budget_spent}
    assert (len(refused), {task.resource.id for task in later.tasks}) == (3, refused)
    assert refused < groups
    assert {task.cause.name for task in later.tasks} == {"Sweep"}


def test_where_it_cannot_be_put_off_that_is_said() -> None:
    account, _ = with_budget(1)

    class Closed:
        def put_off(self, _: PutOff) -> bool:
            raise AwsError("sqs:SendMessage: AWS answered.", action="sqs:SendMessage", code="Denied", refused=True)

    account.world = msgspec.structs.replace(account.world, later=Closed())
    records: list[Record] = [account.mend(account.group(ipv4(22, WORLD))) for _ in range(2)]
    assert records[1].retry_at is None
    assert (
        "It is open, and could not be put into the queue (sqs:SendMessage: AWS answered.): the next event or sweep "
        "looks again." in records[1].summary
    )
    assert ingress(account.rules(records[1].resource.id)) == {("tcp", 22, 22, WORLD)}


@pytest.mark.parametrize(
    ("minutes", "seconds"), [(-5, 0), (0, 0), (0.001, 1), (1, 60), (14.999, 900), (15, 900), (60, 900)]
)
def test_a_message_is_delayed_until_it_is_due_or_as_long_as_a_queue_can(minutes: float, seconds: int) -> None:
    (task,) = put_off_at(NOW + timedelta(minutes=minutes))
    assert task.delay_s(NOW) == seconds


def put_off_at(due: datetime) -> list[PutOff]:
    account, later = with_budget(1)
    for _ in range(2):
        account.mend(account.group(ipv4(22, WORLD)))
    return [msgspec.structs.replace(task, due=due) for task in later.tasks]
