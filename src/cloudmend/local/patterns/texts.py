"""The operators on strings, each as the regular expression of all strings that it matches.

In event-ruler these compare the JSON text with its quotes, hence they match strings only, and an empty
`prefix` matches every string.
"""

import re
from collections.abc import Callable, Mapping

from cloudmend.local.patterns.values import BadOperand

_CHARACTER = re.compile(r"\\[*\\]|[^\\]")


def prefix(text: str) -> str:
    return re.escape(text) + ".*"


def suffix(text: str) -> str:
    return ".*" + re.escape(text)


def ignoring_case(text: str) -> str:
    """Each character in its own lower or upper case, so `ß` also matches `SS` (EqualsIgnoreCaseParser)."""
    return "".join(f"(?:{re.escape(letter.lower())}|{re.escape(letter.upper())})" for letter in text)


def prefix_ignoring_case(text: str) -> str:
    return ignoring_case(text) + ".*"


def suffix_ignoring_case(text: str) -> str:
    return ".*" + ignoring_case(text)


def wildcard(text: str) -> str:
    r"""`*` matches any run of characters; `\*` and `\\` are the characters themselves (WildcardParser)."""
    first, *rest = _between_asterisks(text)
    if not rest:
        return first
    *middle, last = rest
    # Each middle piece is taken where it first occurs and never tried again: it cannot change the answer,
    # and without it some patterns would take time exponential in their asterisks.
    return first + "".join(f"(?>.*?{piece})" for piece in middle) + ".*" + last


def _between_asterisks(text: str) -> list[str]:
    characters = _CHARACTER.findall(text)
    if "".join(characters) != text:
        raise BadOperand("Invalid escape character")
    pieces = [""]
    for character in characters:
        if character == "*":
            pieces.append("")
        else:
            pieces[-1] += re.escape(character[-1])
    if "" in pieces[1:-1]:
        raise BadOperand("Consecutive wildcard characters")
    return pieces


FORMS: Mapping[str, Callable[[str], str]] = {
    "prefix": prefix,
    "suffix": suffix,
    "equals-ignore-case": ignoring_case,
    "wildcard": wildcard,
}
"""The operators that take a string, alone and within `anything-but`."""

FORMS_IGNORING_CASE: Mapping[str, Callable[[str], str]] = {
    "prefix": prefix_ignoring_case,
    "suffix": suffix_ignoring_case,
}
"""The operators that also take `{"equals-ignore-case": ...}`."""
