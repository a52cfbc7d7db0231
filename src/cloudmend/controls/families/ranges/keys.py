"""The keys of limits, trusted networks, guarded ports, and replacements: how each is read, written, and said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from typing import Any, Final, Protocol

from msgspec import Struct

from cloudmend.controls.families.ranges.addresses import (
    BITS,
    check_limit,
    check_replacement,
    read_limit,
    read_public,
    read_replacement,
    read_trusted,
)
from cloudmend.controls.families.ranges.ports import read_guarded
from cloudmend.controls.families.ranges.settings import RangeSettings, Replacement
from cloudmend.core.network import FAMILIES, AddressSet, Family, Network, Span, Traffic, readable
from cloudmend.core.policy.location import Key, Refused, Review, did_you_mean


class Limits(Struct, frozen=True):
    """Numbers of addresses, or lengths of prefixes."""

    ipv4: int | str = "/12"
    ipv6: int | str = "/40"


class Trusted(Struct, frozen=True):
    """Networks."""

    ipv4: tuple[str | None, ...] = ()
    ipv6: tuple[str | None, ...] = ()


class Replacements(Struct, frozen=True):
    """Networks, or vpc, or revoke."""

    ipv4: str = "10.0.0.0/8"
    ipv6: str = "fd00::/8"


EXAMPLES: Final = {
    "guarded": 'guarded = ["remote-admin", 5432, "8000-8100", "udp/53"]',
    "limits": 'limits = { ipv4 = "/12", ipv6 = "/40" }',
    "limits.ipv4": 'limits.ipv4 = "/12"',
    "limits.ipv6": 'limits.ipv6 = "/40"',
    "trusted": 'trusted = { ipv4 = ["198.51.100.0/24"] }',
    "trusted.ipv4": 'trusted.ipv4 = ["198.51.100.0/24"]',
    "trusted.ipv6": 'trusted.ipv6 = ["2001:db8:1::/48"]',
    "replacement": 'replacement = { ipv4 = "10.0.0.0/8", ipv6 = "revoke" }',
    "replacement.ipv4": 'replacement.ipv4 = "10.0.0.0/8"',
    "replacement.ipv6": 'replacement.ipv6 = "fd00::/8"',
}


class RangeTable(Protocol):
    """The keys as a file writes them. An item of a list that was refused is None, and keeps its place."""

    @property
    def guarded(self) -> tuple[int | str | None, ...]: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def trusted(self) -> Trusted: ...

    @property
    def replacement(self) -> Replacements: ...


def read_ranges(
    table: RangeTable, key: Key, review: Review, words: Collection[str] = ("vpc", "revoke")
) -> Mapping[str, Any]:
    """Return the fields of `RangeSettings`. What is refused has a default, so that all else can be read.

    `words` are the replacements that are no ranges.
    """
    return {
        "guarded": _guarded(table, key.at("guarded"), review),
        "limits": read_limits(table.limits, key, review),
        "trusted": read_all_trusted(table.trusted, key.at("trusted"), review),
        "replacement": {
            family: review.attempt("revoke", _read_replacement, table, family, key, words) for family in FAMILIES
        },
    }


def read_word(value: object, words: Sequence[str], what: str, key: Key) -> Any:
    """Return a value that is one of some words; `what` says what the words are. Raises Refused."""
    if value not in words:
        raise Refused(key, f"{value!r} is not {what}", did_you_mean(str(value), words))
    return value


def read_limits(limits: Limits, key: Key, review: Review) -> Mapping[Family, int]:
    """Return the limit of each family; `key` is the place of the control's table."""
    return {family: review.attempt(1, _read_limit, limits, family, key) for family in FAMILIES}


def read_all_trusted(listed: Trusted, key: Key, review: Review) -> Mapping[Family, AddressSet]:
    """Return the addresses of networks, for each family; `key` is the place of both lists."""
    return {
        family: read_trusted(family, _given(listed, family, key), key.at(_ip(family)), review) for family in FAMILIES
    }


def read_networks(listed: Trusted, key: Key, review: Review) -> Mapping[Family, tuple[Network, ...]]:
    """Return networks of public addresses only, in their order, for each family."""
    return {
        family: read_public(family, _given(listed, family, key), key.at(_ip(family)), review) for family in FAMILIES
    }


