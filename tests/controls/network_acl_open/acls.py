"""Network ACLs as EC2 describes them, and what the control makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloudmend.controls.network_acl_open import CONTROL
from cloudmend.controls.network_acl_open.settings import Settings
from cloudmend.core.contract import Finding, State, View, after
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.ports import Call
from support import ACCOUNT, NOW, REGION

ACL = Resource(type="AWS::EC2::NetworkAcl", id="acl-0123456789abcdef0", account=ACCOUNT, region=REGION)
CAUSE = ApiCall(event_id="e", source="", name="", time=None, account=ACCOUNT, region=REGION)
WORLD = "0.0.0.0/0"
DEFAULTS = Settings()


def row(number: int, action: str, protocol: str, network: str, *ports: int, icmp: Any = None) -> Json:
    """An inbound entry: `ports` are the first and the last, or one."""
    place = "Ipv6CidrBlock" if ":" in network else "CidrBlock"
    said: dict[str, Any] = {place: network, "Egress": False, "Protocol": protocol, "RuleAction": action}
    if ports:
        said["PortRange"] = {"From": ports[0], "To": ports[-1]}
    if icmp:
        said["IcmpTypeCode"] = {"Type": icmp[0], "Code": icmp[1]}
    return {**said, "RuleNumber": number}


def described(*rows: Json, is_default: bool = False, subnets: int = 1, **more: Any) -> dict[str, Any]:
    """A row of DescribeNetworkAcls, with AWS's own entries and an egress entry."""
    last = {"CidrBlock": WORLD, "Protocol": "-1", "RuleAction": "deny", "RuleNumber": 32767}
    egress = {**row(100, "allow", "-1", WORLD), "Egress": True}
    return {
        "NetworkAclId": ACL.id,
        "OwnerId": ACCOUNT,
        "VpcId": "vpc-0123456789abcdef0",
        "IsDefault": is_default,
        "Associations": [{"SubnetId": f"subnet-{number}"} for number in range(subnets)],
        "Entries": [egress, {**last, "Egress": True}, *rows, {**last, "Egress": False}],
        "Tags": [],
        **more,
    }


class Answers:
    """A Reader that has network ACLs, and keeps the calls."""

    def __init__(self, *acls: Json) -> None:
        self._acls = acls
        self.calls: list[Call] = []

    def rows(self, call: Call, key: str) -> Sequence[Any]:
        assert key == "NetworkAcls"
        self.calls.append(call)
        filters: Mapping[str, Any] = {each["Name"]: each["Values"] for each in call.params.get("Filters", ())}
        return [
            acl for acl in self._acls if acl["NetworkAclId"] in filters.get("network-acl-id", [acl["NetworkAclId"]])
        ]


def state_of(*rows: Json, **more: Any) -> State:
    reader: Any = Answers(described(*rows, **more))
    state = CONTROL.read(ACL, reader, DEFAULTS)
    assert state
    return state


def view_of(state: State, exempt: Sequence[str] = ()) -> View:
    return View(resource=ACL, state=state, cause=CAUSE, now=NOW, exempt=frozenset(exempt))


def found(state: State, settings: Settings = DEFAULTS, exempt: Sequence[str] = ()) -> list[Finding]:
    return list(CONTROL.judge(view_of(state, exempt), settings))


def mended(state: State, settings: Settings = DEFAULTS, exempt: Sequence[str] = ()) -> list[str]:
    """The entries after a mend, in words, in their order."""
    assert CONTROL.mend
    due = [each for each in found(state, settings, exempt) if each.is_due]
    then = after(state.parts, CONTROL.mend(view_of(state, exempt), due, settings))
    return said(then)


def said(parts: Mapping[str, Any]) -> list[str]:
    numbered = sorted(parts.items(), key=lambda part: int(part[0].removeprefix("entry ")))
    return [f"{part.removeprefix('entry ')} {CONTROL.say(value)}" for part, value in numbered]
