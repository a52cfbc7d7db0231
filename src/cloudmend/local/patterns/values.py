"""The readings that event-ruler gives a JSON value: a number, an IP address, and the text that an operator matches.

Each operator on strings is the regular expression of all strings that it matches. In event-ruler these compare the JSON
text with its quotes, hence they match strings only, and an empty `prefix` matches every string.
"""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import isfinite

NUMBER_LIMIT = Decimal("5e9")
"""Numbers from -5e9 to 5e9 are compared by value, to six decimals (User Guide, "Numeric matching")."""

_DECIMALS = 6
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*")
_CHARACTER = re.compile(r"\\[*\\]|[^\\]")


class BadOperand(ValueError):
    """A part of a pattern that EventBridge refuses, in the words of event-ruler if it has some."""


def json_text(value: object) -> str | None:
    """A number, true, false or null as JSON writes it; None for a string or anything else."""
    finite = value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value))
    return json.dumps(value) if finite else None


def number(value: object) -> Decimal | None:
    """A JSON number as it is compared; None for other values and for numbers too large or too fine."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    exact = Decimal(str(value))
    if not exact.is_finite() or abs(exact) > NUMBER_LIMIT:
        return None
    return exact if exact == round(exact, _DECIMALS) else None


def address(value: object) -> IPv4Address | IPv6Address | None:
    """The IP address that a string spells, if it does. As in Java, an IPv4-mapped IPv6 address is IPv4."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        return None
    try:
        spelled = ip_address(value)
    except ValueError:
        return None
    return (spelled.version == 6 and spelled.ipv4_mapped) or spelled


def network(cidr: str) -> IPv4Network | IPv6Network:
    """The block of a `cidr` operand; host bits are ignored, and /32 or /128 is refused."""
    spelled, slash, mask = cidr.partition("/")
    if not slash or "/" in mask:
        raise BadOperand("Malformed CIDR, one '/' required")
    if not re.fullmatch("[0-9]+", mask):
        raise BadOperand("Malformed CIDR, mask bits must be an integer")
    base = address(spelled)
    if base is None:
        raise BadOperand(f"Nonstandard IP address: {spelled}")
    if int(mask) >= base.max_prefixlen:
        raise BadOperand(f"IPv{base.version} mask bits must be < {base.max_prefixlen}")
    return ip_network((base, int(mask)), strict=False)


def prefix(text: str) -> str:
    return re.escape(text) + ".*"


def suffix(text: str) -> str:
    return ".*" + re.escape(text)


def ignoring_case(text: str) -> str:
    """Return a pattern of each character in lower or upper case: `ß` also matches `SS` (EqualsIgnoreCaseParser)."""
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