def check_ranges(settings: RangeSettings, key: Key, review: Review) -> None:
    """Refuse limits and replacements that contradict what is trusted, and warn of those that nobody means."""
    check_limits(settings, key, review)
    for family in FAMILIES:
        check_replacement(settings, family, key.at("replacement", _ip(family)), review)


def check_limits(settings: RangeSettings, key: Key, review: Review) -> None:
    """Refuse limits that nothing exceeds, and warn of those that nobody means."""
    for family in FAMILIES:
        check_limit(settings, family, key.at("limits", _ip(family)), review)


def _guarded(table: RangeTable, key: Key, review: Review) -> tuple[Traffic, ...]:
    items = [(item, key.at(index)) for index, item in enumerate(table.guarded) if item is not None]
    return read_guarded(items, key, review)


def _read_limit(limits: Limits, family: Family, key: Key) -> int:
    return read_limit(family, getattr(limits, _ip(family)), key.at("limits", _ip(family)))


def _given(listed: Trusted, family: Family, key: Key) -> list[tuple[str, Key]]:
    """Return the networks of a family as they are written, each with its place."""
    place = key.at(_ip(family))
    networks: tuple[str | None, ...] = getattr(listed, _ip(family))
    return [(text, place.at(index)) for index, text in enumerate(networks) if text is not None]


def _read_replacement(table: RangeTable, family: Family, key: Key, words: Collection[str]) -> Replacement:
    return read_replacement(family, getattr(table.replacement, _ip(family)), key.at("replacement", _ip(family)), words)


def _ip(family: Family) -> str:
    return f"ipv{family}"


def say_ranges(settings: RangeSettings, entries: str, one: str) -> Iterator[str]:
    """Yield a sentence for each field. `entries` and `one` are nouns: "rules of a group" and "rule"."""
    yield f"Guarded: {', '.join(map(str, settings.guarded))}."
    yield from say_limits(settings, entries)
    yield from (_replacement(settings, family, one) for family in FAMILIES)


def say_limits(settings: RangeSettings, entries: str) -> Iterator[str]:
    """Yield a sentence for the limit of each family."""
    return (_limit(settings, family, entries) for family in FAMILIES)


def write_ranges(settings: RangeSettings) -> dict[str, Any]:
    """Return the fields under the keys of a file."""
    return {
        "guarded": [str(traffic) for traffic in settings.guarded],
        "limits": {_ip(family): settings.limits[family] for family in FAMILIES},
        "trusted": {_ip(family): trusted_networks(settings, family) for family in FAMILIES},
        "replacement": {_ip(family): str(settings.replacement[family]) for family in FAMILIES},
    }


def trusted_networks(settings: RangeSettings, family: Family) -> tuple[str, ...]:
    """Return the trusted addresses as few CIDR ranges as there can be."""
    return tuple(str(network) for span in settings.trusted[family].spans for network in _networks(family, span))


def _networks(family: Family, span: Span) -> Iterable[Network]:
    first, last = span
    if family == 4:
        return summarize_address_range(IPv4Address(first), IPv4Address(last))
    return summarize_address_range(IPv6Address(first), IPv6Address(last))


def _limit(settings: RangeSettings, family: Family, entries: str) -> str:
    count = settings.limits[family]
    limit = f"{readable(count)} public IPv{family} addresses{_as_prefix(family, count)}"
    trusted = ", ".join(trusted_networks(settings, family))
    besides = f" besides {trusted}, which are trusted" if trusted else ""
    return f"The {entries} together may open a guarded port to {limit}{besides}. With more they are at fault."


def _as_prefix(family: Family, count: int) -> str:
    free = count.bit_length() - 1
    return f" (one /{BITS[family] - free})" if count == 1 << free else ""


def _replacement(settings: RangeSettings, family: Family, one: str) -> str:
    replacement = settings.replacement[family]
    if replacement == "revoke":
        return f"An IPv{family} {one} at fault is revoked."
    new = f"its VPC's own IPv{family} block" if replacement == "vpc" else replacement
    return f"An IPv{family} {one} at fault is narrowed to {new}, or revoked if its source does not contain that."
