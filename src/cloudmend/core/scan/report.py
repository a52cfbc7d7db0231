"""The rows of a scan, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network

from msgspec import Struct

from cloudmend.core.decide import Action, Decision
from cloudmend.core.events import items, mapping
from cloudmend.core.model import Edit, Json
from cloudmend.core.network import public_part


class Attached(Struct, frozen=True):
    """The network interfaces that a security group is attached to, and their public addresses."""

    interfaces: int = 0
    addresses: tuple[str, ...] = ()


class Row(Struct, frozen=True, kw_only=True):
    """One rule at fault. `group_name` and `description` are whatever their author typed."""

    account: str
    region: str
    group: str
    group_name: str
    vpc: str
    rule: str
    description: str
    ports: str  # tcp/22
    source: str  # 0.0.0.0/0
    public_addresses: int | None  # None: what the rule's source holds could not be read
    interfaces: int | None  # None: not known
    attached_addresses: tuple[str, ...]
    control: str
    why: str
    action: Action
    outcome: str  # what would be done, and the line of the policy that says so
    after: str  # what the rule would be: tcp/22 from 10.0.0.0/8; empty where it would be removed, or is exempt


class Unread(Struct, frozen=True, kw_only=True):
    """A Region that could not be read in full, and why."""

    region: str
    error: str


class Report(Struct, frozen=True, kw_only=True):
    """The result of a scan. `version` changes when programs that read it must change."""

    version: int = 1
    regions: tuple[str, ...]  # those that were read in full
    rows: tuple[Row, ...]
    all_clear: str  # what holds where there is no row, for a sentence: what was looked at, and by which limit
    unread: tuple[Unread, ...] = ()

    @property
    def counted(self) -> int:
        """How many findings count: those that are not left open on purpose."""
        return sum(row.action != "exempt" for row in self.rows)

    @property
    def groups(self) -> int:
        """How many groups have a rule at fault."""
        return len({(row.region, row.group) for row in self.rows})

    @property
    def summary(self) -> str:
        """One line."""
        read = plural(len(self.regions), "Region")
        partly = len({unread.region for unread in self.unread})
        unread = f"{plural(partly, 'Region')} could not be read in full"
        if self.rows:
            exempt = len(self.rows) - self.counted
            left = f", {exempt} of them exempt" if exempt else ""
            found = f"{plural(len(self.rows), 'rule')} at fault in {plural(self.groups, 'group')}{left}"
            return f"{found}; {read} read; {unread}." if partly else f"{found}; {read} read."
        if not partly:
            return f"{_sentence(self.all_clear)}; {read} read."
        rest = f"{_sentence(self.all_clear)} in what was read of {read}." if self.regions else "So nothing is known."
        return f"{unread}. {rest}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def outcome(decision: Decision, edit: Edit | None) -> str:
    """Return what would become of a part at fault, and why, for a sentence that begins with the part."""
    if decision.action == "exempt":
        return f"is left open ({decision.why})"
    if edit is None or not edit.did:
        return f"is only reported ({decision.why})"
    done = f"would become {edit.after}" if edit.after else "would be removed"
    return (
        f"{done} ({decision.why})"
        if decision.action == "fix"
        else f"is only reported ({decision.why}), otherwise {done}"
    )


def attached_to(interfaces: Iterable[Json]) -> Mapping[str, Attached]:
    """Rows of DescribeNetworkInterfaces -> what is behind each group, by its id."""
    behind: dict[str, list[Json]] = {}
    for interface in interfaces:
        for group in items(interface.get("Groups")):
            behind.setdefault(group["GroupId"], []).append(interface)
    return {group_id: _attached(rows) for group_id, rows in behind.items()}


def _attached(interfaces: list[Json]) -> Attached:
    public = {address for interface in interfaces for address in _public_addresses(interface)}
    return Attached(len(interfaces), tuple(sorted(public)))


def _public_addresses(interface: Json) -> Iterator[str]:
    """Of its private IPv4 addresses the public ones that are associated; an IPv6 address may be public itself."""
    for holder in (interface, *items(interface.get("PrivateIpAddresses"))):
        if address := mapping(holder.get("Association")).get("PublicIp"):
            yield address
    for row in items(interface.get("Ipv6Addresses")):
        if public_part(ip_network(row["Ipv6Address"])):
            yield row["Ipv6Address"]


def plural(count: int, noun: str) -> str:
    """1 rule, 2 rules."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
