"""How a person opens a network ACL with the AWS CLI, and how it is read."""

from __future__ import annotations

from typing import Any, Final

from walkthrough.test_deployed_controls import Proof, Someone, cli

_ENTRIES: Final = (
    ("50", "-1", "deny", "0.0.0.0/0", ""),
    ("90", "6", "allow", "52.0.0.0/8", "From=22,To=22"),
    ("100", "6", "allow", "0.0.0.0/0", "From=22,To=22"),
    ("110", "6", "allow", "0.0.0.0/0", "From=1024,To=65535"),
)
_DONE: Final = (
    "removed entry 90, ALLOW tcp/22 from 52.0.0.0/8",
    "narrowed entry 100 from ALLOW tcp/22 from 0.0.0.0/0 to 10.0.0.0/8",
    "added entry 108, ALLOW tcp/3389 from 10.0.0.0/8",
    "added entry 109, DENY tcp/3389 from 0.0.0.0/0",
)
_RESTORED: Final = (
    "entry 109 is not there again",
    "entry 108 is not there again",
    "entry 100 is ALLOW tcp/22 from 0.0.0.0/0 again",
    "entry 90 is ALLOW tcp/22 from 52.0.0.0/8 again",
)


def make_acl(account: Someone, _: str) -> str:
    """An ACL of a subnet, whose first entry denies what the others would admit."""
    vpc = cli(account, "ec2", "create-vpc", "--cidr-block", "10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = cli(account, "ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.1.1.0/24")["Subnet"]["SubnetId"]
    acl = str(cli(account, "ec2", "create-network-acl", "--vpc-id", vpc)["NetworkAcl"]["NetworkAclId"])
    used = ("--filters", f"Name=association.subnet-id,Values={subnet}")
    (default,) = cli(account, "ec2", "describe-network-acls", *used)["NetworkAcls"]
    association = default["Associations"][0]["NetworkAclAssociationId"]
    place = ("--association-id", association, "--network-acl-id", acl)
    cli(account, "ec2", "replace-network-acl-association", *place)
    for number, protocol, action, network, ports in _ENTRIES:
        words = ("--rule-number", number, "--protocol", protocol, "--rule-action", action, "--cidr-block", network)
        port_range = ("--port-range", ports) if ports else ()
        cli(account, "ec2", "create-network-acl-entry", "--network-acl-id", acl, "--ingress", *words, *port_range)
    return acl


def open_acl(acl: str) -> list[str]:
    """Deny less in the first entry: nothing that is allowed is named."""
    words = ["ec2", "replace-network-acl-entry", "--network-acl-id", acl, "--ingress", "--rule-number", "50"]
    return [*words, "--protocol", "-1", "--rule-action", "deny", "--cidr-block", "198.51.100.0/24"]


def entries(account: Someone, acl: str) -> Any:
    (found,) = cli(account, "ec2", "describe-network-acls", "--network-acl-ids", acl)["NetworkAcls"]
    rows = (each for each in found["Entries"] if not each["Egress"] and each["RuleNumber"] < 32767)
    return [(row["RuleNumber"], row["RuleAction"], row["CidrBlock"]) for row in rows]


ACL: Final = Proof(
    "network_acl_open",
    "network ACL",
    make_acl,
    open_acl,
    entries,
    [
        (50, "deny", "198.51.100.0/24"),
        (100, "allow", "10.0.0.0/8"),
        (108, "allow", "10.0.0.0/8"),
        (109, "deny", "0.0.0.0/0"),
        (110, "allow", "0.0.0.0/0"),
    ],
    f"{'; '.join(_DONE)}.",
    "; ".join(_RESTORED),
)
