"""Two engines look at one account at once, each with its own ledger of one store: nothing reported becomes baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.ledger import Terms
from cloudmend.core.model import Record
from cloudmend.core.standing import StandingResource, Unit
from cloudmend.core.world import World
from cloudmend.local.ec2.checks import Ec2Error
from engine.test_baseline import MENDED_RDP, OPEN, OPEN_RDP, UNIT, WORLD, Stack
from ledgers.backends import Backend
from support import ingress, ipv4, policy

REFUSED = Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)


class Engines(Stack):
    """A stack whose first engine is `world`; another one runs beside it."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend
        self.world, self.other = self._engine(), self._engine()

    def _engine(self) -> World:
        return msgspec.structs.replace(self.world, ledger=self._backend.make(self.clock, Terms()))

    def look(self, world: World | None = None, text: str = "") -> list[Record]:
        """A sweep of an engine."""
        return list(engine.sweep(controls=[CONTROL], policy=policy(text), world=world or self.world).records)

    def hear(self, group_id: str, *rule_ids: str, text: str = "") -> str:
        """The status after the other engine heard the event of a call that opened these rules just now."""
        return self.heard(group_id, *rule_ids, world=self.other, text=text).status

    def kept(self, group_id: str) -> dict[str, str]:
        """The standing findings of a group, as one more process reads them: status by mark."""
        found = [each for each in self._engine().ledger.standing(UNIT) if isinstance(each, StandingResource)]
        return {each.mark: each.status for one in found if one.resource.id == group_id for each in one.findings}

    def unit(self) -> Unit:
        found = self._engine().ledger.unit(UNIT)
        assert isinstance(found, Unit)
        return found


@pytest.fixture
def engines(backend: Backend) -> Engines:
    return Engines(backend)


def before(world: World, method: str, act: Callable[[], Any]) -> None:
    """Let something happen before the first call of a ledger's method."""
    real, happened = getattr(world.ledger, method), list[bool]()

    def first(*arguments: Any) -> Any:
        if not happened:
            happened.append(True)
            act()
        return real(*arguments)

    setattr(world.ledger, method, first)


def refuse_writes(engines: Engines) -> None:
    def refuse(_: object) -> None:
        raise REFUSED

    for operation in ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"):
        engines.groups.before[operation] = refuse


def test_what_an_event_could_not_mend_while_a_first_sweep_looked_is_no_baseline(engines: Engines) -> None:
    group = engines.group(ipv4(22, WORLD))
    named = engines.open(group, ipv4(3389, WORLD))
    refuse_writes(engines)
    before(engines.world, "keep_standing", lambda: engines.hear(group, *named))
    engines.look()
    assert engines.kept(group) == {"tcp/22 from 0.0.0.0/0": "baseline", "tcp/3389 from 0.0.0.0/0": "open"}
    engines.groups.before.clear()
    engines.look()
    assert ingress(engines.rules(group)) == OPEN | {MENDED_RDP}


def test_what_an_event_reported_is_no_baseline_though_a_first_sweep_kept_it_just_before(engines: Engines) -> None:
    group = engines.group(ipv4(22, WORLD))
    named = engines.open(group, ipv4(3389, WORLD))
    before(engines.other, "keep_standing", engines.look)
    assert engines.hear(group, *named, text='mode = "observe"') == "observed"
    assert engines.kept(group) == {"tcp/22 from 0.0.0.0/0": "baseline", "tcp/3389 from 0.0.0.0/0": "observed"}
    engines.look()
    assert ingress(engines.rules(group)) == OPEN | {MENDED_RDP}


def test_what_an_event_mended_while_a_first_sweep_looked_is_new_when_it_is_opened_again(engines: Engines) -> None:
    group = engines.group()
    (rule,) = engines.open(group, ipv4(3389, WORLD))
    before(engines.world, "keep_standing", lambda: engines.hear(group, rule))
    engines.look()
    assert ingress(engines.rules(group)) == {MENDED_RDP}
    said = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "CidrIpv4": WORLD}
    update = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": said}]
    engines.ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=update)  # its event is lost
    assert ingress(engines.rules(group)) == {OPEN_RDP}
    engines.clock.sleep(3600)
    engines.look()
    assert ingress(engines.rules(group)) == {MENDED_RDP}


