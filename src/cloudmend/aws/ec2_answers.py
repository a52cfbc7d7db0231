"""A faster parser for the two answers that a sweep is made of, equal to botocore's own; decision 10 says why.

botocore builds a tree of elements and asks its model at each of them. Here expat's events become the answer at once,
led by the model, compiled once. What is out of the ordinary, errors among it, is left to botocore's own parser.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final
from xml.parsers import expat

from botocore.model import ListShape, Shape, StructureShape
from botocore.parsers import EC2QueryParser, ResponseParserFactory
from msgspec import Struct

from cloudmend.core.model import Json

_SHAPES: Final = frozenset({"DescribeSecurityGroupRulesResult", "DescribeSecurityGroupsResult"})
_METADATA: Final = "ResponseMetadata"


class Ec2Parser(EC2QueryParser):  # type: ignore[misc]  # botocore has no types
    """botocore's parser of EC2's answers, but for those of _SHAPES. It has no state: threads may share it."""

    def _do_parse(self, response: Json, shape: Shape | None) -> Any:
        if shape is not None and shape.name in _SHAPES:
            try:
                return _Answer(_root(shape)).parsed(response["body"])
            except (expat.ExpatError, ValueError):
                pass
        return super()._do_parse(response, shape)


class ParserFactory(ResponseParserFactory):  # type: ignore[misc]
    """A botocore session's component "response_parser_factory"."""

    def __init__(self) -> None:
        super().__init__()
        self._ec2 = Ec2Parser()

    def create_parser(self, protocol_name: str) -> Any:
        return self._ec2 if protocol_name == "ec2" else super().create_parser(protocol_name)


class _Kind(Struct, frozen=True, kw_only=True, eq=False):
    """What an element becomes: a structure of what is `inside` by name, a list of the kind `item`, or a `text`'s value.

    It has one of the three. `inside` holds a member's name and kind.
    """

    inside: dict[str, tuple[str, _Kind]] | None = None
    item: _Kind | None = None
    text: Callable[[str], Any] | None = None


_IGNORED: Final = _Kind(inside={})
_SCALARS: Final = {
    "boolean": _Kind(text=lambda text: text == "true"),
    "integer": _Kind(text=int),
    "string": _Kind(text=str),
}


@cache
def _root(shape: Shape) -> _Kind:
    """The kind of a whole answer, whose request id is metadata."""
    return _Kind(inside={**(_kind(shape).inside or {}), "requestId": (_METADATA, _SCALARS["string"])})


def _kind(shape: Shape) -> _Kind:
    if isinstance(shape, StructureShape):
        members = shape.members.items()
        return _Kind(inside={inner.serialization.get("name", name): (name, _kind(inner)) for name, inner in members})
    if isinstance(shape, ListShape):
        return _Kind(item=_kind(shape.member))
    return _SCALARS[shape.type_name]


class _Answer:
    """One answer while it is read. Raises ValueError for what botocore has ways of its own to read."""

    def __init__(self, root: _Kind) -> None:
        self._outer: list[tuple[_Kind, Any, str]] = []
        self._kind = _Kind(item=root)
        self._value: Any = []
        self._member = ""
        self._text = ""

    def parsed(self, body: bytes) -> dict[str, Any]:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse
        parser.Parse(body, True)
        (answer,) = self._value
        if _METADATA in answer:
            answer[_METADATA] = {"RequestId": answer[_METADATA] or None}
        return dict(answer)

    def _start(self, tag: str, _: Json) -> None:
        outer = self._kind
        self._outer.append((outer, self._value, self._member))
        if outer.item is not None:
            kind = outer.item
        else:
            self._member, kind = (outer.inside or {}).get(tag) or _unknown(tag, outer)
        if kind.text is not None:
            self._text = ""
        else:
            self._value = {} if kind.item is None else []
        self._kind = kind

    def _end(self, _: str) -> None:
        kind, value, member = self._kind, self._value, self._member
        if kind.text is not None:
            value = kind.text(self._text)
        self._kind, self._value, self._member = self._outer.pop()
        if self._kind.item is not None:
            self._value.append(value)
        elif member in self._value:
            raise ValueError(f"{member} comes twice")
        elif kind is not _IGNORED:
            self._value[member] = value

    def _characters(self, text: str) -> None:
        self._text += text


def _unknown(tag: str, outer: _Kind) -> tuple[str, _Kind]:
    """An element that the model does not know is left out, as long as that is sure."""
    if outer.text is not None or ":" in tag:
        raise ValueError(f"{tag} is inside a text, or has a prefix that only its namespace explains")
    return "", _IGNORED


def _refuse(*_: object) -> None:
    raise ValueError("an answer of EC2 declares no document type")
