"""An account in memory: strict security groups behind a real botocore client, and the ports that record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cloudmend import engine
from cloudmend.aws.gateway import Gateway
from cloudmend.controls import woken_by
from cloudmend.controls.catalog import CATALOG
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.digest import Digest
from cloudmend.core.ledger import Terms
from cloudmend.core.ledger_records import Ending, LedgerRecord
from cloudmend.core.model import Ignored, Intent, Record
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.world import World
from cloudmend.local.ec2.groups import SecurityGroups
from cloudmend.local.ec2.model import Vpc
from cloudmend.local.ec2.wire import memory_client
from cloudmend.testing.memory_ledger import MemoryLedger, MemoryStore

ACCOUNT = "111122223333"
REGION = "eu-west-1"
VPC = Vpc(id="vpc-0123456789abcdef0", cidr="172.31.0.0/16", is_default=False)
# What a look by the default policy says that finds nothing.
CLEAR = (
    "no guarded port (tcp/22, tcp/3389, udp/3389) is open to more than 1,048,576 public IPv4 or 2^88 public IPv6 "
    "addresses"
)
NOW = datetime(2026, 11, 24, 7, 0, 0, tzinfo=UTC)


class StandingClock:
    """A clock that moves only when slept on."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


Obstacle = Callable[[Mapping[str, Any]], None]


class ObstructedGroups(SecurityGroups):
    """Groups whose answers may be hindered: an obstacle is called with the parameters, and may raise Ec2Error."""

    def __init__(self, vpcs: Sequence[Vpc] = (VPC,), **options: Any) -> None:
        super().__init__(ACCOUNT, REGION, lambda: vpcs, **options)
        self.before: dict[str, Obstacle] = {}
        self.after: dict[str, Obstacle] = {}

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.before.get(operation, _no_obstacle)(params)
        result = self.unhindered(operation, params)
        self.after.get(operation, _no_obstacle)(params)
        return result

    def unhindered(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return super().call(operation, params)


def _no_obstacle(_: Mapping[str, Any]) -> None:
    pass


class WatchedLedger:
    """A ledger whose intents and ends stand among the calls."""

    def __init__(self, calls: list[str], ledger: MemoryLedger) -> None:
        self._calls = calls
        self._ledger = ledger

    def intend(self, intent: Intent) -> LedgerRecord:
        self._calls.append("ledger:intend")
        return self._ledger.intend(intent)

    def resume(self, entry: LedgerRecord, seen: datetime) -> LedgerRecord:
        self._calls.append("ledger:resume")
        return self._ledger.resume(entry, seen)

    def finish(self, entry: LedgerRecord, state: Ending, record: Record) -> LedgerRecord:
        self._calls.append("ledger:finish")
        return self._ledger.finish(entry, state, record)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class Account:
    """One account and Region; `calls` are the API calls made, in order, as IAM actions."""

    def __init__(self, **options: Any) -> None:
        self.groups = ObstructedGroups(**options)
        self.calls: list[str] = []
        self.records: list[Record] = []
        self.digests: list[Digest] = []
        self.ledger_problems: list[str] = []
        self.ec2 = memory_client(self.groups, on_call=self._called)
        self.clock = StandingClock()
        self.store = MemoryStore()
        self.ledger = self.process()
        gateway = Gateway(REGION, lambda _: self.ec2, self.clock)
        self.world = World(
            account=lambda: ACCOUNT,
            region=REGION,
            reader=gateway,
            writer=gateway,
            ledger=self.ledger,
            notifier=self,
            clock=self.clock,
        )

    def process(self, **terms: Any) -> WatchedLedger:
        """The ledger as one more process sees it."""
        return WatchedLedger(self.calls, MemoryLedger(self.clock, Terms(**terms), self.store))

    @property
    def intents(self) -> list[Intent]:
        """All that were ever kept, in order."""
        return [entry.intent for entry in self.ledger.entries()]

    def _called(self, operation: str, _: Mapping[str, Any]) -> None:
        self.calls.append(f"ec2:{operation}")

    def publish(self, record: Record) -> None:
        self.records.append(record)

    def publish_digest(self, digest: Digest) -> None:
        self.digests.append(digest)

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        assert keys
        self.ledger_problems.append(problem)

    def group(self, *permissions: Mapping[str, Any]) -> str:
        """A new group with these ingress permissions; its id."""
        name = f"group-{len(self.rules())}-{len(self.calls)}"
        group_id: str = self.ec2.create_security_group(GroupName=name, Description="test", VpcId=VPC.id)["GroupId"]
        if permissions:
            self.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=list(permissions))
        return group_id

    def label(self, group_id: str) -> str:
        """How a sentence calls the group: by its id and its name."""
        (group,) = self.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
        return f"{group_id} ({group['GroupName']})"

    def rules(self, group_id: str | None = None) -> list[dict[str, Any]]:
        """Rows of DescribeSecurityGroupRules, by id."""
        filters = [{"Name": "group-id", "Values": [group_id]}] if group_id else []
        pages = self.ec2.get_paginator("describe_security_group_rules").paginate(Filters=filters)
        return sorted((r for page in pages for r in page["SecurityGroupRules"]), key=lambda r: r["SecurityGroupRuleId"])

    def handle(self, event: object, **settings: str) -> tuple[Record | Ignored, ...]:
        """The engine's answer to an event, under `policy` of these settings; `calls` starts anew."""
        self.calls.clear()
        return engine.handle(event, woken_by=woken_by, policy=policy(**settings), world=self.world)

    def mend(self, group_id: str, **settings: str) -> Record:
        """The one record of an event that names the group."""
        return self.respond(event(group_id), **settings)

    def respond(self, event: object, **settings: str) -> Record:
        """The one record of an event."""
        (record,) = self.handle(event, **settings)
        assert isinstance(record, Record)
        return record


