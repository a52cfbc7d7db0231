"""Limits, trusted networks and replacements, of one family each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Final

from cloudmend.core.network import PUBLIC, AddressSet, Family, Network, readable
from cloudmend.core.policy.model import Policy, Replacement
from cloudmend.core.policy.place import REPLACEMENT, Place

BITS: Final[dict[Family, int]] = {4: 32, 6: 128}
_EXAMPLES: Final[dict[Family, str]] = {4: "198.51.100.0/24", 6: "2001:db8:1::/48"}
_PREFIX_LENGTH: Final = re.compile(r"/(\d{1,3})", re.ASCII)


def read_limit(family: Family, value: int | str, place: Place) -> int:
    """A number of addresses, also where it is told as the length of a prefix. Raises PolicyError."""
    advice = 'Write the length of a prefix, such as "/24", or a number of addresses, such as 256.'
    if isinstance(value, int):
        if value < 1:
            raise place.error(f"a limit of {value} addresses would put every public source at fault", advice)
        return value
    match = _PREFIX_LENGTH.fullmatch(value)
    if match is None or int(match[1]) > BITS[family]:
        raise place.error(f"{value!r} is not the length of an IPv{family} prefix", advice)
    return 1 << (BITS[family] - int(match[1]))


def read_trusted(family: Family, networks: Sequence[tuple[str, Place]], whole: Place) -> AddressSet:
    """The networks together; `whole` is the place of the list. Raises PolicyError."""
    advice = f"Write a range such as {_EXAMPLES[family]}."
    trusted = AddressSet.of(_network(family, text, place, advice) for text, place in networks)
    if not (PUBLIC[family] - trusted).size:
        raise whole.error(f"the whole IPv{family} internet is trusted", "Write the networks that are your own.")
    return trusted


def read_replacement(family: Family, text: str, place: Place) -> Replacement:
    """What takes the place of a source that is too wide. Raises PolicyError."""
    if text == "vpc":
        return "vpc"
    if text == "revoke":
        return "revoke"
    return _network(family, text, place, f"Write a range such as {REPLACEMENT[family].default}, or vpc, or revoke.")


def check_limit(policy: Policy, family: Family, place: Place) -> None:
    """Raises PolicyError where not even the whole internet would be at fault."""
    limit, most = policy.limits[family], (PUBLIC[family] - policy.trusted[family]).size
    if limit >= most:
        raise place.error(
            f"nothing would ever be at fault: the limit is {readable(limit)} addresses, and the IPv{family} "
            f"internet has {readable(most)} that are not trusted",
            "Write a lower limit.",
        )


def check_replacement(policy: Policy, family: Family, place: Place) -> None:
    """Raises PolicyError where the replacement would itself be at fault."""
    network = policy.replacement[family]
    if not isinstance(network, str) and policy.exceeds(network):
        raise place.error(
            f"{network} holds {readable(policy.exposes(network))} public addresses, more than the limit of "
            f"{readable(policy.limits[family])}: it would itself be at fault",
            f"Write a range such as {REPLACEMENT[family].default}.",
        )


def _network(family: Family, text: str, place: Place, advice: str) -> Network:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise place.error(f"{text!r} is not a CIDR range ({error})", advice) from None
    if network.version != family:
        raise place.error(f"{text} is IPv{network.version}", f"Write an IPv{family} range.")
    return network
