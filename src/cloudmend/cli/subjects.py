"""The things that a person names: a resource (by its id, its ARN, or the id of a part of it), or an event in a file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from cloudmend.cli import repository
from cloudmend.controls import every, woken_by
from cloudmend.core.contract import Control
from cloudmend.core.errors import EventError, InputError
from cloudmend.core.events import parse_event
from cloudmend.core.model import Ignored, Resource
from cloudmend.core.target import named, resources

_OWN_PREFIX: Final = re.compile(r"[a-z]+-")  # of the patterns whose ids only AWS gives: snap-[0-9a-f]{8,17}
_FILE: Final = re.compile(r".+\.json")  # a bucket may be called so, and then has an ARN
# Where the call of an event was made; without these it was made here.
_PLACE: Final = frozenset({"account", "region", "awsRegion", "recipientAccountId"})


class Subject(Struct, frozen=True, kw_only=True):
    """A resource that a text may name under one control. Of a part, the resource is still to be found."""

    control: Control[Any]
    resource: Resource
    part: str = ""


def subjects(text: str) -> tuple[Subject, ...]:
    """Return what a text may name, one for each control; none if it is no id. An id that AWS gives is of one kind."""
    if _FILE.fullmatch(text):
        return ()
    found = tuple(_subjects(text))
    telling = tuple(each for each in found if each.part or _is_own(each.control))
    return telling or found


def _is_own(control: Control[Any]) -> bool:
    """Return whether only AWS gives the ids of this control's resources, so that no name looks like one."""
    return bool(_OWN_PREFIX.match(control.resource.id_pattern))


def subjects_by_name(text: str) -> tuple[Subject, ...]:
    """Return what a text may name, also without the prefix that ids of a kind have: orders for snapshot:orders."""
    found = subjects(text)
    if _FILE.fullmatch(text) or any(each.part or _is_own(each.control) for each in found):
        return found
    prefixed = [(each, prefix) for each in every() for prefix in each.resource.prefixes]
    more = ((each, named(each.resource, f"{prefix}{text}")) for each, prefix in prefixed)
    return (*found, *(Subject(control=each, resource=resource) for each, resource in more if resource))


def named_resources(text: str) -> tuple[Subject, ...]:
    """Return the resources that a text may name, one for each control. Raises InputError if it names none."""
    found = subjects(text)
    if part := next((each for each in found if each.part), None):
        raise InputError(f"{text} is a part of a resource. Pass the id of its {part.control.resource.noun}.")
    if not found:
        raise InputError(
            f"{text!r} is no id or ARN of what a control watches. One is like sg-05fe30eb67c909f27, or a bucket's name."
        )
    return found


def _subjects(text: str) -> Iterator[Subject]:
    for control in every():
        kind = control.resource
        if control.part_ids and re.fullmatch(control.part_ids.pattern, text, re.ASCII):
            yield Subject(control=control, resource=Resource(type=kind.type), part=text)
        elif resource := named(kind, text):
            yield Subject(control=control, resource=resource)


def read_event(path: Path, group: str | None) -> Any:
    """The event in a file, or, with a group id put in, one about that group of here.

    Raises EventError that names the file and the place in it, and where the group cannot be put in.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
        event = json.loads(text)
    except FileNotFoundError:
        raise EventError(
            f"There is no event {path} in {Path.cwd()}. The example is {repository() / 'events' / 'event.json'}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise EventError(f"The event cannot be read ({error}). Pass a JSON file, such as events/event.json.") from None
    except (ValueError, RecursionError) as error:  # the second where brackets are nested a thousand deep
        raise EventError(f"The event {path} is not JSON ({error}). Correct it there.") from None
    return _with_group(event, group, path) if group else event


def _with_group(event: Any, group: str, path: Path) -> Any:
    """The event as if it named this group, of here. Raises EventError where it would be about something else."""
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict):
        raise EventError(
            f"--group cannot be put into {path}: it is not one event of EventBridge's, such as events/event.json, and "
            "may hold others, about other groups. Nothing was looked at. Leave out --group to handle what it holds."
        )
    request = detail.get("requestParameters")
    named = {**(request if isinstance(request, dict) else {}), "groupId": group}
    envelope = {key: value for key, value in event.items() if key not in _PLACE}
    record = {key: value for key, value in detail.items() if key not in _PLACE}
    put = {**envelope, "detail": {**record, "requestParameters": named}}
    if others := sorted(_targets(put) - {group}):
        raise EventError(
            f"--group cannot be put into {path}: the call in it is about {', '.join(others)}, and not about a security "
            "group. Nothing was looked at. Leave out --group, or take events/event.json."
        )
    return put


def _targets(event: Any) -> frozenset[str]:
    """Return the targets of the call in an event, by id or name. Raises EventError."""
    call = parse_event(event)
    if isinstance(call, Ignored):
        return frozenset()
    named = (target for control in woken_by([call]) for target in resources(control, call))
    return frozenset(target.id or target.name for target in named)
