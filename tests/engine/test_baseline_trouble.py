"""The baseline where a mend fails, the ledger does not answer, or has no room, and where looks meet each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.cli.context import DecisionInputs
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.digest import Digest
from cloudmend.core.errors import LedgerError
from cloudmend.core.model import Record
from cloudmend.core.standing import PATIENCE, StandingFound, StandingResource, Unit, UnreadableStanding
from cloudmend.core.target import Target
from cloudmend.engine.first_looks import Looked
from cloudmend.engine.look import survey
from cloudmend.engine.stations.values import NOT_SURE
from cloudmend.engine.units import _marked
from cloudmend.local.ec2.checks import Ec2Error
from engine.test_baseline import MENDED, MENDED_RDP, OPEN, UNIT, WORLD, Stack
from engine.test_put_off import Kept
from support import ACCOUNT, REGION, Account, ingress, ipv4, policy


@pytest.fixture
def stack() -> Stack:
    return Stack()


def test_what_cannot_be_kept_is_looked_at_for_the_first_time_once_more(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))

    def refused(*_: object) -> None:
        raise LedgerError("The table is full.")

    stack.ledger.keep_standing = refused  # type: ignore[attr-defined]
    stack.sweep()
    assert "The table is full." in stack.ledger_problems
    assert stack.unit().first_looks == (group,)
    del stack.ledger.keep_standing
    stack.sweep()
    stack.sweep()
    assert ingress(stack.rules(group)) == OPEN
    assert stack.unit().first_looks == ()


def test_one_resource_that_the_ledger_has_no_room_for_keeps_no_unit_from_its_mark(stack: Stack) -> None:
    large, *others = sorted(stack.group(ipv4(22, WORLD)) for _ in range(3))
    keep = stack.ledger.keep_standing

    def refuses(stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> Any:
        if any(each.resource.id == large for each in stands):
            raise LedgerError("Item size has exceeded the maximum allowed size.")
        return keep(stands, gone)

    stack.ledger.keep_standing = refuses  # type: ignore[attr-defined]
    stack.sweep()
    assert stack.unit().baseline
    assert stack.unit().first_looks == (large,)
    stack.open(others[0], ipv4(3389, WORLD))
    stack.sweep()
    assert ingress(stack.rules(others[0])) == OPEN | {MENDED_RDP}


def test_ids_that_have_no_room_beside_a_mark_leave_the_unit_without_it(stack: Stack) -> None:
    """An item of DynamoDB takes 400 KB; the id of a DB snapshot may have 255 characters."""
    stack.sweep()
    fresh = msgspec.structs.replace(stack.unit(), baseline=None)
    ids = frozenset(f"{number:05}{'x' * 250}" for number in range(2_000))
    looked = Looked(began=stack.clock.now(), is_whole=True, targets=ids, left=ids, unlisted=(), records=())
    marked = partial(_marked, fresh, looked, unkept=frozenset())
    assert marked(now=stack.clock.now()).baseline is None
    after_a_day = marked(now=stack.clock.now() + PATIENCE)
    assert after_a_day.baseline
    assert 250_000 < len(msgspec.json.encode(after_a_day)) < 350_000


def test_what_an_event_could_not_mend_before_the_first_sweep_is_no_baseline(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    named = stack.open(group, ipv4(3389, WORLD))

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    for operation in ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"):
        stack.groups.before[operation] = refuse
    assert stack.told(group, *named).status == "open"
    stack.groups.before.clear()
    stack.sweep()
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}


@pytest.mark.parametrize("method", ["history", "unit"])
def test_where_the_ledger_does_not_answer_an_event_nothing_becomes_the_baseline(stack: Stack, method: str) -> None:
    group = stack.group()
    stack.sweep()
    stack.clock.sleep(120)
    stack.open(group, ipv4(22, WORLD))  # its event is lost
    named = stack.open(group, ipv4(3389, WORLD))

    def unanswered(*_: object) -> Any:
        raise LedgerError("The table does not answer.")

    setattr(stack.ledger, method, unanswered)
    assert stack.told(group, *named).status == "mended"
    delattr(stack.ledger, method)
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}
    stack.sweep()
    assert ingress(stack.rules(group)) == MENDED | {MENDED_RDP}


def test_where_the_ledger_does_not_answer_a_look_does_not_say_that_it_was_there_before(stack: Stack) -> None:
    group = stack.group()
    stack.sweep()
    stack.open(group, ipv4(22, WORLD))

    def unanswered(*_: object) -> Any:
        raise LedgerError("The table does not answer.")

    setattr(stack.ledger, "unit", unanswered)  # noqa: B010 - mypy knows no such attribute
    standing = DecisionInputs(ledger=stack.ledger, keeps_baseline=True)
    world = standing.world(region=REGION, reader=stack.world.reader, account=ACCOUNT, now=stack.clock.now())
    (found,) = survey(CONTROL, policy(), world).found
    assert [(fate.decision.action, fate.decision.why) for fate in found.fates] == [("observe", NOT_SURE)]
    assert found.notes == (NOT_SURE,)


def test_what_an_event_saw_closed_during_a_sweep_stands_no_more_after_it(stack: Stack) -> None:
    group = stack.group()
    (rule,) = stack.open(group, ipv4(22, WORLD))
    publish = stack.publish_digest

    def meanwhile(digest: Digest) -> None:
        publish(digest)
        stack.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
        assert stack.told(group).status == "clean"

    stack.publish_digest = meanwhile  # type: ignore[method-assign]
    stack.sweep()
    assert list(stack.ledger.standing(UNIT)) == []


def test_a_digest_comes_though_no_sweep_ends_in_time_and_one_resource_is_never_read(stack: Stack) -> None:
    hidden, *_ = sorted(stack.group(ipv4(22, WORLD)) for _ in range(3))

    def refuse(params: Mapping[str, Any]) -> None:
        if hidden in params["Filters"][0]["Values"]:
            raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    stack.groups.before["DescribeSecurityGroupRules"] = refuse
    for _ in range(5):
        left = engine.sweep(controls=[CONTROL], policy=policy(), world=stack.world, until=stack.clock.now()).left
        stack.sweep(only=left)
        stack.clock.sleep(6 * 3600)
    assert [len(digest.new) for digest in stack.digests] == [2]


def test_two_messages_of_one_sweep_at_once_do_not_undo_each_other(stack: Stack) -> None:
    groups = sorted(stack.group(ipv4(22, WORLD)) for _ in range(4))
    left = engine.sweep(controls=[CONTROL], policy=policy(), world=stack.world, until=stack.clock.now()).left
    first, second = ([each for each in left if (each.resource.id in groups[:2]) is half] for half in (True, False))
    keep, others = stack.ledger.keep_standing, list[bool]()

    def meanwhile(*arguments: Any) -> Any:
        if not others:
            others.append(True)
            stack.sweep(only=second)
        return keep(*arguments)

    stack.ledger.keep_standing = meanwhile  # type: ignore[attr-defined]
    stack.sweep(only=first)
    assert stack.unit().first_looks == ()


@pytest.mark.parametrize("is_swept", [False, True], ids=["", "a sweep comes first"])
def test_what_an_event_opened_and_the_budget_put_off_is_no_baseline_though_its_value_changes(is_swept: bool) -> None:
    stack, later = Stack(), Kept()
    stack.world = msgspec.structs.replace(stack.world, ledger=stack.process(budget=1), later=later)
    spent = stack.group()
    assert stack.told(spent, *stack.open(spent, ipv4(22, WORLD))).status == "mended"
    group = stack.group()
    (rule,) = stack.open(group, ipv4(22, "0.0.0.0/1"))
    assert stack.told(group).budget_spent  # the event names no rule
    said = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": WORLD}
    update = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": said}]
    stack.ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=update)
    if is_swept:
        stack.sweep()
    (task,) = later.tasks[:1]
    stack.clock.sleep(3600)
    target = Target(control=CONTROL, resource=task.resource, cause=task.cause, named=task.opened)
    (record,) = engine.mend_all([target], policy(), stack.world)
    assert (record.status, ingress(stack.rules(group))) == ("mended", MENDED)


def test_what_is_put_off_names_no_part_at_which_the_baseline_stands() -> None:
    stack, later = Stack(), Kept()
    stack.world = msgspec.structs.replace(stack.world, ledger=stack.process(budget=1), later=later)
    group, spent = stack.group(ipv4(22, WORLD)), stack.group()
    stack.sweep()
    stack.clock.sleep(60)
    assert stack.told(spent, *stack.open(spent, ipv4(22, WORLD))).status == "mended"
    (rule,) = stack.open(group, ipv4(3389, WORLD))
    assert stack.told(group).budget_spent
    assert [task.opened for task in later.tasks] == [(rule,)]


def test_a_unit_that_another_sweep_kept_meanwhile_is_kept_beside_what_that_one_kept(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    keep, tries = stack.ledger.keep_unit, list[Unit]()

    def meanwhile(unit: Unit) -> bool:
        tries.append(unit)
        if len(tries) == 1:
            other = msgspec.structs.replace(unit, baseline=None, unread=("The other sweep read nothing.",))
            assert keep(other)
        kept: bool = keep(unit)
        return kept

    stack.ledger.keep_unit = meanwhile  # type: ignore[attr-defined]
    stack.sweep()
    assert (len(tries), tries[1].revision) == (2, tries[0].revision + 1)
    assert (stack.unit().baseline, stack.unit().unread, stack.unit().told) == (stack.clock.now(), (), stack.clock.now())
    assert stack.stands(group) == {"tcp/22 from 0.0.0.0/0": "baseline"}


def test_a_unit_that_is_never_kept_is_tried_five_times_and_left_to_the_next_sweep(stack: Stack) -> None:
    group, tries = stack.group(ipv4(22, WORLD)), list[Unit]()

    def never(unit: Unit) -> bool:
        tries.append(unit)
        return False

    stack.ledger.keep_unit = never  # type: ignore[attr-defined]
    assert [record.status for record in stack.sweep()] == ["observed"]
    assert len(tries) == 5
    assert stack.ledger_problems == ["Other sweeps of the unit ended at the same time, 5 times in a row."]
    del stack.ledger.keep_unit
    stack.sweep()
    assert stack.unit().baseline
    assert ingress(stack.rules(group)) == OPEN


@pytest.mark.parametrize("has_log", [True, False])
def test_a_unit_that_cannot_be_kept_costs_no_record_of_the_sweep(stack: Stack, has_log: bool) -> None:
    stack.group(ipv4(22, WORLD))

    def refused(_: object) -> bool:
        raise LedgerError("The table is full.")

    stack.ledger.keep_unit = refused  # type: ignore[attr-defined]
    if not has_log:
        stack.world = msgspec.structs.replace(stack.world, notifier=Teller(stack.records))
    assert [record.status for record in stack.sweep()] == ["observed"]
    assert stack.ledger_problems == (["The table is full."] if has_log else [])


def test_where_no_baseline_is_kept_a_sweep_mends_though_the_ledger_says_nothing_of_its_unit() -> None:
    account = Account()
    group = account.group(ipv4(22, WORLD))

    def unanswered() -> Any:
        raise LedgerError("The table does not answer.")

    account.ledger.units = unanswered  # type: ignore[attr-defined]
    (record,) = engine.sweep(controls=[CONTROL], policy=policy(), world=account.world).records
    assert (record.status, ingress(account.rules(group))) == ("mended", MENDED)


def test_what_an_event_keeps_while_other_looks_keep_something_each_time_is_given_up(stack: Stack) -> None:
    group, tries = stack.group(ipv4(22, WORLD)), list[str]()

    def beside_another(stands: Sequence[StandingResource], _: Sequence[StandingFound]) -> frozenset[str]:
        tries.extend(each.id for each in stands)
        return frozenset(each.id for each in stands)

    stack.ledger.keep_standing = beside_another  # type: ignore[attr-defined]
    assert stack.heard(group, world=stack.world, text='mode = "observe"').status == "observed"
    assert tries == [f"{UNIT}/{group}"] * 5


def test_what_a_sweep_saw_while_an_event_mended_it_is_no_baseline(stack: Stack) -> None:
    group = stack.group()
    named = stack.open(group, ipv4(22, WORLD))
    keep, mended = stack.ledger.keep_standing, list[str]()

    def meanwhile(stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> Any:
        if stands and not mended:
            mended.append("")
            mended[0] = stack.told(group, *named).status
        return keep(stands, gone)

    stack.ledger.keep_standing = meanwhile  # type: ignore[attr-defined]
    stack.sweep()
    assert (mended, ingress(stack.rules(group))) == (["mended"], MENDED)
    assert stack.stands(group) == {"tcp/22 from 0.0.0.0/0": "observed"}


def test_a_first_sweep_that_cannot_know_what_was_mended_meanwhile_leaves_the_mark_to_the_next(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))

    def unanswered(*_: object) -> Any:
        raise LedgerError("The table does not answer.")

    stack.ledger.entries = unanswered  # type: ignore[attr-defined]
    assert [record.status for record in stack.sweep()] == ["observed"]
    assert (stack.ledger.unit(UNIT), stack.digests, stack.ledger_problems) == (None, [], ["The table does not answer."])
    del stack.ledger.entries
    for _ in range(2):
        stack.sweep()
    assert (stack.unit().baseline is not None, len(stack.digests)) == (True, 1)
    assert ingress(stack.rules(group)) == OPEN


def test_an_event_knows_what_a_first_sweep_kept_after_it_had_asked_what_stands(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    read, swept = stack.ledger.unit, list[bool]()

    def after_a_sweep(key: str) -> Any:
        if not swept:
            swept.append(True)
            stack.sweep()
        return read(key)

    named = stack.open(group, ipv4(3389, WORLD))
    stack.ledger.unit = after_a_sweep  # type: ignore[attr-defined]
    assert stack.told(group, *named).status == "mended"
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}


def test_a_look_says_that_what_stands_cannot_be_read(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    read = stack.ledger.history
    spoiled = UnreadableStanding(f"{UNIT}/{group}", "What stands there was edited by hand.")

    def unreadable(*arguments: Any) -> Any:
        return msgspec.structs.replace(read(*arguments), standing=spoiled)

    stack.ledger.history = unreadable  # type: ignore[attr-defined]
    (found,) = survey(CONTROL, policy(), stack.world).found
    assert spoiled.problem in found.notes


def test_a_sweep_without_time_leaves_all_batches(stack: Stack) -> None:
    groups = sorted(stack.group(ipv4(22, WORLD)) for _ in range(34))
    swept = engine.sweep(controls=[CONTROL], policy=policy(), world=stack.world, until=stack.clock.now())
    assert sorted(each.resource.id for each in swept.left) == groups
    assert swept.records == ()


class Teller:
    """A notifier that has no log for what the ledger cannot keep."""

    def __init__(self, told: list[Record]) -> None:
        self._told = told

    def publish(self, record: Record) -> None:
        self._told.append(record)
