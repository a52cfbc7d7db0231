"""The facts that only a look needs: a group's interfaces, their public addresses, and details of a rule at fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.explain import public_addresses
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import Reach, State
from cloudmend.core.events import items, mapping
from cloudmend.core.model import Json, Request, Resource
from cloudmend.core.network import public_part
from cloudmend.core.ports import Reader

_FILTER_VALUES: Final = 200  # the most that one filter may hold
_NOUN: Final = "interface"


def reach(groups: Sequence[Resource], reader: Reader) -> Mapping[str, Reach]:
    """Return what is behind each group, by its id. Raises AwsError."""
    found = behind(_interfaces([group.id for group in groups], reader))
    return {group.id: found.get(group.id, Reach(noun=_NOUN)) for group in groups}


def behind(interfaces: Iterable[Json]) -> Mapping[str, Reach]:
    """Return what is behind each group, by its id, from rows of DescribeNetworkInterfaces."""
    found: dict[str, list[Json]] = {}
    for interface in interfaces:
        for group in items(interface.get("Groups")):
            found.setdefault(group["GroupId"], []).append(interface)
    return {group_id: _reach(rows) for group_id, rows in found.items()}


def _interfaces(group_ids: Sequence[str], reader: Reader) -> Iterable[Json]:
    """Return those of these groups, each once, also where it has several of them."""
    found: dict[str, Json] = {}
    for first in range(0, len(group_ids), _FILTER_VALUES):
        filters = [{"Name": "group-id", "Values": list(group_ids[first : first + _FILTER_VALUES])}]
        rows = reader.rows(Request("ec2:DescribeNetworkInterfaces", {"Filters": filters}), "NetworkInterfaces")
        found.update((row["NetworkInterfaceId"], row) for row in rows)
    return found.values()


def _reach(interfaces: list[Json]) -> Reach:
    public = {address for interface in interfaces for address in _public_addresses(interface)}
    return Reach(users=len(interfaces), noun=_NOUN, addresses=tuple(sorted(public)))


def _public_addresses(interface: Json) -> Iterator[str]:
    """Yield the public IPv4 addresses that are associated, and the IPv6 addresses that are public themselves."""
    for holder in (interface, *items(interface.get("PrivateIpAddresses"))):
        if address := mapping(holder.get("Association")).get("PublicIp"):
            yield address
    for row in items(interface.get("Ipv6Addresses")):
        if public_part(ip_network(row["Ipv6Address"])):
            yield row["Ipv6Address"]


def details(state: State, part: str, settings: Settings) -> Mapping[str, Any]:
    """Return the ports, the source, the description as its author typed it, and the number of public addresses.

    That number is None if the source could not be read. It is left out of a state that is only parts.
    """
    rule, facts = Rule(state.parts[part]), state.context
    counted = {"public_addresses": public_addresses(rule, facts, settings)} if isinstance(facts, GroupFacts) else {}
    return {
        "ports": str(rule.traffic),
        "source": rule.source,
        "description": str(rule.row.get("Description", "")),
        **counted,
    }
