"""The texts in policies that stand for many: wildcards, ARNs, and policy variables.

A template is compiled once for each text. With the keys of a request it becomes a pattern, or nothing if a variable
has no value there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

# The keys of a request, as `folded` makes it: names in lower case. A tuple is a key that can have several values.
Context = Mapping[str, str | tuple[str, ...]]
Matcher = Callable[[str], bool]
TemplateKind = Literal["text", "like", "arn", "resource"]

# `${key}` or `${key, 'a default'}`; AWS asks for the comma and the space.
_VARIABLE: Final = re.compile(r"\$\{([^{},']+)(?:, '([^']*)')?\}")
_LITERALS: Final = frozenset("*?$")
_WILDCARD: Final = re.compile(r"([*?])")
_BEFORE_THE_RESOURCE: Final = 5  # segments of an ARN: arn, partition, service, Region, account
_ARN_SEGMENTS: Final = 6


class _Variable(NamedTuple):
    key: str  # in lower case
    default: str | None


class _Wild(NamedTuple):
    character: str


_Piece = str | _Variable | _Wild


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy: literal pieces, wildcards, and variables."""

    kind: TemplateKind
    pieces: tuple[_Piece, ...]
    fixed: Matcher | None  # the pattern, if it depends on no request
    void: bool = False  # whether the text can be compared with nothing

    def matcher(self, context: Context) -> Matcher | None:
        """Return the test for a value under the keys of a request; None if the text can be compared with nothing.

        That is so if a variable has no single value there, or if the text should be an ARN and is none.
        """
        return None if self.void else self.fixed or _resolved(self, context)


@lru_cache(maxsize=8192)
def template(text: str, kind: TemplateKind, variables: bool) -> Template:
    """Compile a text of a policy. `variables`: the policy's version knows them."""
    pieces = tuple(_pieces(text, kind != "text", variables))
    if not any(isinstance(piece, _Variable) for piece in pieces):
        fixed = _matcher(kind, pieces)
        return Template(kind, pieces, fixed, void=fixed is None)
    # AWS: in the element Resource, variables stand after the fifth colon only.
    early = kind == "resource" and text.partition("${")[0].count(":") < _BEFORE_THE_RESOURCE
    return Template(kind, pieces, None, void=early)


def _pieces(text: str, wild: bool, variables: bool) -> list[_Piece]:
    found: list[_Piece] = []
    end = 0
    for match in _VARIABLE.finditer(text) if variables else ():
        found += _without_variables(text[end : match.start()], wild)
        name, default = match.groups()
        found.append(name if name in _LITERALS else _Variable(name.strip().lower(), default))
        end = match.end()
    return found + _without_variables(text[end:], wild)


def _without_variables(text: str, wild: bool) -> list[_Piece]:
    parts = _WILDCARD.split(text) if wild else [text]
    return [_Wild(part) if wild and part in ("*", "?") else part for part in parts if part]


def _resolved(template_: Template, context: Context) -> Matcher | None:
    pieces: list[_Piece] = []
    for piece in template_.pieces:
        if isinstance(piece, _Variable):
            value = context.get(piece.key, piece.default)
            if not isinstance(value, str):
                return None
            pieces.append(value)
        else:
            pieces.append(piece)
    return _matcher(template_.kind, tuple(pieces))


@lru_cache(maxsize=8192)
def _matcher(kind: TemplateKind, pieces: tuple[_Piece, ...]) -> Matcher | None:
    if kind == "text":
        return "".join(str(piece) for piece in pieces).__eq__
    if kind == "like":
        return _glob(pieces)
    return _arn(_segments(pieces), expands=kind == "resource")


def _glob(pieces: Sequence[_Piece]) -> Matcher:
    if pieces == (_Wild("*"),):
        return _anything
    if not any(isinstance(piece, _Wild) for piece in pieces):
        return "".join(str(piece) for piece in pieces).__eq__
    expression = "".join(
        ("." if piece.character == "?" else ".*") if isinstance(piece, _Wild) else re.escape(str(piece))
        for piece in pieces
    )
    matches = re.compile(expression, re.DOTALL).fullmatch
    return lambda value: matches(value) is not None


def _anything(_value: str) -> bool:
    return True


def _segments(pieces: Sequence[_Piece]) -> list[tuple[_Piece, ...]]:
    """Split at the first five colons; what follows them is one segment."""
    segments: list[list[_Piece]] = [[]]
    for piece in pieces:
        if isinstance(piece, str):
            first, *others = piece.split(":", _ARN_SEGMENTS - len(segments))
            segments[-1] += [first] if first else []
            segments += [[other] if other else [] for other in others]
        else:
            segments[-1].append(piece)
    return [tuple(segment) for segment in segments]


def _arn(segments: Sequence[tuple[_Piece, ...]], expands: bool) -> Matcher | None:
    """Compare segment by segment: no wildcard crosses a colon. None if there are fewer than six.

    `expands`: in the element Resource a text may end early with a `*`, which stands for all further segments.
    """
    tests = [_glob(segment) for segment in segments]
    if len(segments) == _ARN_SEGMENTS:
        return lambda value: _all_match(tests, value.split(":", _BEFORE_THE_RESOURCE))
    if expands and segments[-1][-1:] == (_Wild("*"),):
        return lambda value: _all_match(tests, value.split(":", len(tests) - 1))
    return None


def _all_match(tests: Sequence[Matcher], values: Sequence[str]) -> bool:
    return len(tests) == len(values) and all(test(value) for test, value in zip(tests, values, strict=True))


def folded(keys: Mapping[str, Any]) -> Context:
    """Return condition keys by their names in lower case, values as texts; None and empty lists are absent keys."""
    context: dict[str, str | tuple[str, ...]] = {}
    for name, value in keys.items():
        if isinstance(value, (list, tuple, set, frozenset)):
            if value:
                context[name.lower()] = tuple(str(spelled(each)) for each in value)
        elif value is not None:
            context[name.lower()] = str(spelled(value))
    return context


def spelled(value: Any) -> Any:
    """Return a boolean as IAM's text, and any other value as it is."""
    return str(value).lower() if isinstance(value, bool) else value
