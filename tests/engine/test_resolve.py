"""Where a call is answered, and which resources a target stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.target import Outcome, Target
from cloudmend.core.world import World
from cloudmend.engine.stations.resolve import each_of, everything, misplaced, ours, placed, resolve
from lamps import CONTROL, TYPE, Home, Settings, call, policy, target
from support import ACCOUNT, NOW, REGION

THEIRS, ABROAD = "444455556666", "us-east-1"
WHOLE_REGION = Resource(type=TYPE.type, account=ACCOUNT, region=REGION)


def unknown() -> str:
    raise CloudmendError("No answer.")


def world(**more: Any) -> World:
    return replace(Home().world, **more)


def lamp(number: int, **more: Any) -> Resource:
    return replace(Resource(type=TYPE.type, id=f"lamp-{number}", account=ACCOUNT, region=REGION), **more)


def listing(*found: str | Resource, error: Exception | None = None) -> Control[Any]:
    def every(resource: Resource, reader: Any, settings: Settings) -> Iterator[str | Resource]:
        assert (resource.region, settings) == (REGION, Settings(unscrew=True))
        assert reader is not None
        yield from found
        if error:
            raise error

    return replace(CONTROL, every=every)


def everywhere(control: Control[Any], **more: Any) -> Target:
    return replace(target(control), resource=replace(WHOLE_REGION, **more))


def settled(targets: Iterable[Target], control: Control[Any], place: World | None = None) -> Any:
    text = "[control.lamp_on]\nunscrew = true\n"
    return resolve(list(targets), policy(control, text), place or world())


@pytest.mark.parametrize(
    ("scope", "resource"),
    [
        ("resource", Resource(type="AWS::Region", id=REGION, account=ACCOUNT, region=REGION)),
        ("region", Resource(type=TYPE.type, id=REGION, account=ACCOUNT, region=REGION)),
        ("account", Resource(type=TYPE.type, id=ACCOUNT, account=ACCOUNT, region=ABROAD)),
    ],
)
def test_a_sweep_looks_at_all_of_a_kind_without_a_call(scope: Any, resource: Resource) -> None:
    control = replace(CONTROL, resource=replace(TYPE, scope=scope))
    cause = ApiCall(event_id="", source="cloudmend", name="Sweep", time=None, account="", region=REGION)
    assert everything(control, world()) == Target(control=control, resource=resource, cause=cause, swept=True)


def test_where_the_account_is_not_known_a_sweep_names_none() -> None:
    assert everything(CONTROL, world(account=unknown)).resource.account == ""


def test_a_list_gives_a_target_each_of_its_place_and_cause() -> None:
    control = listing("lamp-1", lamp(2, account="", region="", name="two"))
    there = everywhere(control)
    assert settled([there], control) == (
        [replace(there, resource=lamp(1)), replace(there, resource=lamp(2, account="", name="two"))],
        [],
    )


def test_what_a_list_named_before_it_broke_off_is_kept_and_the_rest_is_told() -> None:
    control = listing("lamp-1", error=AwsError("No more.", action="home:ListLamps", code="", refused=False))
    there = everywhere(control)
    failed = Outcome(target=there, status="failed", told="No more.")
    assert settled([there], control) == ([replace(there, resource=lamp(1))], [failed])
    broken = everywhere(listing(error=ValueError("a bug")))
    (end,) = settled([broken], broken.control)[1]
    assert end.told == "cloudmend crashed: ValueError: a bug"


def test_a_list_that_names_nothing_is_clean_unless_a_young_event_names_what_is_missing() -> None:
    control = listing()
    there = everywhere(control)
    assert settled([there], control) == ([], [Outcome(target=there, status="clean", told="no finding of lamp_on")])
    named = everywhere(control, name="the hall")
    (end,) = settled([named], control)[1]
    assert (end.status, end.told) == ("observed", "AWS does not show the hall yet, which the event names")
    own = replace(control, clear=lambda resource, state, settings: f"{resource.type} {state} {settings}")
    (end,) = settled([everywhere(own)], own)[1]
    assert end.told == f"{TYPE.type} None {Settings(unscrew=True)}"


@pytest.mark.parametrize(
    ("control", "resource"),
    [(CONTROL, WHOLE_REGION), (listing("lamp-2"), lamp(1)), (CONTROL, lamp(1))],
)
def test_one_resource_and_what_has_no_list_stand_for_themselves(control: Control[Any], resource: Resource) -> None:
    there = replace(target(control), resource=resource)
    assert settled([there], control) == ([there], [])


def test_another_kind_is_asked_for_the_resources_behind_it() -> None:
    control = listing("lamp-1")
    there = replace(
        target(control), resource=Resource(type="AWS::Home::Fuse", id="f-1", account=ACCOUNT, region=REGION)
    )
    assert settled([there], control) == ([replace(there, resource=lamp(1))], [])


def test_an_account_s_one_is_looked_at_from_its_home_region_by_a_sweep() -> None:
    control = replace(CONTROL, resource=replace(TYPE, scope="account"))
    there = replace(target(control), resource=lamp(1, region=ABROAD))
    assert each_of(replace(there, swept=True), policy(control), world()) == ([], [])
    assert each_of(there, policy(control), world()) == ([there], [])
    home = replace(there, swept=True)
    assert each_of(home, policy(control), world(region=ABROAD)) == ([home], [])
    assert each_of(replace(target(), swept=True), policy(), world(region=ABROAD))[0]


def test_a_target_that_names_no_place_is_of_here() -> None:
    there = replace(target(), resource=lamp(1, account="", region=""))
    assert settled([there], CONTROL) == ([target()], [])
    assert placed(replace(call(), region=""), world()) == call()
    assert placed(replace(call(), region=ABROAD), world()).region == ABROAD


ELSEWHERE = (
    "the call was made in {there}, and cloudmend acts in {here}. Nothing was looked at or changed, and it may be open. "
    "Run cloudmend there, and hand the event to it with credentials of that account and that --region."
)
NOT_OURS = (
    "it is in Region {region} of account {account}, and cloudmend acts in Region eu-west-1 of account 111122223333. "
    "Nothing was looked at or changed, and it may be at fault. Tell its owner."
)


@pytest.mark.parametrize(
    ("cause", "resource", "told"),
    [
        ({}, {}, ""),
        ({"account": ""}, {"account": "", "region": ""}, ""),
        (
            {"region": ABROAD},
            {},
            ELSEWHERE.format(
                there="Region us-east-1 and account 111122223333", here="Region eu-west-1 and account 111122223333"
            ),
        ),
        (
            {"account": THEIRS},
            {},
            ELSEWHERE.format(
                there="Region eu-west-1 and account 444455556666", here="Region eu-west-1 and account 111122223333"
            ),
        ),
        (
            {"account": "", "region": ABROAD},
            {},
            ELSEWHERE.format(there="Region us-east-1", here="Region eu-west-1"),
        ),
        ({}, {"account": THEIRS}, NOT_OURS.format(region=REGION, account=THEIRS)),
        ({}, {"region": ABROAD}, NOT_OURS.format(region=ABROAD, account=ACCOUNT)),
    ],
)
def test_what_is_not_of_here_fails_loudly(cause: dict[str, str], resource: dict[str, str], told: str) -> None:
    there = replace(target(), cause=replace(call(), **cause), resource=lamp(1, **resource))
    end = Outcome(target=there, status="failed", told=told) if told else None
    assert misplaced(there, world()) == end
    found, ends = settled([there, target()], CONTROL)
    assert (len(found), found[-1], ends) == (1 if end else 2, target(), [end] if end else [])


def test_where_the_account_is_not_known_nothing_is_looked_at() -> None:
    told = "it is not known which account this is, so nothing was looked at: No answer."
    assert misplaced(target(), world(account=unknown)) == Outcome(target=target(), status="failed", told=told)


@pytest.mark.parametrize(
    ("others", "named"),
    [
        (1, "lamp-1 of account 444455556666"),
        (5, ", ".join(f"lamp-{number} of account 444455556666" for number in range(1, 6))),
        (1206, ", ".join(f"lamp-{number} of account 444455556666" for number in range(1, 6)) + " and 1,201 more"),
    ],
)
def test_what_others_own_is_left_to_them_in_one_end(others: int, named: str) -> None:
    control = listing(*(lamp(number, account=THEIRS) for number in range(1, others + 1)), lamp(9999), "lamp-7")
    there = everywhere(control)
    end = Outcome(
        target=there,
        status="observed",
        told=f"it also leads to resources of other accounts, which cloudmend did not read: {named}",
        decision=f"cloudmend acts in account {ACCOUNT} alone; have it run there too, or tell the owners",
    )
    found, ends = settled([there], control)
    assert ([each.resource.id for each in found], ends) == (["lamp-9999", "lamp-7"], [end])


def test_where_the_account_is_not_known_all_count_as_ours_and_it_is_not_asked_for_nothing() -> None:
    theirs, nobody_s = (
        replace(target(), resource=lamp(1, account=THEIRS)),
        replace(target(), resource=lamp(2, account="")),
    )
    assert ours([theirs], world(account=unknown)) == ([theirs], [])
    assert ours([nobody_s], world(account=unknown)) == ([nobody_s], [])
    assert ours([theirs, nobody_s, target()], world()) == ([nobody_s, target()], [theirs.resource])


def test_a_named_resource_of_an_old_event_is_not_waited_for() -> None:
    control = listing()
    named = everywhere(control, name="the hall")
    named = replace(named, cause=replace(call(), time=NOW - timedelta(hours=1)))
    assert settled([named], control)[1][0].status == "clean"
