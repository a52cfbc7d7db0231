"""The commands of a record's notices: which call shows the resource, and which close it by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.attribution import attribute, hint
from cloudmend.core.contract import Control, Finding, State, View
from cloudmend.core.guidance import guided
from cloudmend.core.model import Actor, Hints, Record, Resource, Words
from cloudmend.core.ports import Call, Reader
from lamps import CONTROL, TYPE, Settings, target
from support import ACCOUNT, NOW, REGION

LAMP = replace(target().resource, parts=("hall",))
HINTS = Hints(again="switch it on again", change="switch it off")
ACTOR = Actor(user_agent="Terraform/1.9")


def record(status: Any = "open", **more: Any) -> Record:
    there = target()
    known: dict[str, Any] = {
        "resource": LAMP,
        "account": ACCOUNT,
        "region": REGION,
        "event_id": "",
        "event_name": "",
        "actor": ACTOR,
        "attribution": attribute(ACTOR),
        "summary": "",
        "findings": (Finding(part="hall", why="hall is on"),),
    }
    return Record(status=status, control=there.control.id, **{**known, **more})


def view(**parts: str) -> View:
    there = target()
    return View(resource=LAMP, state=State(parts, guard="7"), cause=there.cause, now=NOW)


def switch(to: str, part: str = "hall") -> str:
    params = {"Id": "lamp-1", "Switch": part, "To": None if to == "null" else to, "Revision": "7"}
    return Call("home", "SetSwitch", params).command(REGION)


def reads(read: Callable[[Reader, Call], Any]) -> Control[Any]:
    def first(lamp: Resource, reader: Reader, settings: Settings) -> Any:
        assert lamp.parts == ()
        return read(reader, Call("home", "ListLamps", {"Id": lamp.id, "Unscrew": settings.unscrew, "MaxResults": 5}))

    return replace(CONTROL, read=first)


@pytest.mark.parametrize(
    "read",
    [
        lambda reader, sent: reader.get(sent),
        lambda reader, sent: reader.rows(sent, "Lamps"),
        lambda reader, sent: reader.lasting_rows(sent, "Lamps"),
        lambda reader, sent: reader.stream(sent, "Lamps"),
        lambda reader, sent: reader.begin(lambda: reader.get(sent))(),
    ],
    ids=["get", "rows", "lasting_rows", "stream", "begin"],
)
@pytest.mark.parametrize(("settings", "unscrews"), [(None, False), (Settings(unscrew=True), True)])
def test_the_first_call_of_a_read_shows_all_pages_by_the_settings(read: Any, settings: Any, unscrews: bool) -> None:
    shown = Call("home", "ListLamps", {"Id": "lamp-1", "Unscrew": unscrews}).command(REGION)
    assert guided(record(), reads(read), settings=settings).look == (shown,)


def test_a_control_may_say_what_shows_its_resource() -> None:
    calls = [Call("home", "A"), Call("home", "B")]
    own = replace(CONTROL, shown_by=lambda lamp: calls if lamp == replace(LAMP, parts=()) else [])
    assert guided(record(), own).look == tuple(each.command(REGION) for each in calls)


@pytest.mark.parametrize(
    ("settings", "by_hand"),
    [(None, switch("null")), (Settings(), switch("null")), (Settings(unscrew=True), switch("null"))],
)
def test_by_hand_it_is_closed_in_the_stricter_way(settings: Any, by_hand: str) -> None:
    assert guided(record(), CONTROL, view(hall="on", stairs="on"), settings).by_hand == (by_hand,)


@pytest.mark.parametrize(("settings", "by_hand"), [(None, switch("off")), (Settings(unscrew=True), switch("null"))])
def test_without_a_stricter_way_it_is_closed_by_the_settings(settings: Any, by_hand: str) -> None:
    own = replace(CONTROL, stricter=None)
    assert guided(record(), own, view(hall="on"), settings).by_hand == (by_hand,)


def test_the_stricter_way_is_made_of_the_settings_and_the_control_s_own_mend_gets_it() -> None:
    given = []

    def own(seen: View, found: Any, settings: Settings) -> dict[str, str]:
        given.append((seen, [each.part for each in found], settings))
        return {"hall": "dimmed"}

    control = replace(CONTROL, mend=own, stricter=lambda settings: replace(settings, unscrew=not settings.unscrew))
    seen = view(hall="on", stairs="on")
    assert guided(record(), control, seen, Settings(unscrew=True)).by_hand == (switch("dimmed"),)
    assert given == [(seen, ["hall"], Settings(unscrew=False))]


@pytest.mark.parametrize(
    ("made", "seen"),
    [
        (record("exempt"), view(hall="on")),
        (record("mended"), view(hall="on")),
        (record(), None),
        (record(findings=()), view(hall="on")),
        (record(findings=(Finding(part="hall", why="on", wait="it is hot"),)), view(hall="on")),
        (record(resource=replace(LAMP, id="")), view(hall="on")),
        (record(resource=replace(LAMP, type="AWS::Home::Door")), view(hall="on")),
    ],
    ids=["exempt", "mended", "unseen", "nothing", "waits", "no id", "another kind"],
)
def test_what_is_not_open_or_not_ours_to_close_has_no_command_for_that(made: Record, seen: View | None) -> None:
    assert guided(made, CONTROL, seen).by_hand == ()


def test_what_remains_counts_before_what_was_found() -> None:
    left = (Finding(part="stairs", why="stairs is on"),)
    told = guided(record(remaining=left), CONTROL, view(hall="on", stairs="on"))
    assert told.by_hand == (switch("null", "stairs"),)


def test_a_record_has_the_words_of_its_control_and_the_names_of_its_type() -> None:
    kind = replace(TYPE, asff="AwsHomeLamp")
    control = replace(CONTROL, resource=kind, hints=HINTS, severity="critical", words=Words(fault="lit", noun="x"))
    told = guided(record("mended"), control)
    assert (told.arn, told.asff) == (f"arn:aws:home:{REGION}:{ACCOUNT}:lamp/lamp-1", "AwsHomeLamp")
    assert told.words == Words(fault="lit", noun="lamp", level="critical")
    assert told.attribution == replace(attribute(ACTOR), hint=hint(ACTOR, HINTS))
    assert told.look == ()
    assert guided(record(), replace(control, resource=replace(kind, self_evident=True))).words.noun == ""
    assert guided(record(resource=replace(LAMP, type="AWS::Home::Door")), control).words.noun == ""
