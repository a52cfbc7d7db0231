"""The backends of the contract suite: whatever answers as EC2 must pass the same tests.

To add one, write a function that yields a Backend and put it into BACKENDS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from cloudmend.local.ec2 import PrefixList, SecurityGroups, Vpc, memory_client


@dataclass(frozen=True)
class Backend:
    """A botocore client "ec2", two VPCs, and a customer's IPv4 prefix list of at most ten entries."""

    ec2: Any
    vpc: str
    default_vpc: str
    prefix_list: str


@contextmanager
def in_memory() -> Iterator[Backend]:
    vpcs = (
        Vpc("vpc-0000000000000000a", "172.31.0.0/16", is_default=True),
        Vpc("vpc-0000000000000000b", "10.20.0.0/16", is_default=False),
    )
    lists = {"pl-0000000000000000c": PrefixList("IPv4", max_entries=10)}
    groups = SecurityGroups("111122223333", "us-east-1", lambda: vpcs, prefix_list=lists.get)
    yield Backend(memory_client(groups), vpc=vpcs[1].id, default_vpc=vpcs[0].id, prefix_list=next(iter(lists)))


BACKENDS: dict[str, Callable[[], AbstractContextManager[Backend]]] = {"memory": in_memory}


@dataclass(frozen=True)
class Group:
    """A security group of the backend, and the calls that most tests make of it."""

    ec2: Any
    id: str
    name: str

    def authorize(self, *permissions: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """AuthorizeSecurityGroupIngress; the rows of its answer."""
        answer = self.ec2.authorize_security_group_ingress(GroupId=self.id, IpPermissions=list(permissions), **more)
        rows: list[dict[str, Any]] = answer["SecurityGroupRules"]
        return rows

    def open(self, cidr: str, port: int = 22, **more: Any) -> dict[str, Any]:
        """One tcp rule for the block; `more` goes beside the CIDR (a description). The rule's row."""
        ranges = (
            {"Ipv6Ranges": [{"CidrIpv6": cidr, **more}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr, **more}]}
        )
        return self.authorize({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **ranges})[0]

    def modify(self, *rules: tuple[str, dict[str, Any]]) -> None:
        """ModifySecurityGroupRules, with a (rule id, SecurityGroupRule) for each rule."""
        self.ec2.modify_security_group_rules(
            GroupId=self.id,
            SecurityGroupRules=[{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": rule} for rule_id, rule in rules],
        )

    def rules(self, *, is_egress: bool = False) -> list[dict[str, Any]]:
        """The rows of DescribeSecurityGroupRules in one direction."""
        rows = self.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [self.id]}])
        return [row for row in rows["SecurityGroupRules"] if row["IsEgress"] is is_egress]

    def cidrs(self) -> list[str]:
        """The IPv4 blocks of the ingress rules, sorted."""
        return sorted(row["CidrIpv4"] for row in self.rules() if "CidrIpv4" in row)

    def shown(self) -> dict[str, Any]:
        """The group's row of DescribeSecurityGroups."""
        row: dict[str, Any] = self.ec2.describe_security_groups(GroupIds=[self.id])["SecurityGroups"][0]
        return row
