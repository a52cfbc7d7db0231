"""Two first looks at the same resources at once, and a call between them whose event is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.ports import Leftover
from cloudmend.core.world import World
from engine.test_baseline import MENDED_RDP, OPEN, WORLD
from ledgers.backends import Backend
from ledgers.test_overlapping_looks import Engines
from support import ingress, ipv4, policy

# The calls of a first sweep's ledger, in order. After the first two, it looks.
BEFORE_ITS_LOOK = ("units", "standing")
AFTER_ITS_LOOK = ("keep_standing", "entries", "keep_unit")


@pytest.fixture
def engines(backend: Backend) -> Engines:
    return Engines(backend)


def leave(engines: Engines) -> Sequence[Leftover]:
    """A first sweep that reaches nothing in time."""
    swept = engine.sweep(controls=[CONTROL], policy=policy(), world=engines.world, until=engines.clock.now())
    assert swept.left
    engines.clock.sleep(1)
    return swept.left


def at(world: World, method: str, act: Callable[[], Any]) -> None:
    """Let something happen before the first call of a ledger's method, once."""
    real, happened = getattr(world.ledger, method), list[bool]()

    def first(*arguments: Any) -> Any:
        if not happened:
            happened.append(True)
            act()
        return real(*arguments)

    setattr(world.ledger, method, first)


def worker(engines: Engines, world: World, only: Sequence[Leftover] | None) -> None:
    engine.sweep(controls=[CONTROL], policy=policy(), world=world, only=only)


def open_silently(engines: Engines, groups: Sequence[str]) -> None:
    """Open another port of all groups; no event comes."""
    engines.clock.sleep(1)
    for group in groups:
        engines.open(group, ipv4(3389, WORLD))
    engines.clock.sleep(1)


def end(engines: Engines, groups: Sequence[str]) -> list[set[tuple[str, int, int, str]]]:
    """The rules of the groups when two sweeps have come by."""
    for _ in range(2):
        engines.clock.sleep(3600)
        engines.look()
    return [ingress(engines.rules(group)) for group in groups]


@pytest.mark.parametrize("is_left", [True, False], ids=["left over", "whole"])
@pytest.mark.parametrize("moment", [*BEFORE_ITS_LOOK, *AFTER_ITS_LOOK])
def test_what_is_opened_after_one_first_look_is_new_though_another_that_is_under_way_sees_it(
    engines: Engines, moment: str, is_left: bool
) -> None:
    groups = [engines.group(ipv4(22, WORLD)), engines.group()]
    only = leave(engines) if is_left else None

    def meanwhile() -> None:
        worker(engines, engines.other, only)
        open_silently(engines, groups)

    at(engines.world, moment, meanwhile)
    worker(engines, engines.world, only)
    assert end(engines, groups) == [OPEN | {MENDED_RDP}, {MENDED_RDP}]


@pytest.mark.parametrize("is_left", [True, False], ids=["left over", "whole"])
@pytest.mark.parametrize("moment", AFTER_ITS_LOOK)
def test_what_is_opened_after_a_first_look_is_new_though_another_ends_before_it(
    engines: Engines, moment: str, is_left: bool
) -> None:
    groups = [engines.group(ipv4(22, WORLD)), engines.group()]
    only = leave(engines) if is_left else None

    def meanwhile() -> None:
        open_silently(engines, groups)
        worker(engines, engines.other, only)

    at(engines.world, moment, meanwhile)
    worker(engines, engines.world, only)
    after = end(engines, groups)
    assert all(each >= OPEN for each in after[:1]), "what was there before was mended"
    assert after == [OPEN | {MENDED_RDP}, {MENDED_RDP}]


@pytest.mark.parametrize("kind", ["in_dynamodb", "on_disk"])
def test_two_workers_of_one_message_leave_what_was_there_and_mend_what_comes_later(
    kind: str, request: pytest.FixtureRequest
) -> None:
    engines = Engines(request.getfixturevalue(kind))
    groups = [engines.group(ipv4(22, WORLD)) for _ in range(8)]
    only, start = leave(engines), Barrier(2)

    def works(world: World) -> None:
        start.wait()
        worker(engines, world, only)

    with ThreadPoolExecutor(2) as pool:
        acts = [pool.submit(works, world) for world in (engines.world, engines.other)]
    assert [act.exception() for act in acts] == [None, None]
    assert engines.unit().first_looks == ()
    open_silently(engines, groups)
    assert end(engines, groups) == [OPEN | {MENDED_RDP}] * 8
