"""The nouns of EC2's security groups: values that never change; a call replaces them.

Source of the shapes: botocore's own EC2 model (SecurityGroup, SecurityGroupRule).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cloudmend.core.partitions import partition_of

Params = Mapping[str, Any]
SourceKind = Literal["CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId"]
SOURCE_KINDS: tuple[SourceKind, ...] = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId")
ALL_PROTOCOLS = "-1"
Family = Literal["IPv4", "IPv6"]
AWS = "AWS"
"""The owner of the prefix lists that AWS manages."""
_LISTS: tuple[tuple[str, str, Family, int, tuple[str, ...]], ...] = (
    ("pl-63a5400a", "com.amazonaws.{region}.s3", "IPv4", 1, ("3.5.0.0/19", "52.216.0.0/15", "54.231.0.0/16")),
    ("pl-02cd2c6b", "com.amazonaws.{region}.dynamodb", "IPv4", 1, ("3.218.180.0/23", "52.94.0.0/22")),
    (
        "pl-3b927c52",
        "com.amazonaws.global.cloudfront.origin-facing",
        "IPv4",
        55,
        ("13.124.199.0/24", "18.68.0.0/16", "64.252.64.0/18", "130.176.0.0/18"),
    ),
    ("pl-0dbb3a5e", "com.amazonaws.{region}.ipv6.vpc-lattice", "IPv6", 10, ("fd00:ec2:80::/64",)),
)


@dataclass(frozen=True)
class Vpc:
    """A VPC that groups can be created in: its primary IPv4 block, and the blocks associated with it besides."""

    id: str
    cidr: str
    is_default: bool
    secondary_cidrs: tuple[str, ...] = ()
    ipv6_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Peering:
    """A connection of two VPCs, by their ids. Groups of one may refer to groups of the other while it is active."""

    id: str
    vpcs: frozenset[str]
    status: str


@dataclass(frozen=True)
class TagRow:
    """A tag of a resource, as DescribeTags lists it."""

    resource_id: str
    resource_type: str
    key: str
    value: str


@dataclass(frozen=True)
class Entry:
    """A canonical CIDR of a prefix list's family."""

    cidr: str
    description: str | None = None


@dataclass(frozen=True)
class PrefixList:
    """A managed prefix list, which counts as `max_entries` rules in a group that refers to it."""

    id: str
    name: str
    family: Family
    owner: str
    max_entries: int
    versions: tuple[tuple[Entry, ...], ...]
    """The entries of each version, in order; versions are counted from one."""
    state: str = "create-complete"
    state_message: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return len(self.versions)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of the current version."""
        return self.versions[-1]


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
    """A permission: what a rule admits. Two permissions with equal traffic and source are duplicates."""

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
    owner: str = ""
    """Another account that shares it; empty for one of the account itself."""
    associated: tuple[str, ...] = ()
    """Ids of the VPCs that it is associated with, besides its own."""

    @property
    def spans(self) -> frozenset[str]:
        """Ids of the VPCs whose network interfaces may carry it."""
        return frozenset((self.vpc.id, *self.associated))

    def one_way(self, *, is_egress: bool) -> tuple[Rule, ...]:
        """The rules of one direction."""
        return tuple(rule for rule in self.rules if rule.is_egress is is_egress)


@dataclass(frozen=True)
class Behaviour:
    """The context that the model needs, and the behaviors that AWS leaves undocumented."""

    carriers: Callable[[str], Collection[str]] = lambda _: ()
    """The VPCs in which a network interface carries the group of that id."""
    peerings: Callable[[], Collection[Peering]] = lambda: ()
    """The connections of VPCs, those that are no longer active too."""
    other_tags: Callable[[], Collection[TagRow]] = lambda: ()
    """The tags of EC2's other resources."""
    routed: Callable[[str], Collection[str]] = lambda _: ()
    """The route tables that refer to the prefix list of that id."""
    keeps_omitted_description: bool = False
    """ModifySecurityGroupRules without a description: keep the old one, or clear it."""
    modify_is_atomic: bool = True
    """A batch of ModifySecurityGroupRules with an error in it: change nothing, or what came before."""
    repeats_are_duplicates: bool = True
    """Two rules that one ModifySecurityGroupRules makes equal: Duplicate, or InvalidParameterValue."""
    rule_quota: int = 60
    """Rules of a group in one direction and address family: AWS's default, which it raises on request."""
    read_lag: Callable[[], int] = lambda: 0
    """Asked at each write: how many of the reads that follow still show what was before it."""
    throttle_clock: Callable[[], float] | None = None
    """A clock in seconds that only grows. It decides which calls are throttled; None: no call is."""


@dataclass
class State:
    """The state of one account in one Region."""

    account: str
    region: str
    vpcs: tuple[Vpc, ...]
    groups: dict[str, Group]
    prefix_lists: dict[str, PrefixList]
    behaviour: Behaviour
    tokens: dict[str, tuple[Params, str]] = field(default_factory=dict)
    """The request that came with each client token, and the id of the prefix list that it made."""
    hidden: frozenset[str] = frozenset()
    """Ids of what another account owns and does not share any more: rules may go on to refer to it."""

    def draft(self) -> State:
        """A copy for one call to change."""
        copies = {"groups": dict(self.groups), "prefix_lists": dict(self.prefix_lists), "tokens": dict(self.tokens)}
        return replace(self, **copies)  # type: ignore[arg-type]

    def peering(self, group: Group, other: Group) -> Peering | None:
        """The connection of the VPCs of two groups, an active one before others; None if there is none."""
        vpcs = {group.vpc.id, other.vpc.id}
        found = [each for each in self.behaviour.peerings() if each.vpcs == vpcs]
        return min(found, key=lambda each: each.status != "active", default=None)

    def reaches(self, group: Group, other: Group) -> bool:
        """Return whether the rules of a group may refer to another one: in one VPC, or in two that are connected."""
        peering = self.peering(group, other)
        return bool(group.spans & other.spans) or (peering is not None and peering.status == "active")

    def arn(self, kind: str, resource_id: str, owner: str = "") -> str:
        """The ARN of a resource of this account, or of another owner."""
        return f"arn:{partition_of(self.region).id}:ec2:{self.region}:{owner or self.account}:{kind}/{resource_id}"


def new_id(prefix: str) -> str:
    """An id in EC2's long form: the prefix and 17 hexadecimal digits."""
    return f"{prefix}-0{secrets.token_hex(8)}"


def aws_lists(region: str) -> dict[str, PrefixList]:
    """Return AWS's own prefix lists by id. Each counts as its weight, whatever it holds."""
    return {
        list_id: PrefixList(list_id, name.format(region=region), family, AWS, weight, (tuple(map(Entry, cidrs)),))
        for list_id, name, family, weight, cidrs in _LISTS
    }
