"""What AWS says a group is now: its rules, one for each source."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from operator import itemgetter
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.model import Facts, Json, Request, Resource
from cloudmend.core.network import Network, Traffic, protocol_name, rule_traffic
from cloudmend.core.ports import Reader, Rows

_PAGE: Final = 1000  # the most that one answer may hold
_CIDR_FIELDS: Final = {4: "CidrIpv4", 6: "CidrIpv6"}


class Rule(Struct, frozen=True):
    """One row of DescribeSecurityGroupRules, as AWS gave it, and what it means."""

    row: Json

    @property
    def id(self) -> str:
        return str(self.row["SecurityGroupRuleId"])

    @property
    def is_ingress(self) -> bool:
        return not self.row["IsEgress"]

    @property
    def traffic(self) -> Traffic:
        return rule_traffic(
            protocol_name(self.row["IpProtocol"]), self.row.get("FromPort", -1), self.row.get("ToPort", -1)
        )

    @property
    def network(self) -> Network | None:
        """The source, if it is a CIDR range: a prefix list or another group has none."""
        text = self.row.get("CidrIpv4") or self.row.get("CidrIpv6")
        return ip_network(text, strict=False) if text else None

    @property
    def source(self) -> str:
        """The source in words, of any kind."""
        group: Mapping[str, Any] = self.row.get("ReferencedGroupInfo") or {}
        return str(self.network or self.row.get("PrefixListId") or group.get("GroupId"))

    def __str__(self) -> str:
        return f"{self.traffic} from {self.source}"

    def narrowed_to(self, network: Network) -> Rule:
        """The same rule from another network of the same family."""
        return Rule({**self.row, _CIDR_FIELDS[network.version]: str(network)})

    @property
    def place(self) -> tuple[Any, ...]:
        """What EC2 compares: two ingress rules of a group may not be equal in this."""
        ports = (self.row.get("FromPort", -1), self.row.get("ToPort", -1))
        return (protocol_name(self.row["IpProtocol"]), *ports, self.source)


class GroupFacts(Facts, frozen=True, kw_only=True):
    """A security group and its rules, ingress and egress, ordered by id: AWS's order must not matter."""

    group_id: str
    rules: tuple[Rule, ...]

    @property
    def ingress(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.is_ingress)


def observe(resource: Resource, reader: Reader) -> GroupFacts | None:
    """The group's rules; None where there is no such group. Raises AwsError."""

    def enough(rows: Rows) -> bool:
        return set(resource.parts) <= {row["SecurityGroupRuleId"] for row in rows}

    filters = [{"Name": "group-id", "Values": [resource.id]}]
    request = Request("ec2:DescribeSecurityGroupRules", {"Filters": filters, "MaxResults": _PAGE})
    rows = reader.rows(request, "SecurityGroupRules", enough=enough)
    if not rows and not _exists(filters, reader):
        return None
    owner = str(rows[0].get("GroupOwnerId", "")) if rows else ""
    return GroupFacts(
        account=owner,
        image={"SecurityGroupRules": list(rows)},
        group_id=resource.id,
        rules=tuple(map(Rule, sorted(rows, key=itemgetter("SecurityGroupRuleId")))),
    )


def _exists(filters: list[dict[str, Any]], reader: Reader) -> bool:
    """A group without rules and no group give the same rows: none."""
    return bool(reader.rows(Request("ec2:DescribeSecurityGroups", {"Filters": filters}), "SecurityGroups"))
