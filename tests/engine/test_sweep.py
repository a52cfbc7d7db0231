"""A batch of a sweep: its mends ask together, each gets its own answer, and none harms another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from threading import get_ident
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.model import Record
from cloudmend.local.ec2.checks import Ec2Error
from ledgers.values import exemption
from support import Account, event, ingress, ipv4, policy

WORLD = "0.0.0.0/0"
OPEN_SSH, CLOSED_SSH = ("tcp", 22, 22, WORLD), ("tcp", 22, 22, "10.0.0.0/8")


def swept(account: Account) -> dict[str, Record]:
    """The sweep's records, by group."""
    account.calls.clear()
    records = engine.sweep(controls=[CONTROL], policy=policy(), world=account.world).records
    assert [record.resource.id for record in records] == sorted(record.resource.id for record in records)
    return {record.resource.id: record for record in records}


def test_a_sweep_asks_together_and_writes_each_by_itself() -> None:
    account = Account()
    groups = [account.group(ipv4(22, WORLD)) for _ in range(7)]
    assert {group: record.status for group, record in swept(account).items()} == dict.fromkeys(groups, "mended")
    calls = Counter(account.calls)
    assert all(ingress(account.rules(group)) == {CLOSED_SSH} for group in groups)
    assert calls["ec2:ModifySecurityGroupRules"] == 7
    assert calls["ec2:DescribeSecurityGroupRules"] == 2  # before, and the proof
    assert calls["ec2:DescribeSecurityGroups"] == 2  # the Region, and the before-images


def test_each_before_image_and_each_end_is_that_of_its_group() -> None:
    account = Account()
    groups = [account.group(ipv4(22, WORLD), ipv4(443, f"10.{number}.0.0/16")) for number in range(5)]
    before = {group: account.rules(group) for group in groups}
    records = swept(account)
    for entry in account.ledger.entries():
        group = entry.intent.resource.id
        assert entry.intent.before["SecurityGroupRules"] == before[group]
        assert [row["GroupId"] for row in entry.intent.before["SecurityGroups"]] == [group]
        assert entry.ended is not None
        assert (entry.state, entry.ended.record) == ("DONE", records[group])


def test_records_are_published_in_order_and_in_the_thread_that_sweeps() -> None:
    account = Account()
    for _ in range(5):
        account.group(ipv4(22, WORLD))
    threads: list[int] = []
    publish = account.publish

    def noted(record: Record) -> None:
        threads.append(get_ident())
        publish(record)

    account.publish = noted  # type: ignore[method-assign]
    records = swept(account)
    assert account.records == list(records.values())
    assert set(threads) == {get_ident()}


def test_a_notifier_that_can_is_told_of_all_mends_of_a_batch_at_once() -> None:
    account = Account()
    for _ in range(5):
        account.group(ipv4(22, WORLD))
    told: list[int] = []

    def publish_all(records: Sequence[Record]) -> None:
        told.append(len(records))

    account.publish_all = publish_all  # type: ignore[attr-defined]
    swept(account)
    assert (told, account.records) == ([5], [])


def test_an_exemption_that_is_made_while_a_sweep_runs_counts() -> None:
    account = Account()
    groups = sorted(account.group(ipv4(22, WORLD)) for _ in range(3))

    def undone(_: Mapping[str, Any]) -> None:
        account.ledger.exempt(exemption(group=groups[0]))

    account.groups.after["DescribeSecurityGroups"] = undone
    assert [record.status for record in swept(account).values()] == ["exempt", "mended", "mended"]
    assert ingress(account.rules(groups[0])) == {OPEN_SSH}


def test_a_group_that_another_mends_does_not_keep_the_others_open() -> None:
    account = Account()
    groups = sorted(account.group(ipv4(22, WORLD)) for _ in range(3))
    account.mend(groups[1])
    busy = account.intents[0]
    account.ec2.authorize_security_group_ingress(GroupId=groups[1], IpPermissions=[ipv4(22, WORLD)])
    account.process().intend(busy)
    records = swept(account)
    assert [records[group].status for group in groups] == ["mended", "failed", "mended"]
    assert "was in progress when it was read" in records[groups[1]].summary


@pytest.mark.parametrize("budget", [1, 2])
def test_a_budget_with_room_for_some_lets_those_be_mended(budget: int) -> None:
    account = Account()
    for _ in range(4):
        account.group(ipv4(22, WORLD))
    account.world = msgspec.structs.replace(account.world, ledger=account.process(budget=budget))
    statuses = sorted(record.status for record in swept(account).values())
    assert statuses == ["mended"] * budget + ["observed"] * (4 - budget)


def test_a_group_that_is_gone_meanwhile_hides_no_other_even_where_aws_makes_that_an_error() -> None:
    account = Account()
    groups = sorted(account.group(ipv4(22, WORLD)) for _ in range(3))

    def gone(params: Mapping[str, Any]) -> None:
        if groups[1] in params["Filters"][0]["Values"]:
            raise Ec2Error("InvalidGroup.NotFound", "The security group does not exist.")

    account.groups.before["DescribeSecurityGroupRules"] = gone
    records = swept(account)
    assert [records[group].status for group in groups] == ["mended", "failed", "mended"]


def test_a_write_that_is_refused_for_one_group_harms_no_other() -> None:
    account = Account()
    groups = sorted(account.group(ipv4(22, WORLD)) for _ in range(3))

    def refuse(params: Mapping[str, Any]) -> None:
        if params["GroupId"] == groups[1]:
            raise Ec2Error("UnauthorizedOperation", "You are not authorized.", status=403)

    for action in ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"):
        account.groups.before[action] = refuse
    records = swept(account)
    assert [records[group].status for group in groups] == ["mended", "open", "mended"]
    assert ingress(account.rules(groups[2])) == {CLOSED_SSH}


def test_the_flapping_of_the_last_hour_is_known_to_a_sweep() -> None:
    account = Account()
    group = account.group()
    for _ in range(2):
        account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ipv4(22, WORLD)])
        account.handle(event(group))
        rule_ids = [row["SecurityGroupRuleId"] for row in account.rules(group) if not row["IsEgress"]]
        account.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=rule_ids)
    account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ipv4(22, WORLD)])
    account.group(ipv4(22, WORLD))
    assert swept(account)[group].flaps == 2
    assert ingress(account.rules(group)) == {CLOSED_SSH}
