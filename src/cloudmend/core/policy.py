"""What is at fault and what replaces it: parsed once, at the edge, and refused whole if any is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final, Literal

from msgspec import Struct, field

from cloudmend.core.errors import PolicyError
from cloudmend.core.network import NO_ADDRESSES, AddressSet, Family, Network, Traffic, public_part

Mode = Literal["fix", "observe"]
Replacement = Network | Literal["vpc", "revoke"]

# A network with more public addresses than this is "the world": one IPv4 /8, one IPv6 /32.
LIMITS: Final[dict[Family, int]] = {4: 2**24, 6: 2**96}


class Policy(Struct, frozen=True, kw_only=True):
    """What a mend is decided by."""

    guarded: tuple[Traffic, ...]
    replacement: Mapping[Family, Replacement]
    mode: Mode
    limits: Mapping[Family, int] = field(default_factory=lambda: dict(LIMITS))
    trusted: Mapping[Family, AddressSet] = field(default_factory=lambda: {4: NO_ADDRESSES, 6: NO_ADDRESSES})
    aws_prefix_lists: Literal["trusted", "resolved"] = "trusted"


class Parameter(Struct, frozen=True):
    """One setting: its environment variable, the template parameter that fills it, and its default."""

    variable: str
    template: str
    default: str

    def error(self, problem: str, advice: str) -> PolicyError:
        return PolicyError(
            f"{self.variable} (template parameter {self.template}): {problem}. {advice} Nothing was changed."
        )


GUARDED_PORTS: Final = Parameter("CLOUDMEND_GUARDED_PORTS", "GuardedPorts", "22,3389")
REPLACEMENT: Final[dict[Family, Parameter]] = {
    4: Parameter("CLOUDMEND_REPLACEMENT_IPV4", "ReplacementIpv4", "10.0.0.0/8"),
    6: Parameter("CLOUDMEND_REPLACEMENT_IPV6", "ReplacementIpv6", "fd00::/8"),
}
MODE: Final = Parameter("CLOUDMEND_MODE", "Mode", "fix")
PARAMETERS: Final = (GUARDED_PORTS, *REPLACEMENT.values(), MODE)


def parse_policy(settings: Mapping[str, str]) -> Policy:
    """The policy from settings by environment-variable name; what is absent has its default.

    Other names are not looked at. Raises PolicyError that names the setting, the reason and what to
    write instead.
    """
    return Policy(
        guarded=_guarded(settings.get(GUARDED_PORTS.variable, GUARDED_PORTS.default)),
        replacement={
            family: _replacement(family, settings.get(parameter.variable, parameter.default))
            for family, parameter in REPLACEMENT.items()
        },
        mode=_mode(settings.get(MODE.variable, MODE.default)),
    )


def _mode(text: str) -> Mode:
    if text == "fix":
        return "fix"
    if text == "observe":
        return "observe"
    raise MODE.error(f"{text!r} is not a mode", "Write fix (close what is open) or observe (only report it).")


def _guarded(text: str) -> tuple[Traffic, ...]:
    guarded = tuple(_ports(item.strip()) for item in text.split(",") if item.strip())
    if not guarded:
        raise GUARDED_PORTS.error("no port is guarded", "Write at least one, for example 22,3389.")
    return guarded


_PORTS: Final = re.compile(r"(?:(tcp|udp)/)?(\d{1,9})(?:-(\d{1,9}))?", re.IGNORECASE | re.ASCII)


def _ports(item: str) -> Traffic:
    match = _PORTS.fullmatch(item)
    if match is None:
        raise GUARDED_PORTS.error(
            f"{item!r} is neither a port nor a range", "Write 22, 8000-8100 or udp/53, separated by commas."
        )
    first, last = int(match[2]), int(match[3] or match[2])
    if last > 65535:
        raise GUARDED_PORTS.error(f"{last} is not a port", "Ports are 0 to 65535.")
    if first > last:
        raise GUARDED_PORTS.error(f"the range {item} runs backwards", f"Write {last}-{first}.")
    return Traffic((match[1] or "tcp").lower(), first, last)


def _replacement(family: Family, text: str) -> Network:
    """A network of the family that would not itself be at fault."""
    parameter = REPLACEMENT[family]
    network = _network(text, parameter)
    if network.version != family:
        raise parameter.error(f"{text} is IPv{network.version}", f"Write an IPv{family} range.")
    if public_part(network).size > LIMITS[family]:
        raise parameter.error(
            f"{text} holds {public_part(network).size:,} public addresses, more than the limit of "
            f"{LIMITS[family]:,}: it would itself be at fault",
            f"Write a range such as {parameter.default}.",
        )
    return network


def _network(text: str, parameter: Parameter) -> Network:
    try:
        return ip_network(text.strip())
    except ValueError as error:
        advice = f"Write a range such as {parameter.default}."
        raise parameter.error(f"{text!r} is not a CIDR range ({error})", advice) from None
