"""Find the resources that a text may name: by an id or an ARN, or by the id of a part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from cloudmend.controls import every
from cloudmend.core.contract import Control
from cloudmend.core.model import Resource
from cloudmend.core.triggers import named

_OWN_PREFIX: Final = re.compile(r"[a-z]+-")  # of the patterns whose ids only AWS gives: snap-[0-9a-f]{8,17}
_FILE: Final = re.compile(r".+\.json")  # a bucket may be called so, and then has an ARN


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
    telling = tuple(each for each in found if each.part or _OWN_PREFIX.match(each.control.resource.id_pattern))
    return telling or found


def _subjects(text: str) -> Iterator[Subject]:
    for control in every():
        kind = control.resource
        if control.part_ids and re.fullmatch(control.part_ids.pattern, text, re.ASCII):
            yield Subject(control=control, resource=Resource(type=kind.type), part=text)
        elif resource := named(kind, text):
            yield Subject(control=control, resource=resource)
