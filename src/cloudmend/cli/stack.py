"""A deployed stack that a command is about, and the reads of it: each function reads one thing, as AWS answers it.

Nothing is written. Each read raises AwsError; where it answers None, AWS knows no such thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from cloudmend.aws.gateway import Gateway, SystemClock
from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.world import Connect, connection
from cloudmend.cli.doctor.function import Runs
from cloudmend.cli.doctor.trail import Trail
from cloudmend.controls import wakes
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import AwsError, InputError
from cloudmend.core.event_rules import EventRule
from cloudmend.core.event_rules import event_rules as rules_of
from cloudmend.core.ledger import Ledger, Terms
from cloudmend.core.model import Json, Request
from cloudmend.core.ports import Rows

# Resources of template.yaml.
FUNCTION: Final = "SecurityGroupRemediationLambda"
SWEEP: Final = "SweepFunction"
LOG: Final = "RemediationLogGroup"
NOTICE_RULE: Final = "NoticeRequestRule"
DEPLOYMENT_RULE: Final = "DeploymentRule"
_GONE: Final = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "ParameterNotFound",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
_NEWEST: Final = {"orderBy": "LastEventTime", "descending": True}  # of the log streams; a page is 50
T = TypeVar("T")


class Stack(Struct, frozen=True, kw_only=True):
    """A stack of cloudmend's. `resources` are physical ids by logical id."""

    name: str
    region: str
    resources: Mapping[str, str]

    def function(self, logical_id: str = FUNCTION) -> Json:
        """Return the configuration of one of its functions. Raises InputError if it has none."""
        name = self.resources.get(logical_id)
        configuration = function(connection(self.region).gateway, name) if name else None
        if configuration is None:
            raise InputError(f"Stack {self.name} in {self.region} has no {logical_id}: it is not cloudmend's.")
        return configuration

    def settings(self) -> Mapping[str, str]:
        """Return the environment of the function that events wake."""
        variables: Mapping[str, str] = self.function().get("Environment", {}).get("Variables", {})
        return variables


def find_stack(name: str, region: str | None) -> Stack:
    """Find a stack in a Region, or in the Region of the environment if it is None. Raises CloudmendError."""
    here = connection(region)
    if stack(here.gateway, name) is None:
        raise InputError(f"There is no stack {name} in {here.region}. Pass another --stack-name or --region.")
    return Stack(name=name, region=here.region, resources=resources(here.gateway, name))


def event_rules(off: Collection[str] = ()) -> tuple[EventRule, ...]:
    """Return the rules that pass on the calls that controls watch, but for controls that are off."""
    made = (rule.without(off) for rule in rules_of(wakes(), CATALOG.first))
    return tuple(rule for rule in made if rule.names)


def ledger(gateway: Gateway, table: str) -> Ledger:
    """Return the ledger in that table."""
    return DynamoDbLedger(gateway.client, table, SystemClock(), Terms())


def trails(connect: Connect, region: str) -> tuple[Trail, ...]:
    """Return all trails that cover the Region: its own, those of several Regions, and the organization's."""
    answer = connect(region).call(Request("cloudtrail:DescribeTrails", {"includeShadowTrails": True}))
    return tuple(_trail(connect, row) for row in answer["trailList"])


def _trail(connect: Connect, row: Json) -> Trail:
    """Return what one trail does, as its home Region describes it.

    `problem` holds AWS's error: a member account may have no right to see its organization's trail.
    """
    trail = Trail(name=row["Name"], arn=row["TrailARN"], home=row["HomeRegion"])
    home = connect(trail.home)
    try:
        status = home.call(Request("cloudtrail:GetTrailStatus", {"Name": trail.arn}))
        selectors = home.call(Request("cloudtrail:GetEventSelectors", {"TrailName": trail.arn}))
    except AwsError as error:
        return msgspec.structs.replace(trail, problem=str(error))
    return msgspec.structs.replace(trail, is_logging=status["IsLogging"], selectors=selectors)


def stack(gateway: Gateway, name: str) -> Json | None:
    try:
        answer = gateway.call(Request("cloudformation:DescribeStacks", {"StackName": name}))
    except AwsError as error:
        if error.code == "ValidationError":  # CloudFormation has no code of its own for a stack that is not there
            return None
        raise
    described: Json = answer["Stacks"][0]
    return described


def resources(gateway: Gateway, stack: str) -> Mapping[str, str]:
    """Return the physical ids of a stack's resources by their logical ids."""
    rows = gateway.rows(Request("cloudformation:ListStackResources", {"StackName": stack}), "StackResourceSummaries")
    return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows if row.get("PhysicalResourceId")}


class Owner(NamedTuple):
    """Return the stack of a resource, and the resource's logical id in the stack's template."""

    stack: str
    logical_id: str


