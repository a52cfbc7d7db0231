"""The backends of the contract suite: whatever answers as EC2 must pass the same tests.

Both answer from the same model: in memory, and behind the embedded AWS's HTTP server with moto's VPCs.
To add one, write a context manager that yields a Region, and put it into REGIONS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from cloudmend.local.ec2.groups import SecurityGroups
from cloudmend.local.ec2.model import Vpc
from cloudmend.local.ec2.wire import memory_client
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import client, unheard


@dataclass(frozen=True)
class Backend:
    """A botocore client "ec2", two VPCs, and a customer's IPv4 prefix list of at most ten entries, which has none.

    `vpc` has the blocks 10.20.0.0/16 and 10.21.0.0/16, and one of IPv6.
    """

    ec2: Any
    vpc: str
    default_vpc: str
    prefix_list: str


Region = Callable[[], Backend]
"""Makes the backend of one test."""


@contextmanager
def in_memory() -> Iterator[Region]:
    """Each test has a model of its own."""
    vpcs = (
        Vpc("vpc-0000000000000000a", "172.31.0.0/16", is_default=True),
        Vpc("vpc-0000000000000000b", "10.20.0.0/16", False, ("10.21.0.0/16",), ("2001:db8:1234:1a00::/56",)),
    )

    def backend() -> Backend:
        ec2 = memory_client(SecurityGroups("111122223333", "us-east-1", lambda: vpcs))
        return Backend(ec2, vpc=vpcs[1].id, default_vpc=vpcs[0].id, prefix_list=create_prefix_list(ec2))

    yield backend


@contextmanager
def on_the_wire() -> Iterator[Region]:
    """Each test has a VPC of its own, and shares the default VPC of the server."""
    with EmbeddedAws(log=unheard) as aws:
        ec2 = client(aws, "ec2", Config(retries={"total_max_attempts": 1}))
        (default,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]

        def backend() -> Backend:
            vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
            ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.21.0.0/16")
            return Backend(ec2, vpc=vpc, default_vpc=default["VpcId"], prefix_list=create_prefix_list(ec2))

        yield backend


REGIONS: dict[str, Callable[[], AbstractContextManager[Region]]] = {"memory": in_memory, "wire": on_the_wire}


def create_prefix_list(ec2: Any) -> str:
    """Make the prefix list of a backend. Return its id."""
    made = ec2.create_managed_prefix_list(PrefixListName="offices", AddressFamily="IPv4", MaxEntries=10)
    prefix_list_id: str = made["PrefixList"]["PrefixListId"]
    return prefix_list_id


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
