"""A burst of events at the deployed function: groups are opened while nobody listens, then all is told at once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from cloudmend.local.runtime.process import RUNTIME, architecture
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import client
from oracle.packets import TCP, UDP, exposure
from walkthrough.deployed import Deployed
from walkthrough.template import RESPONDER, ROOT
from walkthrough.test_build import build

LIMITS: Final = {4: 2**20, 6: 2**88}
GUARDED: Final = ((TCP, 22), (TCP, 3389), (UDP, 3389))
PATIENCE_S: Final = 1800.0
_SENDERS: Final = 8
_ACCOUNT_CONCURRENCY: Final = 10  # Lambda's quota of a new account; the template reserves less for the function
_SEED: Final = 4
_FIRST_SWEEP_S: Final = 60.0  # at most
_PROGRESS_S: Final = 5.0

Event = Mapping[str, Any]
Row = Mapping[str, Any]


class Profile(NamedTuple):
    """How much: events put on the bus, and groups that they are about."""

    events: int
    groups: int


class Figures(NamedTuple):
    """What a burst came to.

    `changes` counts the rules that were written to, each time; `cancelled` the ledger's transactions that met another,
    or that another's lease kept out.
    """

    events: int
    groups: int
    at_fault: int
    doors: int
    changes: int
    mends: int
    invocations: int
    retries: int
    cancelled: int
    seconds: float

    def row(self) -> str:
        """The counts that are the same in each run, as a row of the table in docs/reliability.md."""
        counts = (self.events, self.groups, self.at_fault, self.doors, self.changes, self.mends)
        return "| " + " | ".join(f"{count:,}" for count in counts) + " |"

    def __str__(self) -> str:
        return (
            f"{self.events:,} events over {self.groups} groups, {self.at_fault} of them at fault: {self.doors} doors, "
            f"{self.changes} changes, {self.mends} mends; {self.invocations:,} invocations, {self.retries} retries, "
            f"{self.cancelled} transactions cancelled; {self.seconds:.0f} s, {self.events / self.seconds:.0f} events/s"
        )


def _from(port: int, *cidrs: str) -> dict[str, Any]:
    ranges = {
        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs if ":" not in cidr],
        "Ipv6Ranges": [{"CidrIpv6": cidr} for cidr in cidrs if ":" in cidr],
    }
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **ranges}


# What is done to a group: the permissions of each call. By turns, so that a fifth of the groups is never at fault.
_HISTORIES: Final = (
    ([_from(22, "0.0.0.0/0")],),
    ([_from(3389, "::/0")],),
    ([_from(22, "0.0.0.0/0", "::/0"), _from(443, "0.0.0.0/0")],),
    ([_from(22, "0.0.0.0/0")], [_from(3389, "128.0.0.0/1")]),  # narrowed; revoked
    ([_from(443, "0.0.0.0/0", "::/0")], [_from(22, "10.0.0.0/8")]),
)


@contextmanager
def deployed(folder: Path, **parameters: str) -> Iterator[Deployed]:
    """The stack of template.yaml with the archive that is built from this source, as `sam deploy` would leave it."""
    log: list[str] = []
    with EmbeddedAws(log=log.append, concurrency=_ACCOUNT_CONCURRENCY, conflicts=True) as aws:
        s3 = client(aws, "s3")
        s3.create_bucket(Bucket="cloudmend-packages")
        s3.put_object(Bucket="cloudmend-packages", Key="function.zip", Body=build(ROOT, folder).read_bytes())
        template = (ROOT / "template.yaml").read_text(encoding="utf-8")
        given = {"Architecture": architecture(), "Runtime": RUNTIME, **parameters}
        client(aws, "cloudformation").create_stack(
            StackName="cloudmend",
            TemplateBody=template.replace("CodeUri: src", "CodeUri: s3://cloudmend-packages/function.zip"),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        aws.settle(_FIRST_SWEEP_S)  # it starts with the deployment
        yield Deployed(aws, aws.environment, log)


class Burst:
    """The groups, their doors, and the events that tell of them."""

    def __init__(self, stack: Deployed, profile: Profile, tell: Callable[[str], None]) -> None:
        self.stack = stack
        self._profile = profile
        self._tell = tell
        self._ec2 = client(stack.aws, "ec2")
        with stack.without_events():
            self._told = len(stack.aws.events)
            self.doors = self._open_groups()
        self.before = self.rules()
        self.seconds = 0.0

    def _open_groups(self) -> dict[str, frozenset[str]]:
        """The ids of the rules at fault, by group; none where it is not at fault."""
        with ThreadPoolExecutor(_SENDERS) as threads:
            return dict(threads.map(self._open, range(self._profile.groups)))

    def _open(self, number: int) -> tuple[str, frozenset[str]]:
        group_id: str = self._ec2.create_security_group(GroupName=f"load-{number}", Description="load")["GroupId"]
        opened: list[Row] = []
        for permissions in _HISTORIES[number % len(_HISTORIES)]:
            answer = self._ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=permissions)
            opened += answer["SecurityGroupRules"]
        return group_id, frozenset(row["SecurityGroupRuleId"] for row in opened if is_open([row]))

    @property
    def at_fault(self) -> tuple[str, ...]:
        """The groups that have doors."""
        return tuple(group_id for group_id, doors in self.doors.items() if doors)

    @cached_property
    def events(self) -> Sequence[Event]:
        """CloudTrail's record of each opening, most of them many times, shuffled. The same order in each run."""
        opened = self.stack.aws.events[self._told :]
        told = [event for event in opened if event["detail"].get("eventName") == "AuthorizeSecurityGroupIngress"]
        numbers = {group_id: number for number, group_id in enumerate(self.doors)}
        told.sort(key=lambda event: numbers[event["detail"]["requestParameters"]["groupId"]])
        chance = random.Random(_SEED)  # noqa: S311 - no secret
        events = [*told, *chance.choices(told, k=self._profile.events - len(told))]
        chance.shuffle(events)
        return events

    def run(self) -> None:
        """All at once, from several senders; returns when nothing is left to do."""
        began = time.monotonic()
        with ThreadPoolExecutor(_SENDERS) as senders:
            # In this process: PutEvents refuses aws.ec2, here as on AWS, because only CloudTrail may speak for EC2.
            list(senders.map(self.stack.aws.put_event, self.events))
        self._settle()
        self.seconds = time.monotonic() - began

    def _settle(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                return self.stack.aws.settle(_PROGRESS_S)
            except TimeoutError as pending:
                self._tell(str(pending).partition(" still")[0] + " to go")
        raise TimeoutError(f"not handled within {PATIENCE_S:g} s")

    def figures(self) -> Figures:
        deliveries = self.stack.aws.deliveries
        invocations = sum(delivery.attempts for delivery in deliveries)
        return Figures(
            events=len(self.events),
            groups=len(self.doors),
            at_fault=len(self.at_fault),
            doors=sum(map(len, self.doors.values())),
            changes=self.changes().total(),
            mends=len(list(self.stack.ledger().entries())),
            invocations=invocations,
            retries=invocations - len(deliveries),
            cancelled=sum(call.error == "TransactionCanceledException" for call in self.stack.aws.calls),
            seconds=self.seconds,
        )

    def problems(self) -> list[str]:
        """Why a try failed that another made good."""
        tries = [invocation for delivery in self.stack.aws.deliveries for invocation in delivery.invocations]
        return [each.error.message for each in tries if each.error]

    def rules(self) -> dict[str, list[Row]]:
        """What every group of the burst has now, by group."""
        pages = self._ec2.get_paginator("describe_security_group_rules").paginate(MaxResults=1000)
        found: dict[str, list[Row]] = {group_id: [] for group_id in self.doors}
        for row in (row for page in pages for row in page["SecurityGroupRules"]):
            found.get(row["GroupId"], []).append(row)
        return found

    def own_events(self) -> list[Event]:
        """CloudTrail's records of what the function wrote."""
        return [event for event in self.stack.aws.events if event["source"] == "aws.ec2" and _is_own(event["detail"])]

    def changes(self) -> Counter[str]:
        """How often each rule was written to, by its id, as CloudTrail has it."""
        return Counter(rule_id for event in self.own_events() for rule_id in _changed(event["detail"]))


def is_open(rows: Sequence[Row]) -> bool:
    """Whether too much of the world reaches a guarded port, packet by packet."""
    return any(exposure(rows, version, *port) > limit for version, limit in LIMITS.items() for port in GUARDED)


def _is_own(record: Mapping[str, Any]) -> bool:
    return f":assumed-role/cloudmend-{RESPONDER}" in record["userIdentity"]["arn"] and not record.get("errorCode")


def _changed(record: Mapping[str, Any]) -> list[str]:
    """The ids of the rules in CloudTrail's record of a write. A list of one is not a list there."""
    request = record["requestParameters"]
    if record["eventName"] == "RevokeSecurityGroupIngress":
        return [item["securityGroupRuleId"] for item in request["securityGroupRuleIds"]["items"]]
    rules = request["ModifySecurityGroupRulesRequest"]["SecurityGroupRule"]
    return [rule["SecurityGroupRuleId"] for rule in (rules if isinstance(rules, list) else [rules])]
