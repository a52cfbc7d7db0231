"""What the event names and neither AWS nor a mend since the call shows."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from cloudmend.core.contract import Control
from cloudmend.engine.stations.later import look_again
from engine.test_later import ended, seconds, there
from engine.test_verdict import Facts, begun
from lamps import CONTROL, Home


def unseen(control: Control[Any], *entries: Any, entry: Any = None, **parts: str) -> str:
    """What an end says that AWS does not show."""
    situation = Facts(control, recent=entries, opened=("hall", "stairs")).situation(**parts)
    of = replace(there("hall", "stairs"), control=control)
    found = look_again(ended("mended", of, entry=entry), replace(situation, target=of), Home().world).late
    return found.removeprefix("AWS does not show ").partition(" yet")[0]


def image(*parts: str, at: float = 1, **more: Any) -> Any:
    return begun(before={"parts": dict.fromkeys(parts, "on")}, at=seconds(at), **more)


def test_a_part_that_a_mend_since_the_call_saw_is_not_missing() -> None:
    assert unseen(CONTROL) == "hall, stairs"
    assert unseen(CONTROL, hall="on") == "stairs"
    assert unseen(CONTROL, image("hall")) == "stairs"
    assert unseen(CONTROL, image("hall", at=0), image("stairs")) == ""
    assert unseen(CONTROL, image("hall", at=-1)) == "hall, stairs"
    assert unseen(CONTROL, entry=image("hall", at=-1)) == "stairs"
    assert unseen(CONTROL, begun(before={}, at=seconds(1))) == "hall, stairs"


def test_a_control_may_say_itself_what_an_image_lacks() -> None:
    def lacks(cause: Any, lamp: Any, shown: Any) -> dict[str, str]:
        assert (cause.request, lamp.id) == ({"a": 1}, "lamp-1")
        return {"x": f"an x, not {sorted(shown['parts'])}"} if shown and "x" not in shown["parts"] else {}

    own = replace(CONTROL, unseen=lacks)
    assert unseen(own, hall="on") == "an x, not ['hall']"
    assert unseen(own, image("x"), hall="on") == ""
    gone = replace(Facts(own).situation(), state=None)
    assert look_again(ended("gone"), replace(gone, target=replace(there(), control=own)), Home().world).late == ""


def test_a_resource_that_is_not_there_lacks_itself() -> None:
    of = there("hall")
    gone = replace(Facts().situation(), state=None, target=of)
    found = look_again(ended("gone", of), gone, Home().world)
    assert (found.status, found.told) == ("observed", "AWS does not show lamp-1 itself yet, which the event names")
