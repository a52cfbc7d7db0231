"""The small derivations of the contract: rights, parts, names, and the calls of a `put` that is part by part."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Followed, Following, Right, Scope, State, after, changed, each, lists, rights
from cloudmend.core.model import Resource
from cloudmend.core.ports import Call
from lamps import CONTROL, TYPE, Settings, call, target
from support import ACCOUNT


def test_rights_are_one_for_each_action_under_the_same_conditions() -> None:
    hall, on = {"home:Switch": "hall"}, {"Bool": {"home:IsOn": "true"}}
    assert rights("home:A", "home:B") == (Right("home:A"), Right("home:B"))
    assert rights("home:A", of="arn", operation="Other", standing=on, StringEquals=hall) == (
        Right("home:A", {"StringEquals": hall}, resource="arn", operation="Other", standing=on),
    )
    assert lists("home:A", "home:B") == tuple(Right(f"home:{x}", resource="*", is_listing=True) for x in "AB")
    assert lists("home:A", of="arn", operation="Other") == (Right("home:A", {}, "arn", "Other", is_listing=True),)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("", ("home", "GetLamp")), ("DescribeLamp", ("home", "DescribeLamp")), ("homev2:Get", ("homev2", "Get"))],
)
def test_a_right_names_the_call_that_it_allows(operation: str, expected: tuple[str, str]) -> None:
    assert Right("home:GetLamp", operation=operation).call == expected


def test_a_resource_is_named_with_its_noun_unless_its_id_says_it_or_it_is_of_another_kind() -> None:
    lamp, door = target().resource, Resource(type="AWS::Home::Door", id="door-1")
    assert (TYPE.named(lamp), TYPE.named(door)) == ("lamp lamp-1", "door-1")
    assert replace(TYPE, self_evident=True).named(lamp) == "lamp-1"


def test_what_changes_is_told_in_the_order_of_what_is_there_then_what_comes() -> None:
    now, then = {"a": 1, "b": 2, "c": 3}, {"d": 4, "c": 3, "a": 0}
    assert changed(now, then) == ("a", "b", "d")
    assert after(now, {"b": None, "d": 4, "a": 0}) == {"a": 0, "c": 3, "d": 4}


def test_states_are_alike_to_a_replay_if_their_parts_are() -> None:
    alike = Following[Settings](calls=(), step=lambda *_: Followed(None)).alike
    assert alike(State({"a": 1}, guard="1")) == alike(State({"a": 1}, guard="2"))
    assert alike(State({"a": 1})) != alike(State({"a": 2}))


def test_a_put_of_one_part_covers_that_part() -> None:
    def put_one(lamp: Resource, part: str, now: object, then: object) -> Call:
        return Call("home", "SetSwitch", {"Id": lamp.id, "Part": part, "Now": now, "Then": then})

    lamp = target().resource
    assert each(put_one)(lamp, State({"a": 1, "b": 2}), {"a": 1, "c": 3}) == [
        Call("home", "SetSwitch", {"Id": "lamp-1", "Part": "b", "Now": 2, "Then": None}, parts=("b",)),
        Call("home", "SetSwitch", {"Id": "lamp-1", "Part": "c", "Now": None, "Then": 3}, parts=("c",)),
    ]


def test_a_before_image_holds_the_parts_and_the_labels_or_what_the_control_says() -> None:
    state = State({"hall": "on"}, labels={"name": "the hall"})
    image = {"parts": {"hall": "on"}, "labels": {"name": "the hall"}}
    assert (CONTROL.image_of(state), CONTROL.parts_in(image)) == (image, {"hall": "on"})
    assert CONTROL.parts_in({}) == {}
    own = replace(CONTROL, image=lambda seen: {"all": seen.parts}, parts_of=lambda image: image["all"])
    assert (own.image_of(state), own.parts_in({"all": {"a": 1}})) == ({"all": {"hall": "on"}}, {"a": 1})


def test_a_value_in_words_says_that_nothing_is_there() -> None:
    upper = replace(CONTROL, say=str.upper)
    assert (upper.said("on"), upper.said(None)) == ("ON", "not there")


def test_a_call_wakes_the_control_by_its_source_and_name() -> None:
    (trigger,) = CONTROL.triggers
    assert CONTROL.trigger(call()) is trigger
    assert CONTROL.trigger(replace(call(), name="GetLamp")) is None
    assert CONTROL.calls == (trigger,)


def test_a_call_has_the_names_of_iam_and_of_the_cli() -> None:
    sent = Call("s3control", "PutPublicAccessBlock", {"AccountId": ACCOUNT})
    assert sent.action == "s3:PutPublicAccessBlock"
    assert replace(sent, right="s3:PutAccountPublicAccessBlock").action == "s3:PutAccountPublicAccessBlock"
    assert Call("s3", "PutBucketAcl", {}).cli == ("s3api", "put-bucket-acl")
    assert sent.command("eu-west-1") == (
        f'aws s3control put-public-access-block --region eu-west-1 --cli-input-json \'{{"AccountId":"{ACCOUNT}"}}\''
    )
    assert "--region 'a b'" in sent.command("a b")


def test_a_right_holds_under_what_is_said_of_the_call_and_of_the_resource() -> None:
    (both,) = rights(
        "home:A",
        standing={"Bool": {"home:IsOn": "true"}, "Null": {"home:Owner": "false"}},
        StringEquals={"home:Switch": "hall"},
        Bool={"home:Dims": "true"},
    )
    assert both.block == {
        "StringEquals": {"home:Switch": "hall"},
        "Bool": {"home:Dims": "true", "home:IsOn": "true"},
        "Null": {"home:Owner": "false"},
    }
    assert rights("home:A")[0].block == {}


@pytest.mark.parametrize(
    ("scope", "is_setting", "noun"),
    [("resource", False, "lamp"), ("region", True, "setting"), ("account", True, "setting")],
)
def test_what_there_is_one_of_is_a_setting_and_is_counted_as_one(scope: Scope, is_setting: bool, noun: str) -> None:
    kind = replace(TYPE, scope=scope)
    assert (kind.is_setting, kind.counted_as) == (is_setting, noun)
