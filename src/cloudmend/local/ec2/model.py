"""The nouns of EC2's security groups: values that never change; a call replaces them.

Source of the shapes: botocore's own EC2 model (SecurityGroup, SecurityGroupRule).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Params = Mapping[str, Any]
SourceKind = Literal["CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId"]
SOURCE_KINDS: tuple[SourceKind, ...] = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId")
ALL_PROTOCOLS = "-1"


@dataclass(frozen=True)
class Vpc:
    """A VPC that groups can be created in."""

    id: str
    cidr: str
    is_default: bool


@dataclass(frozen=True)
class PrefixList:
    """What the quota needs to know of a prefix list: it counts as `max_entries` rules of its family."""

    family: Literal["IPv4", "IPv6"] = "IPv4"
    max_entries: int = 1


@dataclass(frozen=True)
class Traffic:
    """A protocol in EC2's spelling and its ports, or ICMP type and code.

    The ports are -1 and -1 where the protocol has none: for "-1" and for numbers other than
    those of tcp, udp, icmp and icmpv6.
    """

    protocol: str
    from_port: int = -1
    to_port: int = -1

    @property
    def has_ports(self) -> bool:
        return self.protocol in {"tcp", "udp", "icmp", "icmpv6"}


@dataclass(frozen=True)
class Source:
    """The other end of a rule: a canonical CIDR, or the id of a prefix list or group."""

    kind: SourceKind
    value: str


@dataclass(frozen=True)
class Permission:
    """What a rule admits. Two permissions with equal traffic and source are duplicates."""

    traffic: Traffic
    source: Source
    description: str | None = None

    def duplicates(self, other: Permission) -> bool:
        return (self.traffic, self.source) == (other.traffic, other.source)


@dataclass(frozen=True)
class Rule:
    """A permission with an id: one row of DescribeSecurityGroupRules."""

    id: str
    group_id: str
    is_egress: bool
    permission: Permission
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    id: str
    name: str
    description: str
    vpc: Vpc
    rules: tuple[Rule, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def one_way(self, *, is_egress: bool) -> tuple[Rule, ...]:
        """The rules of one direction."""
        return tuple(rule for rule in self.rules if rule.is_egress is is_egress)


@dataclass(frozen=True)
class Behaviour:
    """What the model asks of its surroundings, and what AWS leaves undocumented."""

    prefix_list: Callable[[str], PrefixList | None] = lambda _: PrefixList()
    """The prefix list of that id; None: there is none."""
    in_use: Callable[[str], bool] = lambda _: False
    """Whether a network interface carries the group of that id."""
    keeps_omitted_description: bool = False
    """ModifySecurityGroupRules without a description: keep the old one, or clear it."""
    modify_is_atomic: bool = True
    """A batch of ModifySecurityGroupRules with an error in it: change nothing, or what came before."""


@dataclass
class State:
    """What one account holds in one Region, while one call works on it."""

    account: str
    region: str
    vpcs: tuple[Vpc, ...]
    groups: dict[str, Group]
    behaviour: Behaviour

    def arn(self, kind: str, resource_id: str) -> str:
        return f"arn:aws:ec2:{self.region}:{self.account}:{kind}/{resource_id}"


def new_id(prefix: str) -> str:
    """An id in EC2's long form: the prefix and 17 hexadecimal digits."""
    return f"{prefix}-0{secrets.token_hex(8)}"
