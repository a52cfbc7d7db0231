"""The keys of the control's settings in a policy file: how each is written, what it means, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.security_group_ingress.addresses import (
    BITS,
    check_limit,
    check_replacement,
    read_limit,
    read_replacement,
    read_trusted,
)
from cloudmend.controls.security_group_ingress.settings import Replacement, Settings, read_guarded
from cloudmend.core.network import FAMILIES, AddressSet, Family, Network, Span, Traffic, readable
from cloudmend.core.policy.catalog import Keys
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


class Table(Struct, frozen=True):
    """The keys as a file writes them. An item of a list that was refused is None, and keeps its place."""

    guarded: tuple[int | str | None, ...] = (22, 3389, "udp/3389")
    aws_prefix_lists: object = "trusted"
    unreadable_prefix_lists: object = "report"
    flapping: object = "narrow"
    limits: Limits = Limits()
    trusted: Trusted = Trusted()
    replacement: Replacements = Replacements()


_EXAMPLES: Final = {
    "guarded": 'guarded = ["remote-admin", 5432, "8000-8100", "udp/53"]',
    "aws_prefix_lists": 'aws_prefix_lists = "trusted"',
    "unreadable_prefix_lists": 'unreadable_prefix_lists = "report"',
    "flapping": 'flapping = "narrow"',
    "limits": 'limits = { ipv4 = "/12", ipv6 = "/40" }',
    "limits.ipv4": 'limits.ipv4 = "/12"',
    "limits.ipv6": 'limits.ipv6 = "/40"',
    "trusted": 'trusted = { ipv4 = ["198.51.100.0/24"] }',
    "trusted.ipv4": 'trusted.ipv4 = ["198.51.100.0/24"]',
    "trusted.ipv6": 'trusted.ipv6 = ["2001:db8:1::/48"]',
    "replacement": 'replacement = { ipv4 = "vpc", ipv6 = "revoke" }',
    "replacement.ipv4": 'replacement.ipv4 = "10.0.0.0/8"',
    "replacement.ipv6": 'replacement.ipv6 = "fd00::/8"',
}


# Of each key that is a word: its words, the default first, and what a word is.
_WORDS: Final = {
    "aws_prefix_lists": (("trusted", "resolved"), "a way to treat AWS's own lists"),
    "unreadable_prefix_lists": (("report", "revoke"), "a way to treat a rule whose list cannot be read"),
    "flapping": (("narrow", "revoke"), "a way to treat a rule that is opened again and again"),
}


def read(table: Table, key: Key, review: Review) -> Settings:
    """Return what the keys mean. What is refused has a default, so that all else can be read."""
    reading = _Reading(table, key, review)
    words: dict[str, Any] = {name: review.attempt(each[0], reading.word, name) for name, (each, _) in _WORDS.items()}
    settings = Settings(
        guarded=reading.guarded(),
        limits={family: review.attempt(1, reading.limit, family) for family in FAMILIES},
        trusted={family: reading.trusted(family) for family in FAMILIES},
        replacement={family: review.attempt("revoke", reading.replacement, family) for family in FAMILIES},
        **words,
    )
    for family in FAMILIES:
        check_limit(settings, family, key.at("limits", _ip(family)), review)
        check_replacement(settings, family, reading.at_replacement(family), review)
    return settings


class _Reading(Struct, frozen=True):
    """A table, where it stands, and the notes on it."""

    table: Table
    key: Key
    review: Review

    def guarded(self) -> tuple[Traffic, ...]:
        key = self.key.at("guarded")
        items = [(item, key.at(index)) for index, item in enumerate(self.table.guarded) if item is not None]
        return read_guarded(items, key, self.review)

    def limit(self, family: Family) -> int:
        return read_limit(family, getattr(self.table.limits, _ip(family)), self.key.at("limits", _ip(family)))

    def trusted(self, family: Family) -> AddressSet:
        key = self.key.at("trusted", _ip(family))
        networks: tuple[str | None, ...] = getattr(self.table.trusted, _ip(family))
        given = [(text, key.at(index)) for index, text in enumerate(networks) if text is not None]
        return read_trusted(family, given, key, self.review)

    def replacement(self, family: Family) -> Replacement:
        return read_replacement(family, getattr(self.table.replacement, _ip(family)), self.at_replacement(family))

    def at_replacement(self, family: Family) -> Key:
        return self.key.at("replacement", _ip(family))

    def word(self, name: str) -> Any:
        words, what = _WORDS[name]
        value = getattr(self.table, name)
        if value not in words:
            raise Refused(self.key.at(name), f"{value!r} is not {what}", did_you_mean(str(value), words))
        return value


def _ip(family: Family) -> str:
    return f"ipv{family}"


def say(settings: Settings) -> tuple[str, ...]:
    """Return a sentence for each setting."""
    return (
        f"Guarded: {', '.join(map(str, settings.guarded))}.",
        *(_limit(settings, family) for family in FAMILIES),
        *(_replacement(settings, family) for family in FAMILIES),
        _prefix_lists(settings),
        _unreadable_lists(settings),
        _flapping(settings),
    )


def write(settings: Settings) -> dict[str, Any]:
    """Return the settings under the keys of a file."""
    return {
        "guarded": [str(traffic) for traffic in settings.guarded],
        "aws_prefix_lists": settings.aws_prefix_lists,
        "unreadable_prefix_lists": settings.unreadable_prefix_lists,
        "flapping": settings.flapping,
        "limits": {_ip(family): settings.limits[family] for family in FAMILIES},
        "trusted": {_ip(family): trusted_networks(settings, family) for family in FAMILIES},
        "replacement": {_ip(family): str(settings.replacement[family]) for family in FAMILIES},
    }


def trusted_networks(settings: Settings, family: Family) -> tuple[str, ...]:
    """Return the trusted addresses as few CIDR ranges as there can be."""
    return tuple(str(network) for span in settings.trusted[family].spans for network in _networks(family, span))


def _networks(family: Family, span: Span) -> Iterable[Network]:
    first, last = span
    if family == 4:
        return summarize_address_range(IPv4Address(first), IPv4Address(last))
    return summarize_address_range(IPv6Address(first), IPv6Address(last))


def _limit(settings: Settings, family: Family) -> str:
    count = settings.limits[family]
    limit = f"{readable(count)} public IPv{family} addresses{_as_prefix(family, count)}"
    trusted = ", ".join(trusted_networks(settings, family))
    besides = f" besides {trusted}, which are trusted" if trusted else ""
    return f"The rules of a group together may open a guarded port to {limit}{besides}. With more they are at fault."


def _as_prefix(family: Family, count: int) -> str:
    free = count.bit_length() - 1
    return f" (one /{BITS[family] - free})" if count == 1 << free else ""


def _replacement(settings: Settings, family: Family) -> str:
    replacement = settings.replacement[family]
    if replacement == "revoke":
        return f"An IPv{family} rule at fault is revoked."
    new = f"its VPC's own IPv{family} block" if replacement == "vpc" else replacement
    return f"An IPv{family} rule at fault is narrowed to {new}, or revoked if its source does not contain that."


def _prefix_lists(settings: Settings) -> str:
    trusted = settings.aws_prefix_lists == "trusted"
    return f"Prefix lists that AWS owns {'are trusted' if trusted else 'count as their entries, like any other'}."


def _unreadable_lists(settings: Settings) -> str:
    done = "is only reported" if settings.unreadable_prefix_lists == "report" else "is revoked, like one at fault"
    return f"A rule from a prefix list that AWS does not let cloudmend read {done}."


def _flapping(settings: Settings) -> str:
    done = "narrowed again" if settings.flapping == "narrow" else "revoked"
    return f"A rule that is opened for the third time within an hour is {done}, and told with high severity."


KEYS: Final = Keys[Settings](table=Table, examples=_EXAMPLES, read=read, write=write, say=say)
