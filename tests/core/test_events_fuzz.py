"""Fixtures, mutated: whatever an event looks like, the answer is a call, a reason, or the one typed error.

Dropped, retyped, nested, truncated and transplanted parts, at any depth and inside strings of JSON.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudmend.controls.security_group_ingress.targets import targets
from cloudmend.core.attribution import attribute
from cloudmend.core.errors import EventError
from cloudmend.core.events import parse_event
from cloudmend.core.model import ApiCall, Ignored, Resource
from cloudmend.core.wrappings import parse_events
from event_fixtures import EVENTS

CASES: Final = {"quick": 500, "deep": 20_000}.get(settings.get_current_profile_name(), 500)
DROPPED: Final = object()
INSIDE: Final = object()  # a step of a path: into what a string of JSON holds
Path = tuple[Any, ...]

ODD: Final[list[Any]] = [
    *(None, True, 0, 7, 10**30, float("nan"), "", "x", "\ud83d", "null", '"x"', "[]", "{}", '["x"]', "[" * 3000),
    *('{"body":' * 3000, "sg-", "sg-0c4b1f8e2d7a69350", "sgr-1", "pl-63a5400a"),
    *([], {}, [None], ["x"], [[]], {"items": None}, {"items": "x"}, {"items": [None, 7, []]}, {"items": {"items": []}}),
]
texts = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
NESTINGS: Final[list[Callable[[Any], Any]]] = [
    lambda value: [value],
    lambda value: [value, value],
    lambda value: {"items": value},
    lambda value: {"items": [value]},
    lambda value: {"item": value, "tag": 1},
    lambda value: {"detail": value},
    lambda value: {"Records": [value, value]},
    lambda value: {"Records": [{"body": json.dumps(value)}]},
    lambda value: {"requestPayload": value},
    json.dumps,
    lambda value: json.loads("[" * 50 + json.dumps(value) + "]" * 50),
]


def decoded(value: object) -> Any:
    """What a string of JSON holds, packed or not; None for any other."""
    try:
        return json.loads(unpacked(value) or value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None


def unpacked(value: str) -> bytes:
    """What base64 holds, compressed or not; empty where it is none."""
    try:
        content = base64.b64decode(value, validate=True)
        return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (ValueError, EOFError, OSError, zlib.error):
        return b""


def encoded(content: Any, like: str) -> str:
    """As JSON, packed if the text was."""
    text = json.dumps(content)
    return base64.b64encode(gzip.compress(text.encode())).decode() if unpacked(like) else text


def parts(value: Any) -> list[tuple[Any, Any]]:
    """Each part of a value, with the step to it."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return list(enumerate(value))
    inside = decoded(value)
    return [(INSIDE, inside)] if isinstance(inside, dict | list | str) else []  # JSON may be wrapped in JSON


def places(value: Any) -> list[tuple[Path, Any]]:
    """Every part at any depth, the whole included, with the path to it."""
    found: list[tuple[Path, Any]] = [((), value)]
    for path, part in found:  # grows as it goes
        found += [((*path, step), inner) for step, inner in parts(part)]
    return found


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy of the value with something new at a path; without that part if the new is DROPPED."""
    if not path:
        return new
    step, *rest = path
    if step is INSIDE:
        content = put(decoded(value), tuple(rest), new)
        return DROPPED if content is DROPPED else encoded(content, value)
    copy = value.copy()
    copy[step] = put(value[step], tuple(rest), new)
    if copy[step] is DROPPED:
        del copy[step]
    return copy


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    how = draw(st.sampled_from(["drop", "odd", "retype", "nest", "truncate", "transplant"]))
    if how == "drop":
        return DROPPED
    if how == "nest":
        return draw(st.sampled_from(NESTINGS))(value)
    if how == "truncate" and isinstance(value, str | list):
        return value[: draw(st.integers(0, len(value)))]
    if how == "transplant":
        return draw(st.sampled_from(places(EVENTS[draw(st.sampled_from(sorted(EVENTS)))])))[1]
    return draw(values if how == "retype" else st.sampled_from(ODD))


@st.composite
def mutants(draw: st.DrawFn) -> Any:
    raw = EVENTS[draw(st.sampled_from(sorted(EVENTS)))]
    for _ in range(draw(st.integers(1, 5))):
        path, part = draw(st.sampled_from(places(raw)))
        mutant = put(raw, path, draw(changed(part)))
        raw = None if mutant is DROPPED else mutant
    return raw


def spoken(raw: Any) -> set[str]:
    """Every text in the event, also inside strings of JSON, and every number as text."""
    leaves = [part for _, part in places(raw)]
    leaves += [decoded(part) for part in leaves]
    written = {str(part) for part in leaves if isinstance(part, int)}
    return written | {part.encode(errors="replace").decode() for part in leaves if isinstance(part, str)}


def resources(call: ApiCall) -> tuple[Resource, ...]:
    try:
        return targets(call)
    except EventError:
        return ()


@settings(max_examples=CASES)
@given(mutants())
def test_any_mutant_is_a_call_a_reason_or_the_one_error_and_names_only_what_it_says(raw: Any) -> None:
    with suppress(EventError):
        assert isinstance(parse_event(raw), ApiCall | Ignored)
    answers = parse_events(raw)
    assert len(answers) <= len(places(raw))
    said = {"", *spoken(raw)}
    for answer in answers:
        assert isinstance(answer, ApiCall | Ignored | EventError)
        if isinstance(answer, Ignored):
            assert answer.reason
        if isinstance(answer, ApiCall):
            attribute(answer.actor)
            for resource in resources(answer):
                assert {resource.id, resource.name, *resource.parts} <= said
