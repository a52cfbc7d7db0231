"""Limits, trusted networks and replacements, of one family each."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import ip_interface, ip_network
from typing import Final

from cloudmend.controls.families.ranges.settings import RangeSettings, Replacement
from cloudmend.core.network import PUBLIC, AddressSet, Family, Network, public_addresses, public_part, readable
from cloudmend.core.policy.location import Location, Refused, Review

BITS: Final[dict[Family, int]] = {4: 32, 6: 128}
_EXAMPLES: Final[dict[Family, str]] = {4: "198.51.100.0/24", 6: "2001:db8:1::/48"}
_USUAL: Final[dict[Family, str]] = {4: "10.0.0.0/8", 6: "fd00::/8"}  # replacements
_PREFIX_LENGTH: Final = re.compile(r"/(\d{1,3})", re.ASCII)

# One IPv4 /8, one IPv6 /32: more than that hardly anybody means.
_SUSPICIOUS: Final[dict[Family, int]] = {4: 1 << 24, 6: 1 << 96}

# What packets of one's own network come from, besides public addresses: RFC 1918, RFC 6598, RFC 4193.
_PRIVATE: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))


def read_limit(family: Family, value: int | str, location: Location) -> int:
    """Return a number of addresses, also where the length of a prefix tells it. Raises Refused."""
    advice = 'Write the length of a prefix, such as "/24", or a number of addresses, such as 256.'
    if isinstance(value, int):
        return _read_count(family, value, location, advice)
    match = _PREFIX_LENGTH.fullmatch(value)
    if match is None or int(match[1]) > BITS[family]:
        raise Refused(location, f"{value!r} is not the length of an IPv{family} prefix", advice)
    return 1 << (BITS[family] - int(match[1]))


def _read_count(family: Family, value: int, location: Location, advice: str) -> int:
    if value < 1:
        raise Refused(location, f"a limit of {value} addresses would put every public source at fault", advice)
    if value <= BITS[family]:
        as_prefix = f"/{BITS[family] - (value - 1).bit_length()}"
        raise Refused(
            location,
            f"{value} is a number of addresses, and looks like the length of a prefix",
            f'Write "/{value}" for the prefix, or "{as_prefix}" for so few addresses.',
        )
    return value


def read_trusted(
    family: Family, networks: Sequence[tuple[str, Location]], whole: Location, review: Review
) -> AddressSet:
    """Return the networks together; `whole` is the place of the list."""
    advice = f"Write a range such as {_EXAMPLES[family]}."
    read = [
        (review.attempt(None, read_network, family, text, location, advice), location) for text, location in networks
    ]
    for network, location in read:
        if network is not None and not public_part(network):
            review.warn(location, f"{network} holds no public address, and only those count", "Leave it out.")
    trusted = AddressSet.of(network for network, _ in read if network is not None)
    public = PUBLIC[family] & trusted
    if public == PUBLIC[family]:
        review.refuse(whole, f"the whole IPv{family} internet is trusted", "Write the networks that are your own.")
    elif public.size > _SUSPICIOUS[family]:
        told = f"{public_addresses(public.size)} are trusted, and a port that only they reach is never at fault"
        review.warn(whole, told, "Write the networks that are your own.")
    return trusted


def read_public(
    family: Family, networks: Sequence[tuple[str, Location]], whole: Location, review: Review
) -> tuple[Network, ...]:
    """Return networks that hold no private address; `whole` is the place of the list."""
    advice = f"Write a range such as {_EXAMPLES[family]}."
    found = tuple(
        network
        for text, location in networks
        if (network := review.attempt(None, _read_public, family, text, location, advice)) is not None
    )
    if AddressSet.of(found).size > _SUSPICIOUS[family]:
        most = public_addresses(_SUSPICIOUS[family])
        review.refuse(whole, f"the ranges hold more than {most}", "Write the networks that are your own.")
    return found


def _read_public(family: Family, text: str, location: Location, advice: str) -> Network:
    network = read_network(family, text, location, advice)
    if any(network.version == private.version and network.overlaps(private) for private in _PRIVATE):
        raise Refused(location, f"{network} holds private addresses", advice)
    return network


def read_replacement(family: Family, text: str, location: Location, words: Collection[str]) -> Replacement:
    """Return what takes the place of a source that is too wide. `words` are those allowed. Raises Refused."""
    if text == "vpc" and text in words:
        return "vpc"
    if text == "revoke":
        return "revoke"
    or_words = "".join(f", or {word}" for word in words)
    return read_network(family, text, location, f"Write a range such as {_USUAL[family]}{or_words}.")


def check_limit(settings: RangeSettings, family: Family, location: Location, review: Review) -> None:
    """Refuse a limit within which the whole internet is, and warn of one within which too much of it is."""
    limit, most = settings.limits[family], (PUBLIC[family] - settings.trusted[family]).size
    if limit >= most > 0:
        review.refuse(
            location,
            f"nothing would ever be at fault: the limit is {readable(limit)} addresses, and the IPv{family} "
            f"internet has {readable(most)} that are not trusted",
            "Write a lower limit.",
        )
    elif limit > _SUSPICIOUS[family]:
        widest = BITS[family] - limit.bit_length() + 1
        review.warn(
            location,
            f"a guarded port may be open to {public_addresses(limit)}: a rule from a whole /{widest} is not at fault",
            "Write a lower limit, if that is not what you mean.",
        )


def check_replacement(settings: RangeSettings, family: Family, location: Location, review: Review) -> None:
    """Refuse a replacement that would leave strangers in, and warn of one that lets nobody in."""
    network = settings.replacement[family]
    if isinstance(network, str):
        return
    if exposed := settings.exposes(network):
        review.refuse(
            location,
            f"{network} holds {public_addresses(exposed)}, and whoever has one would be let in by every mend",
            f"Write a range such as {_USUAL[family]}; if it is your own, add it to trusted.ipv{family}.",
        )
    elif not public_part(network) and not any(network.overlaps(private) for private in _PRIVATE):
        review.warn(
            location,
            f"no packet comes from {network}, so a narrowed rule would let nobody in",
            f"Write revoke to say that, or a range such as {_USUAL[family]}.",
        )


def read_network(family: Family, text: str, location: Location, advice: str) -> Network:
    """Return the range of a family that a text is, in full. Raises Refused."""
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise Refused(location, f"{text!r} is not a CIDR range ({error})", advice) from None
    if network.version != family:
        raise Refused(location, f"{text} is IPv{network.version}", f"Write an IPv{family} range.")
    if "/" not in text:
        raise Refused(location, f"{text} has no mask, and would be one address", f"Write {_with_mask(network)}.")
    if ip_interface(text.strip()).ip != network.network_address:
        raise Refused(location, f"{text} has bits set beyond its mask", f"Did you mean {network}?")
    return network


def _with_mask(address: Network) -> str:
    """Return the one address as a range; where it ends in zeros, also the range that is probably meant."""
    ends_in = (int(address.network_address) & -int(address.network_address)).bit_length() - 1
    length = -8 * ((ends_in - address.max_prefixlen) // 8)
    if length >= address.max_prefixlen:
        return str(address)
    return f"{address.network_address}/{length}, or {address} for that one address"
