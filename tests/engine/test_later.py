"""What is put off, until when, and what an end says of it; and what AWS does not show yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Finding
from cloudmend.core.errors import BudgetSpent, CloudmendError
from cloudmend.core.ports import PutOff
from cloudmend.core.target import Outcome, Target
from cloudmend.engine.stations.later import budget_spent, look_again, look_again_named, wait
from engine.test_verdict import Facts, begun
from lamps import CONTROL, Home, call, target
from support import ACCOUNT, NOW, REGION

AT = "07:00:10"
BROKEN = CloudmendError("The queue is not there.")
HALL, OLD = Finding(part="hall", why="hall is on"), Finding(part="porch", why="porch is on")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def there(*parts: str, **more: Any) -> Target:
    found = target(parts=parts)
    return replace(found, cause=replace(found.cause, request={"a": 1}, response={"b": 2}, **more))


def ended(status: Any, of: Target | None = None, *findings: Finding, **more: Any) -> Outcome:
    return Outcome(target=of or there(), status=status, findings=findings, **more)


def task(of: Target, due: timedelta, **more: Any) -> PutOff:
    """The task of a target whose call counts no more."""
    plain = PutOff(
        due=NOW + due,
        account=ACCOUNT,
        region=REGION,
        control=CONTROL.id,
        resource=replace(of.resource, parts=()),
        cause=replace(call(), time=None),
        opened=of.opened,
    )
    return replace(plain, **more)


@pytest.mark.parametrize("takes", [True, False, BROKEN])
@pytest.mark.parametrize(("status", "told"), [("pending", "It was written"), ("observed", "It is hot"), ("open", "")])
def test_what_has_to_wait_is_looked_at_in_five_minutes_or_has_failed(takes: Any, status: Any, told: str) -> None:
    home, end = Home(takes=takes), ended(status, None, HALL, OLD, told=told, baseline=(OLD,))
    due = seconds(300)
    found = wait(end, home.world)
    if takes is True:
        assert found == replace(end, status="pending" if status == "pending" else "deferred", retry_at=NOW + due)
        assert home.put_off_tasks == [task(end.target, due, told=("hall", "porch"), opened=("hall",))]
    elif takes is BROKEN:
        why = f"{told or status}. It could not be put off: The queue is not there."
        assert found == replace(end, status="failed", told=why)
    else:
        assert found == replace(end, status="failed", told=f"{told}. It is tried again." if told else "")


def test_the_task_of_a_mend_that_aws_accepted_names_its_record() -> None:
    entry, home = begun(), Home()
    for status in ("pending", "observed"):
        wait(ended(status, entry=entry), home.world)
    assert [each.accepted for each in home.put_off_tasks] == [entry.id, ""]


@pytest.mark.parametrize(
    ("of", "opened"),
    [
        (there("stairs"), ("stairs",)),
        (replace(there(), named=("stairs",)), ("stairs",)),
        (there(), ("hall",)),
        (replace(there(), swept=True), ()),
    ],
)
def test_a_task_knows_what_its_call_may_have_opened(of: Target, opened: tuple[str, ...]) -> None:
    home = Home()
    wait(ended("observed", of, HALL, OLD, HALL, baseline=(OLD,)), home.world)
    assert home.put_off_tasks == [task(of, seconds(300), told=("hall", "porch", "hall"), opened=opened)]


def test_a_task_is_of_the_account_of_the_resource_or_else_of_the_call() -> None:
    home, of = Home(), there()
    wait(ended("observed", replace(of, resource=replace(of.resource, account="444455556666"))), home.world)
    wait(ended("observed", replace(of, resource=replace(of.resource, account=""))), home.world)
    assert [each.account for each in home.put_off_tasks] == ["444455556666", ACCOUNT]


SPENT = "Account 111122223333 had its 100 mends. {} If so many mends are normal, raise the budget."


@pytest.mark.parametrize(
    ("takes", "told", "is_due"),
    [
        (True, "It is open until it is tried again at 08:00 UTC.", True),
        (False, "It is open, and nothing here tries it again by itself. Try again after 08:00 UTC.", False),
        (
            BROKEN,
            f"It is open, and could not be put into the queue ({BROKEN}): the next event or sweep looks again.",
            False,
        ),
    ],
)
def test_what_the_budget_refuses_waits_for_the_next_hour(takes: Any, told: str, is_due: bool) -> None:
    home, end = Home(takes=takes), ended("observed", None, HALL)
    due = NOW + timedelta(hours=1)
    assert budget_spent(BudgetSpent("Account 111122223333 had its 100 mends."), end, home.world) == replace(
        end, decision=SPENT.format(told), budget_spent=True, retry_at=due if is_due else None
    )
    expected = [task(end.target, timedelta(hours=1), told=("hall",), opened=("hall",))]
    assert home.put_off_tasks == (expected if takes is True else [])


def young(of: Target, due: timedelta, **more: Any) -> PutOff:
    """The task of a young event, with its whole cause."""
    return task(of, due, resource=of.resource, cause=of.cause, **more)


NOT_SHOWN = "AWS does not show stairs, porch yet, which the event names"
LOOKED_AT = f": that is looked at again at {AT} UTC."
UNKNOWN = f"{NOT_SHOWN}. It is not known whether that is open. "
AGAIN = "Try again in two minutes."
LATE = there("hall", "stairs", "porch")


@pytest.mark.parametrize(
    ("end", "takes", "expected", "told"),
    [
        (
            ended("clean", LATE),
            True,
            {"status": "observed", "told": NOT_SHOWN, "decision": f"it is looked at again at {AT} UTC"},
            (),
        ),
        (ended("mended", LATE, HALL), True, {"late": f"{NOT_SHOWN}{LOOKED_AT}"}, ()),
        (
            ended("observed", LATE, HALL),
            True,
            {"late": f"{NOT_SHOWN}{LOOKED_AT}"},
            ("hall",),
        ),
        (ended("clean", LATE), False, {"status": "failed", "told": UNKNOWN + AGAIN}, None),
        (ended("gone", LATE), False, {"status": "failed", "told": UNKNOWN + AGAIN}, None),
        (ended("mended", LATE), False, {"status": "failed", "late": UNKNOWN + AGAIN}, None),
        (
            ended("mended", LATE),
            BROKEN,
            {"status": "failed", "late": f"{UNKNOWN}{AGAIN} It could not be put into the queue for that: {BROKEN}"},
            None,
        ),
    ],
)
def test_what_the_event_names_and_aws_does_not_show_is_looked_at_again(
    end: Outcome, takes: Any, expected: dict[str, Any], told: Any
) -> None:
    home = Home(takes=takes)
    situation = Facts(opened=("hall", "stairs", "porch")).situation(hall="off")
    retry = {} if told is None else {"retry_at": NOW + seconds(10)}
    assert look_again(end, replace(situation, target=LATE), home.world) == replace(end, **expected, **retry)
    assert home.put_off_tasks == ([] if told is None else [young(LATE, seconds(10), told=told)])


def test_an_end_that_is_looked_at_again_anyway_keeps_its_time() -> None:
    end = ended("deferred", LATE, retry_at=NOW)
    found = look_again(end, replace(Facts().situation(), target=LATE), Home().world)
    assert found.retry_at == NOW
    assert found.late == f"AWS does not show hall, stairs, porch yet, which the event names{LOOKED_AT}"


@pytest.mark.parametrize("where", ["findings", "remaining"])
def test_a_part_that_waits_is_not_looked_at_besides(where: str) -> None:
    """The queue looks at it already."""
    waits = (replace(HALL, wait="it is hot"), replace(HALL, part="porch"))
    end = replace(ended("deferred", LATE), **{where: waits})
    found = look_again(end, replace(Facts().situation(), target=LATE), Home().world)
    assert found.late == f"AWS does not show stairs, porch yet, which the event names{LOOKED_AT}"


@pytest.mark.parametrize("status", ["open", "failed"])
def test_what_is_tried_again_as_a_whole_is_not_looked_at_again_besides(status: Any) -> None:
    end, home = ended(status, LATE), Home()
    assert look_again(end, replace(Facts().situation(), target=LATE), home.world) is end
    clean = ended("clean", LATE)
    assert look_again(clean, end, home.world) is clean
    shown = replace(Facts().situation(hall="on", stairs="on", porch="on"), target=LATE)
    assert look_again(clean, shown, home.world) is clean


@pytest.mark.parametrize(
    ("age", "due"),
    [(-60.5, None), (-60, 10), (0, 10), (10, 10), (10.5, 10.5), (30, 30), (70, 50), (119.5, 0.5), (120, None)],
)
def test_a_young_event_is_looked_at_again_at_twice_its_age_and_a_last_time_before_it_is_old(
    age: float, due: float | None
) -> None:
    of, home = there("stairs", time=NOW - seconds(age)), Home()
    look_again(ended("clean", of), replace(Facts().situation(), target=of), home.world)
    assert [each.due - NOW for each in home.put_off_tasks] == ([] if due is None else [seconds(due)])


def test_an_event_without_a_time_is_not_young() -> None:
    of, home = there("stairs", time=None), Home()
    look_again(ended("clean", of), replace(Facts().situation(), target=of), home.world)
    look_again_named(ended("clean", of), home.world)
    assert home.put_off_tasks == []


@pytest.mark.parametrize(("size", "is_whole"), [(199_000, True), (200_000, True), (200_001, False), (201_000, False)])
def test_a_task_that_has_no_room_in_a_message_is_put_off_without_what_the_call_said(size: int, is_whole: bool) -> None:
    home, of = Home(), there("stairs")
    empty = replace(young(of, seconds(10)), cause=replace(of.cause, request={"a": ""}))
    letters, odd = divmod(size - len(empty.body().encode()), len("é".encode()))
    of = replace(of, cause=replace(of.cause, request={"a": "é" * letters + "e" * odd}))
    look_again(ended("clean", of), replace(Facts().situation(), target=of), home.world)
    (put_off,) = home.put_off_tasks
    assert put_off.cause == (of.cause if is_whole else replace(of.cause, request={}, response={}))


def test_a_resource_that_a_young_event_names_by_its_name_is_looked_at_again() -> None:
    of, home = there(), Home()
    of = replace(of, resource=replace(of.resource, id="", name="the hall"))
    end = ended("clean", of)
    assert look_again_named(end, home.world) == replace(
        end,
        status="observed",
        told="AWS does not show the hall yet, which the event names",
        decision=f"it is looked at again at {AT} UTC",
        retry_at=NOW + seconds(10),
    )
    assert home.put_off_tasks == [young(of, seconds(10))]
