"""CloudTrail's records out of a stream of JSON of any size, and of them the few that concern somebody.

A stream holds documents, one after the other: trail files ({"Records": [...]}), answers of lookup-events
({"Events": [...]}) and filter-log-events ({"events": [...]}), lists of records, or records alone, as in JSON lines. A
record may be wrapped, or be a string of JSON.

Where a record ends is not guessed from its text, which its author may have chosen. A cut is only proposed there:
it holds if what lies between a record's start and the cut is whole JSON, for then as many brackets close as open.
Where no proposal holds, the standard library's parser tells the end of the next record, several times slower.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.core.errors import EventError

SEGMENT: Final = 1 << 16  # bytes that are cut at once: so few that most segments hold no record of interest
LONGEST: Final = 1 << 26  # bytes of one record, or of a document whose list of records does not come first

_OPENING: Final = re.compile(rb'(?:\{\s*"(?P<key>Records|Events|events)"\s*:\s*)?\[')
_BETWEEN: Final = re.compile(rb"(?:[\s,]|\xef\xbb\xbf)*")  # the last is UTF-8's byte order mark
_SCALAR: Final = rb'(?:"(?:[^"\\]|\\.)*"|[\w.+-]+|\[\s*\])'
# A list's end, and that of the object that it is in, whose other keys tell of no records: NextToken.
_CLOSING: Final = {
    False: re.compile(rb"\]"),
    True: re.compile(rb'\]\s*(?:,\s*"\w+"\s*:\s*' + _SCALAR + rb"\s*)*\}", re.DOTALL),
}


class Batch(Struct, frozen=True, kw_only=True):
    """A run of records: their number, and the text of those of interest.

    `latest` is the latest eventTime among them, as the file spells it. Only the last batch of a stream always has it.
    """

    count: int
    found: tuple[str, ...] = ()
    latest: str = ""
    newest_first: bool = False  # as lookup-events lists them


class _Head(Struct, frozen=True, gc=False, rename="camel"):
    """The fields that are read of every record. A document that wraps records has no name."""

    event_name: str = ""


class _Moment(Struct, frozen=True, gc=False, rename="camel"):
    event_time: str = ""


_KINESIS: Final = "aws:kinesis:record"  # the eventName of what wraps a record as base64
_MARK: Final = b"eventVersion"  # which each record of CloudTrail's has

_NAME: Final = attrgetter("event_name")
_HEADS: Final = msgspec.json.Decoder(list[_Head])
_MOMENTS: Final = msgspec.json.Decoder(list[_Moment])
_TEXTS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_EXACT: Final = json.JSONDecoder(strict=False)


def batches(chunks: Iterable[bytes], names: frozenset[str]) -> Iterator[Batch]:
    """The records of a stream, in its order; of interest are those of API calls of these names, also wrapped.

    Raises EventError, after what could be read, for what is no JSON, or ends too early.
    """
    cutter = _Cutter(names)
    for chunk in chunks:
        yield from cutter.cut(chunk)
    yield from cutter.cut(b"", is_last=True)


class _Cutter:
    """The text that is not cut yet, and its place in a document."""

    _text = b""
    _place = 0  # of the first byte in the text that is not cut
    _passed = 0  # bytes of the stream before the text
    _is_last = False
    _inside = False  # a list of records
    _key = ""  # under which the list stands; empty where it stands alone

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._wanted = names | {"", _KINESIS}  # what has no name wraps something
        self._spelled = tuple(name.encode() for name in (*names, _KINESIS))
        self._enough = SEGMENT  # bytes to have before it is worth a look
        self._problems: list[EventError] = []  # what was passed over, and why

    def cut(self, chunk: bytes, *, is_last: bool = False) -> Iterator[Batch]:
        self._text = self._text[self._place :] + chunk
        self._passed, self._place, self._is_last = self._passed + self._place, 0, is_last
        while self._is_worth_a_look():
            if not self._pass_bracket() and (batch := self._proposed() or self._exact()):
                yield batch
        if is_last and self._problems:
            raise self._passed_over()

    def _is_worth_a_look(self) -> bool:
        if gap := _BETWEEN.match(self._text, self._place):  # pragma: no branch - it matches an empty gap, too
            self._place = gap.end()
        left = len(self._text) - self._place
        if self._is_last and self._inside and not left:
            raise self._error("it ends within its list of records")
        return left >= (1 if self._is_last else self._enough)

    def _pass_bracket(self) -> bool:
        """Passes the begin or the end of a list, if one is here."""
        pattern = _CLOSING[bool(self._key)] if self._inside else _OPENING
        bracket = pattern.match(self._text, self._place)
        if bracket is None:
            return False
        if not self._inside:
            self._key = (bracket["key"] or b"").decode()
        self._place, self._inside, self._enough = bracket.end(), not self._inside, SEGMENT
        return True

    def _proposed(self) -> Batch | None:
        """The records up to what looks like the end of one, if it is."""
        for end in self._likely_ends():
            parts = self._text[self._place : end]
            try:
                batch = self._batch(b"[%b]" % (parts if self._inside else b",".join(parts.splitlines())))
            except (msgspec.DecodeError, RecursionError):
                continue
            self._place = end
            return batch
        return None

    def _likely_ends(self) -> Iterator[int]:
        """The likeliest first. CloudTrail's own records begin with their eventVersion."""
        if not (self._is_last and len(self._text) - self._place <= SEGMENT):
            return self._after(b'},{"eventVersion"', b"},{") if self._inside else self._after(b"\n")
        return self._after(b"}]") if self._inside else iter((len(self._text),))

    def _after(self, *marks: bytes) -> Iterator[int]:
        """The places after the first byte of each mark, where it comes last in the next segment."""
        found = (self._text.rfind(mark, self._place, self._place + SEGMENT) for mark in marks)
        return (place + 1 for place in found if place >= 0)

    def _batch(self, records: bytes) -> Batch:
        """Return the batch of a JSON list of whole records. Raises DecodeError if the text is no such list."""
        heads = _HEADS.decode(records)
        if self._wanted.isdisjoint(map(_NAME, heads)) and not self._is_last:
            return Batch(count=len(heads))
        texts = zip(map(_NAME, heads), _TEXTS.decode(records), strict=True)
        candidates = ((name, bytes(text)) for name, text in texts if name in self._wanted)
        return Batch(
            count=len(heads),
            found=tuple(text.decode(errors="replace") for name, text in candidates if self._concerns(name, text)),
            latest=max(moment.event_time for moment in _MOMENTS.decode(records)) if self._is_last else "",
            newest_first=self._key == "Events",
        )

    def _exact(self) -> Batch | None:
        """The next record; None where more of the stream is needed to know its end."""
        text = self._text[self._place :].decode(errors="surrogateescape")
        try:
            record, end = _EXACT.raw_decode(text)
        except (ValueError, RecursionError) as error:
            self._wait(str(error))
            return None
        own = text[:end].encode(errors="surrogateescape")
        if not isinstance(record, dict | str):
            self._problems.append(self._error("a record should be an object"))
        self._place, self._enough = self._place + len(own), SEGMENT
        if not isinstance(record, dict | str):
            return None
        return self._one(record if isinstance(record, dict) else {}, own)

    def _one(self, record: dict[str, object], own: bytes) -> Batch:
        name, moment = (
            value if isinstance(value := record.get(key), str) else "" for key in ("eventName", "eventTime")
        )
        found = (own.decode(errors="replace"),) if self._concerns(name, own) else ()
        return Batch(count=1, found=found, latest=moment, newest_first=self._key == "Events")

    def _wait(self, problem: str) -> None:
        """For more of the stream. Twice as much, so that a long record is not parsed again with each chunk."""
        left = len(self._text) - self._place
        if not self._is_last and left <= LONGEST:
            self._enough = 2 * left
            return
        line_end = self._text.find(b"\n", self._place)
        if self._inside or line_end < 0:
            raise self._error(problem)
        self._problems.append(self._error(problem))  # of JSON lines, a bad one costs itself
        self._place, self._enough = line_end + 1, SEGMENT

    def _passed_over(self) -> EventError:
        """Return one error for all lines that were passed over."""
        more = len(self._problems) - 1
        return EventError(
            f"{self._problems[0]}{f' The same holds for {more:,} more.' if more else ''} The rest was read."
        )

    def _concerns(self, name: str, text: bytes) -> bool:
        """Return whether a record is of interest.

        A document that wraps records is, unless its text shows that all of them are of other calls.
        """
        if name and name != _KINESIS:
            return name in self._names
        return any(spelled in text for spelled in self._spelled) or _MARK not in text

    def _error(self, problem: str) -> EventError:
        place = self._passed + self._place
        return EventError(f"What begins at byte {place:,} is not CloudTrail's JSON: {problem}.")
