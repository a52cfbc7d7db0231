"""The two readings that event-ruler gives a JSON value beside its text: a number, and an IP address."""

import json
import re
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from math import isfinite

NUMBER_LIMIT = Decimal("5e9")
"""Numbers from -5e9 to 5e9 are compared by value, to six decimals (User Guide, "Numeric matching")."""

_DECIMALS = 6
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*")


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
