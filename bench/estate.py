"""The groups of the canned server: six rules each, some with tcp/22 open to the world, as EC2's XML describes them."""

from __future__ import annotations

from collections.abc import Iterable

WORLD = "0.0.0.0/0"
RULES = 6
DOOR = 2  # which of a group's rules is the door
ACCOUNT = "123456789012"

# protocol, ports, source; a group as web servers have it. The door's source is the group's own state.
_PRESENT = (
    ("tcp", 80, 80, WORLD),
    ("tcp", 443, 443, WORLD),
    ("tcp", 22, 22, ""),
    ("tcp", 5432, 5432, "10.20.0.0/16"),
    ("icmp", 8, -1, "10.0.0.0/8"),
    ("-1", -1, -1, WORLD),  # the one egress rule
)
_DESCRIPTIONS = ("plain web", "web", "administration", "database", "ping from inside", "")


class Estate:
    """The state of `size` groups: of each its door's source, or None where that rule was revoked.

    Every `every`th group is at fault, the first one included; 0 for none.
    """

    def __init__(self, size: int, every: int) -> None:
        self.doors: list[str | None] = [
            WORLD if every and number % every == 0 else "10.0.0.0/8" for number in range(size)
        ]

    @property
    def open(self) -> int:
        return self.doors.count(WORLD)

    def number(self, group_id: str) -> int | None:
        """Which group that is; None for none."""
        try:
            number = int(group_id.removeprefix("sg-"), 16)
        except ValueError:
            return None
        return number if number < len(self.doors) else None

    def groups(self, numbers: Iterable[int]) -> str:
        """The items of DescribeSecurityGroups."""
        return "".join(self._group(number) for number in numbers)

    def rules(self, places: Iterable[int]) -> str:
        """The items of DescribeSecurityGroupRules; a place counts rules over all groups. A revoked rule has none."""
        return "".join(self._rule(*divmod(place, RULES)) for place in places)

    def _group(self, number: int) -> str:
        sources = [self.doors[number] if place == DOOR else row[3] for place, row in enumerate(_PRESENT)]
        permissions = [_permission(place, source) if source else "" for place, source in enumerate(sources)]
        return (
            f"<item><groupId>{group_id(number)}</groupId><groupName>service-{number}</groupName>"
            f"<groupDescription>the web servers of service {number}</groupDescription><ownerId>{ACCOUNT}</ownerId>"
            f"<vpcId>vpc-0f1e2d3c4b5a69788</vpcId><ipPermissions>{''.join(permissions[:-1])}</ipPermissions>"
            f"<ipPermissionsEgress>{permissions[-1]}</ipPermissionsEgress>"
            "<tagSet><item><key>Name</key><value>web</value></item>"
            f"<item><key>service</key><value>service-{number}</value></item></tagSet>"
            f"<securityGroupArn>arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/{group_id(number)}</securityGroupArn>"
            "</item>"
        )

    def _rule(self, number: int, place: int) -> str:
        source = self.doors[number] if place == DOOR else _PRESENT[place][3]
        if source is None:
            return ""
        protocol, first, last, _ = _PRESENT[place]
        identifier = rule_id(number, place)
        described = f"<description>{_DESCRIPTIONS[place]}</description>" if _DESCRIPTIONS[place] else ""
        return (
            f"<item><securityGroupRuleId>{identifier}</securityGroupRuleId><groupId>{group_id(number)}</groupId>"
            f"<groupOwnerId>{ACCOUNT}</groupOwnerId><isEgress>{'true' if place == RULES - 1 else 'false'}</isEgress>"
            f"<ipProtocol>{protocol}</ipProtocol><fromPort>{first}</fromPort><toPort>{last}</toPort>"
            f"<cidrIpv4>{source}</cidrIpv4>{described}<tagSet/>"
            f"<securityGroupRuleArn>arn:aws:ec2:us-east-1:{ACCOUNT}:security-group-rule/{identifier}"
            "</securityGroupRuleArn></item>"
        )


def group_id(number: int) -> str:
    return f"sg-{number:017x}"


def rule_id(number: int, place: int) -> str:
    return f"sgr-{number * RULES + place:017x}"


def _permission(place: int, source: str) -> str:
    protocol, first, last, _ = _PRESENT[place]
    ports = "" if protocol == "-1" else f"<fromPort>{first}</fromPort><toPort>{last}</toPort>"
    described = f"<description>{_DESCRIPTIONS[place]}</description>" if _DESCRIPTIONS[place] else ""
    return (
        f"<item><ipProtocol>{protocol}</ipProtocol>{ports}<groups/>"
        f"<ipRanges><item><cidrIp>{source}</cidrIp>{described}</item></ipRanges><ipv6Ranges/><prefixListIds/></item>"
    )