def owner(gateway: Gateway, physical_id: str) -> Owner | None:
    """Return the stack of a resource; None if the resource belongs to no stack."""
    try:
        answer = gateway.call(Request("cloudformation:DescribeStackResources", {"PhysicalResourceId": physical_id}))
    except AwsError as error:
        if error.code == "ValidationError":  # as above
            return None
        raise
    rows = (row for row in answer["StackResources"] if row.get("PhysicalResourceId") == physical_id)
    return next((Owner(row["StackName"], row["LogicalResourceId"]) for row in rows), None)


def rules_about(gateway: Gateway, calls: Sequence[str]) -> list[str]:
    """Return the rules of the default bus whose patterns name one of these calls."""
    rows = gateway.rows(Request("events:ListRules", {}), "Rules")
    return [row["Name"] for row in rows if any(f'"{call}"' in row.get("EventPattern", "") for call in calls)]


def rule(gateway: Gateway, name: str) -> Json | None:
    return _unless_gone(lambda: gateway.call(Request("events:DescribeRule", {"Name": name})))


def matches(gateway: Gateway, pattern: str, event: Json) -> bool:
    request = Request("events:TestEventPattern", {"EventPattern": pattern, "Event": json.dumps(event)})
    return bool(gateway.call(request)["Result"])


def targets(gateway: Gateway, rule: str) -> Rows:
    return gateway.rows(Request("events:ListTargetsByRule", {"Rule": rule}), "Targets")


def resource_policy(gateway: Gateway, function: str) -> Json | None:
    """Return the resource policy of a function; None if no permission was ever added."""
    answer = _unless_gone(lambda: gateway.call(Request("lambda:GetPolicy", {"FunctionName": function})))
    return None if answer is None else dict(json.loads(answer["Policy"]))


def function(gateway: Gateway, name: str) -> Json | None:
    return _unless_gone(lambda: gateway.call(Request("lambda:GetFunctionConfiguration", {"FunctionName": name})))


def concurrency(gateway: Gateway, function: str) -> Json:
    """Return an answer with ReservedConcurrentExecutions; empty if none are reserved."""
    return (
        _unless_gone(lambda: gateway.call(Request("lambda:GetFunctionConcurrency", {"FunctionName": function}))) or {}
    )


def runs(gateway: Gateway, function: str, since: datetime, until: datetime) -> Runs:
    """Return CloudWatch's counts of a function, by the minute; they may lag by one or two minutes."""
    queries = [_by_the_minute(name, function) for name in ("Invocations", "Errors")]
    params = {"MetricDataQueries": queries, "StartTime": since, "EndTime": until}
    found: dict[str, dict[datetime, int]] = {"invocations": {}, "errors": {}}
    for row in gateway.rows(Request("cloudwatch:GetMetricData", params), "MetricDataResults"):
        found[row["Id"]] |= dict(zip(row["Timestamps"], map(int, row["Values"]), strict=True))
    return Runs(**found)


def _by_the_minute(metric: str, function: str) -> Json:
    dimensions = [{"Name": "FunctionName", "Value": function}]
    counted = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": metric.lower(), "MetricStat": {"Metric": counted, "Period": 60, "Stat": "Sum"}}


def log_lines(gateway: Gateway, group: str, words: str, since_ms: int) -> Rows | None:
    """Return the lines since a moment that match these words, written as a filter pattern of CloudWatch Logs."""
    params = {"logGroupName": group, "filterPattern": words, "startTime": since_ms}
    return _unless_gone(lambda: gateway.rows(Request("logs:FilterLogEvents", params), "events"))


def newest_streams(gateway: Gateway, group: str) -> Rows:
    streams: Rows = gateway.call(Request("logs:DescribeLogStreams", {"logGroupName": group, **_NEWEST}))["logStreams"]
    return streams


def waiting(gateway: Gateway, queue_url: str) -> int | None:
    """Return about how many messages a queue holds, also those that a reader has received and not yet deleted."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    request = Request("sqs:GetQueueAttributes", {"QueueUrl": queue_url, "AttributeNames": names})
    answer = _unless_gone(lambda: gateway.call(request))
    return None if answer is None else sum(int(answer["Attributes"][name]) for name in names)


def table(gateway: Gateway, name: str) -> Json | None:
    return _unless_gone(lambda: gateway.call(Request("dynamodb:DescribeTable", {"TableName": name})))


def parameter(gateway: Gateway, name: str) -> str | None:
    answer = _unless_gone(lambda: gateway.call(Request("ssm:GetParameter", {"Name": name})))
    return None if answer is None else str(answer["Parameter"]["Value"])


def _unless_gone(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except AwsError as error:
        if error.code in _GONE:
            return None
        raise