def policy(file: str | None = None, **settings: str) -> Policy:
    """policy(mode="observe") is that of CLOUDMEND_MODE=observe; `file` is a policy file's text."""
    given = {f"CLOUDMEND_{name.upper()}": value for name, value in settings.items()}
    return parse_policy(given, file, catalog=CATALOG)


def settings_in(of: Policy) -> Settings:
    """The settings of the control of security groups."""
    found: Settings = of.settings_of(CONTROL)
    return found


def sg_settings(file: str | None = None, **given: str) -> Settings:
    """The same, under `policy` of these."""
    return settings_in(policy(file, **given))


def event(group_id: str, name: str = "AuthorizeSecurityGroupIngress", **detail: Any) -> dict[str, Any]:
    """An event that names a group and nothing else."""
    return {
        "account": ACCOUNT,
        "region": REGION,
        "detail": {
            "eventID": "3f2a9d5e-0000-4000-8000-000000000001",
            "eventSource": "ec2.amazonaws.com",
            "eventName": name,
            "eventTime": "2026-11-24T06:59:58Z",
            "requestParameters": {"groupId": group_id},
            **detail,
        },
    }


def ipv4(ports: int | tuple[int, int], *cidrs: str, protocol: str = "tcp", **fields: str) -> dict[str, Any]:
    """An IpPermission from IPv4 ranges."""
    return {**_ports(protocol, ports), "IpRanges": [{"CidrIp": cidr, **fields} for cidr in cidrs]}


def ipv6(ports: int | tuple[int, int], *cidrs: str, protocol: str = "tcp", **fields: str) -> dict[str, Any]:
    """An IpPermission from IPv6 ranges."""
    return {**_ports(protocol, ports), "Ipv6Ranges": [{"CidrIpv6": cidr, **fields} for cidr in cidrs]}


def _ports(protocol: str, ports: int | tuple[int, int]) -> dict[str, Any]:
    first, last = (ports, ports) if isinstance(ports, int) else ports
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last}


def ingress(rows: Sequence[Mapping[str, Any]]) -> set[tuple[str, int, int, str]]:
    """(protocol, from, to, source) of each ingress rule."""
    return {(r["IpProtocol"], r["FromPort"], r["ToPort"], _source(r)) for r in rows if not r["IsEgress"]}


def _source(row: Mapping[str, Any]) -> str:
    group = row.get("ReferencedGroupInfo", {})
    return str(row.get("CidrIpv4") or row.get("CidrIpv6") or row.get("PrefixListId") or group.get("GroupId"))