def test_what_is_opened_after_one_first_sweep_gave_the_mark_is_new_to_another_that_is_under_way(
    engines: Engines,
) -> None:
    old, new = engines.group(ipv4(22, WORLD)), engines.group()

    def meanwhile(_: object) -> None:
        engines.groups.before.clear()
        engines.look(engines.other)
        engines.clock.sleep(1)
        engines.open(new, ipv4(3389, WORLD))  # its event is lost

    engines.groups.before["DescribeSecurityGroups"] = meanwhile
    engines.look()
    assert engines.kept(new) == {"tcp/3389 from 0.0.0.0/0": "observed"}
    engines.look()
    assert (ingress(engines.rules(old)), ingress(engines.rules(new))) == (OPEN, {MENDED_RDP})


def test_a_sweep_that_cannot_list_everything_takes_no_mark_away_that_another_gave_meanwhile(engines: Engines) -> None:
    engines.group(ipv4(22, WORLD))

    def refuse(_: object) -> None:
        raise REFUSED

    def meanwhile() -> None:
        engines.groups.before.clear()
        engines.look(engines.other)

    engines.groups.before["DescribeSecurityGroups"] = refuse
    before(engines.world, "keep_unit", meanwhile)
    engines.look()
    assert engines.unit().baseline
    assert "You are not authorized" in engines.unit().unread[0]


def test_a_sweep_forgets_nothing_that_an_event_kept_meanwhile(engines: Engines) -> None:
    group = engines.group()
    (rule,) = engines.open(group, ipv4(22, WORLD))
    engines.look()
    engines.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])

    def meanwhile() -> None:
        named = engines.open(group, ipv4(3389, WORLD))
        refuse_writes(engines)
        assert engines.hear(group, *named) == "open"

    engines.clock.sleep(60)
    before(engines.world, "keep_standing", meanwhile)
    engines.look()
    assert engines.kept(group) == {"tcp/3389 from 0.0.0.0/0": "open"}


def test_what_an_event_can_never_keep_because_others_do_is_in_the_log(engines: Engines) -> None:
    group = engines.group()
    named, tries = engines.open(group, ipv4(3389, WORLD)), list[str]()

    def refuse(stands: Sequence[StandingResource], _: object) -> frozenset[str]:
        tries.extend(each.id for each in stands)
        return frozenset(each.id for each in stands)

    engines.other.ledger.keep_standing = refuse  # type: ignore[method-assign, assignment]
    assert engines.hear(group, *named, text='mode = "observe"') == "observed"
    assert tries == [f"{UNIT}/{group}"] * 5
    assert engines.ledger_problems == ["Other looks kept something there at the same time, 5 times in a row."]


@pytest.mark.parametrize("kind", ["in_dynamodb", "on_disk"])
def test_two_first_sweeps_and_events_in_their_midst_keep_the_old_and_close_the_new(
    kind: str, request: pytest.FixtureRequest
) -> None:
    engines = Engines(request.getfixturevalue(kind))
    groups = [engines.group(ipv4(22, WORLD)) for _ in range(8)]
    named = [(group, engines.open(group, ipv4(3389, WORLD))) for group in groups[::2]]
    start = Barrier(3)

    def hears() -> None:
        start.wait()
        for group, rules in named:
            engines.hear(group, *rules)

    def looks(world: World) -> None:
        start.wait()
        engines.look(world)

    with ThreadPoolExecutor(3) as pool:
        acts = [pool.submit(hears), pool.submit(looks, engines.world), pool.submit(looks, engines.other)]
    assert [act.exception() for act in acts] == [None] * 3
    assert engines.unit().baseline
    engines.look()
    assert [ingress(engines.rules(group)) for group in groups[::2]] == [OPEN | {MENDED_RDP}] * 4
    assert [ingress(engines.rules(group)) for group in groups[1::2]] == [OPEN] * 4
    assert all(engines.kept(group) == {"tcp/22 from 0.0.0.0/0": "baseline"} for group in groups)
