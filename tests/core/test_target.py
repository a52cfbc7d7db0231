"""Where an event points, by the paths of a trigger: in any of CloudTrail's forms, of any scope."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.resource_types import BUCKET
from cloudmend.core.contract import Control
from cloudmend.core.errors import EventError
from cloudmend.core.model import Json, Resource
from cloudmend.core.target import named as named_by
from cloudmend.core.target import resources
from lamps import CONTROL, TYPE, call
from support import ACCOUNT, REGION

OTHER = "444455556666"


def named(request: Json | None = None, response: Json | None = None, control: Control[Any] = CONTROL) -> Any:
    """Return what is named: id, account, Region and parts of each."""
    found = resources(control, call(request, response))
    assert {each.type for each in found} <= {TYPE.type}
    return [(each.id, each.account, each.region, each.parts) for each in found]


def test_the_most_telling_place_counts_and_each_resource_once() -> None:
    here = (ACCOUNT, REGION, ())
    assert named({"lampId": "lamp-1"}, {"lamps": [{"id": "lamp-2"}]}) == [("lamp-1", *here)]
    response = {"lamps": {"items": [{"id": "lamp-2"}, {"id": "lamp-3"}, {"id": "lamp-2"}]}}
    assert named({}, response) == [("lamp-2", *here), ("lamp-3", *here)]


def test_a_key_is_found_in_the_spelling_of_the_sdk_too() -> None:
    assert named({"LampId": "lamp-1"}) == [("lamp-1", ACCOUNT, REGION, ())]


def test_the_parts_that_the_event_names_go_with_it() -> None:
    assert named({"lampId": "lamp-1", "switches": ["hall", "stairs"]}) == [
        ("lamp-1", ACCOUNT, REGION, ("hall", "stairs"))
    ]


def test_an_arn_decides_account_and_region() -> None:
    arn = f"arn:aws:home:us-east-1:{OTHER}:lamp/lamp-7"
    assert named({"lampId": arn}) == [("lamp-7", OTHER, "us-east-1", ())]


def test_an_arn_without_account_and_region_leaves_those_of_the_call() -> None:
    kind = replace(TYPE, arn="arn:{partition}:home:::{id}")
    assert named({"lampId": "arn:aws:home:::lamp-7"}, control=replace(CONTROL, resource=kind)) == [
        ("lamp-7", ACCOUNT, REGION, ())
    ]


@pytest.mark.parametrize("name", ["lamp-x", "", "arn:aws:home:us-east-1:444455556666:door/lamp-7"])
def test_what_is_no_id_is_an_error_that_says_where(name: str) -> None:
    if not name:  # nothing is named: the whole Region is meant
        assert named({"lampId": name}) == [("", ACCOUNT, REGION, ())]
        return
    with pytest.raises(EventError, match=r"Event e-1 \(SetSwitch\) names the lamp .*, which is not an id of one"):
        named({"lampId": name})


@pytest.mark.parametrize(
    ("scope", "the_one", "region"), [("region", REGION, REGION), ("account", ACCOUNT, "us-east-1")]
)
def test_what_a_region_or_an_account_has_one_of_is_meant_whatever_the_record_says(
    scope: Any, the_one: str, region: str
) -> None:
    """What an account has one of is in the home Region of its partition."""
    control = replace(CONTROL, resource=replace(TYPE, scope=scope))
    assert named({"lampId": "nonsense"}, control=control) == [(the_one, ACCOUNT, region, ())]


def test_an_event_without_an_id_is_told_so() -> None:
    with pytest.raises(EventError) as told:
        resources(CONTROL, replace(call({"lampId": "door"}), event_id=""))
    assert str(told.value) == (
        "Event (no id) (SetSwitch) names the lamp 'door', which is not an id of one. Correct the id in the event."
    )


def test_an_id_alone_names_a_resource_of_an_unknown_place() -> None:
    assert named_by(TYPE, "lamp-1") == Resource(type=TYPE.type, id="lamp-1")
    assert named_by(TYPE, "door-1") is None


def test_a_call_that_the_control_does_not_watch_names_nothing() -> None:
    assert resources(CONTROL, replace(call({"lampId": "lamp-1"}), name="GetLamp")) == ()
    assert resources(CONTROL, replace(call({"lampId": "lamp-1"}), source="ec2.amazonaws.com")) == ()


def test_a_control_may_say_itself_where_a_call_points() -> None:
    there = Resource(type=TYPE.type, id="lamp-9", account=OTHER, region=REGION)
    assert resources(replace(CONTROL, locate=lambda sent: [there] if sent == call() else []), call()) == (there,)
    nothing = replace(CONTROL, locate=lambda _: [])
    assert named(control=nothing) == [("", ACCOUNT, REGION, ())]


@pytest.mark.parametrize("name", ["a-bucket", "a.bucket.2", "Legacy_Bucket", "x" * 255])
def test_a_bucket_may_have_a_name_of_the_time_when_us_east_1_took_more(name: str) -> None:
    found = named_by(BUCKET, f"arn:aws:s3:::{name}", account=ACCOUNT, region="us-east-1")
    assert found == named_by(BUCKET, name, account=ACCOUNT, region="us-east-1")
    assert found
    assert found.id == name
