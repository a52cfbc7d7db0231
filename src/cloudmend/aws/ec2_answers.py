"""A faster parser for the two answers that a sweep is made of, equal to botocore's own; decision 10 says why.

botocore builds a tree of elements and asks its model at each of them. Here expat's events become the answer at once,
led by the model, compiled once. What is out of the ordinary, errors among it, is left to botocore's own parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from html import unescape
from itertools import islice
from typing import Any, Final
from xml.parsers import expat

from botocore.model import ListShape, Shape, StructureShape
from botocore.parsers import EC2QueryParser, ResponseParserError, ResponseParserFactory
from msgspec import Struct

from cloudmend.core.model import Json

_SHAPES: Final = frozenset({"DescribeSecurityGroupRulesResult", "DescribeSecurityGroupsResult"})
_METADATA: Final = "ResponseMetadata"
_ROW_BY_ROW: Final = ContextVar("_ROW_BY_ROW", default="")

TOKEN: Final = "NextToken"  # noqa: S105 - where the next page begins
_TOKEN: Final = re.compile(rb"<nextToken>([^<]+)</nextToken>")
_PIECE: Final = 16_384  # bytes of an answer that are read at once: about ten groups
_ODD: Final = (expat.ExpatError, ValueError)  # an answer that botocore has ways of its own to read


@contextmanager
def row_by_row(key: str) -> Iterator[None]:
    """Within it, an answer of _SHAPES is its TOKEN, or None there, and an iterator of its rows.

    So the next page can be asked for before this one is read, and the rows of a page are never in memory together.
    """
    before = _ROW_BY_ROW.set(key)
    try:
        yield
    finally:
        _ROW_BY_ROW.reset(before)


class Ec2Parser(EC2QueryParser):  # type: ignore[misc]  # botocore has no types
    """botocore's parser of EC2's answers, but for those of _SHAPES. It has no state: threads may share it."""

    def _do_parse(self, response: Json, shape: Shape | None) -> Any:
        if shape is None or shape.name not in _SHAPES:
            return super()._do_parse(response, shape)
        body, key = response["body"], _ROW_BY_ROW.get()
        if key:
            found = _TOKEN.search(body)
            token = unescape(found[1].decode(errors="replace")) if found else None
            return {key: self._rows(response, shape, key, token), TOKEN: token}
        try:
            return _Answer(_root(shape)).parsed(body)
        except _ODD:
            return super()._do_parse(response, shape)

    def _rows(self, response: Json, shape: Shape, key: str, token: str | None) -> Iterator[Json]:
        """Raise ResponseParserError if there is no list of rows, or the token, read ahead of all else, is none."""
        body, rows, given = response["body"], list[Json](), 0
        reader = _Answer(_rows_into(rows, key, shape))
        try:
            for first in range(0, len(body), _PIECE):
                reader.read(body[first : first + _PIECE])
                given += len(rows)
                yield from rows
                rows.clear()
            answer = reader.ended()
        except _ODD:
            answer = super()._do_parse(response, shape)
            yield from islice(answer.get(key, ()), given, None)
        if key not in answer:
            raise ResponseParserError(f"an answer without {key}")
        if (answer.get(TOKEN) or None) != token:
            raise ResponseParserError(f"an answer whose {TOKEN} is not where EC2 puts it")


class ParserFactory(ResponseParserFactory):  # type: ignore[misc]
    """A botocore session's component "response_parser_factory"."""

    def __init__(self) -> None:
        super().__init__()
        self._ec2 = Ec2Parser()

    def create_parser(self, protocol_name: str) -> Any:
        return self._ec2 if protocol_name == "ec2" else super().create_parser(protocol_name)


class _Kind(Struct, frozen=True, kw_only=True, eq=False):
    """The kind of an element: a structure with the kinds `inside` by name, a list of `item`, or the value of a `text`.

    It has one of the three. `inside` holds a member's name and kind; `new` makes what is filled.
    """

    inside: dict[str, tuple[str, _Kind]] | None = None
    item: _Kind | None = None
    text: Callable[[str], Any] | None = None
    new: Callable[[], Any] = dict


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


def _rows_into(rows: list[Json], key: str, shape: Shape) -> _Kind:
    """The same, with `rows` as the list that the answer has under the key."""
    inside = _root(shape).inside or {}
    taken = {tag: (key, _Kind(item=kind.item, new=lambda: rows)) for tag, (name, kind) in inside.items() if name == key}
    return _Kind(inside={**inside, **taken})


def _kind(shape: Shape) -> _Kind:
    if isinstance(shape, StructureShape):
        members = shape.members.items()
        return _Kind(inside={inner.serialization.get("name", name): (name, _kind(inner)) for name, inner in members})
    if isinstance(shape, ListShape):
        return _Kind(item=_kind(shape.member), new=list)
    return _SCALARS[shape.type_name]


class _Answer:
    """An answer while it is read. Raises one of _ODD for an answer that botocore reads in its own way."""

    def __init__(self, root: _Kind) -> None:
        self._outer: list[tuple[_Kind, Any, str]] = []
        self._kind = _Kind(item=root)
        self._value: Any = []
        self._member = ""
        self._text = ""

        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = _refuse

    def parsed(self, body: bytes) -> Json:
        self.read(body)
        return self.ended()

    def read(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)

    def ended(self) -> Json:
        """The answer, once all of it was read."""
        self._parser.Parse(b"", True)
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
            self._value = kind.new()
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
