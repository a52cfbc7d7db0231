"""What both controls of security groups need: rules as AWS shows them, how they are read, and how one comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from ipaddress import ip_network
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.events import mapping
from cloudmend.core.model import Json, Request, Resource
from cloudmend.core.network import Family, Network, Traffic, protocol_name, rule_traffic
from cloudmend.core.ports import Call, Reader, Rows

GROUP: Final = "AWS::EC2::SecurityGroup"
# What a rule says; its id and ARN are AWS's.
FIELDS: Final = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "PrefixListId", "Description")

_PAGE: Final = 1000  # the most rules that one answer may hold
# Where a permission lists each kind of source that is a text.
_PERMISSION_FIELDS: Final = {
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
}
_OF_GROUP: Final = ("GroupId", "UserId")  # what names the group that is a source
_CIDR_FIELDS: Final[dict[Family, str]] = {4: "CidrIpv4", 6: "CidrIpv6"}


@lru_cache(maxsize=4096)
def _network(text: str) -> Network:
    """Return the network that a text names. The cache helps, because many rules share a few sources."""
    return ip_network(text, strict=False)


class Rule(Struct, frozen=True, dict=True):
    """A row of DescribeSecurityGroupRules, as AWS returned it, and its meaning."""

    row: Json

    @property
    def id(self) -> str:
        return str(self.row["SecurityGroupRuleId"])

    @property
    def is_ingress(self) -> bool:
        return not self.row["IsEgress"]

    @cached_property
    def traffic(self) -> Traffic:
        return rule_traffic(
            protocol_name(self.row["IpProtocol"]), self.row.get("FromPort", -1), self.row.get("ToPort", -1)
        )

    @cached_property
    def network(self) -> Network | None:
        """The source, if it is a CIDR range: a prefix list or another group has none."""
        text = self.row.get("CidrIpv4") or self.row.get("CidrIpv6")
        return _network(text) if text else None

    @property
    def prefix_list_id(self) -> str:
        """The source, if it is a prefix list; otherwise empty."""
        return self.row.get("PrefixListId") or ""

    @cached_property
    def source(self) -> str:
        """The source in words, of any kind."""
        group: Mapping[str, Any] = self.row.get("ReferencedGroupInfo") or {}
        return str(self.network or self.prefix_list_id or group.get("GroupId"))

    def __str__(self) -> str:
        return f"{self.traffic} {'to' if self.row.get('IsEgress') else 'from'} {self.source}"

    def narrowed_to(self, network: Network) -> Rule:
        """Return the same rule from another network of the same family."""
        return Rule({**self.row, _CIDR_FIELDS[network.version]: str(network)})

    @property
    def place(self) -> tuple[Any, ...]:
        """The values that EC2 compares: two ingress rules of a group cannot be equal in all of them."""
        ports = (self.row.get("FromPort", -1), self.row.get("ToPort", -1))
        return (protocol_name(self.row["IpProtocol"]), *ports, self.source)


def rules_of(groups: Sequence[Resource], reader: Reader) -> Mapping[str, Rows]:
    """The rules of each group, by its id; read again, briefly, while one that an event names is not there."""
    wanted = {part for group in groups for part in group.parts}

    def enough(rows: Rows) -> bool:
        return wanted <= {
            row[field] for row in rows for field in ("SecurityGroupRuleId", "PrefixListId") if field in row
        }

    filters = by_group([group.id for group in groups])
    asked = Call("ec2", "DescribeSecurityGroupRules", {"Filters": filters, "MaxResults": _PAGE})
    rows = reader.rows(asked, "SecurityGroupRules", enough=enough)
    if len(groups) == 1:
        return {groups[0].id: rows}
    found: dict[str, list[Json]] = {group.id: [] for group in groups}
    for row in rows:
        found[row["GroupId"]].append(row)
    return found


def by_group(group_ids: Sequence[str]) -> list[dict[str, Any]]:
    return [{"Name": "group-id", "Values": sorted(set(group_ids))}]


def find_groups(filters: list[dict[str, Any]], reader: Reader) -> Rows:
    return reader.rows(Call("ec2", "DescribeSecurityGroups", {"Filters": filters}), "SecurityGroups")


def form(row: Json) -> Any:
    """Return all of a rule that is not AWS's own choice, so that two can be compared."""
    tags = sorted((tag["Key"], tag["Value"]) for tag in row.get("Tags", ()))
    return [*(row.get(field) or None for field in FIELDS), tags]


def authorize(group_id: str, rule: Rule) -> Request:
    """Return what brings a revoked rule back, under a new id. cloudmend itself may not send it."""
    row = rule.row
    described = {"Description": row["Description"]} if row.get("Description") else {}
    ports = {field: row[field] for field in ("FromPort", "ToPort") if field in row}
    ranges = {
        plural: [{member: row[field], **described}]
        for field, (plural, member) in _PERMISSION_FIELDS.items()
        if row.get(field)
    }
    group = {name: value for name, value in mapping(row.get("ReferencedGroupInfo")).items() if name in _OF_GROUP}
    groups = {"UserIdGroupPairs": [{**group, **described}]} if group else {}
    tags = row.get("Tags")
    tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}]} if tags else {}
    permission = {"IpProtocol": row["IpProtocol"], **ports, **ranges, **groups}
    direction = "Egress" if row.get("IsEgress") else "Ingress"
    return Request(
        f"ec2:AuthorizeSecurityGroup{direction}", {"GroupId": group_id, "IpPermissions": [permission], **tagged}
    )
