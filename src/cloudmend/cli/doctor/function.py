"""The function, and what became of its work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.cli.doctor.check import Answer, Deployment, Verdict
from cloudmend.core.escaping import cut, plural, terminal
from cloudmend.core.model import Json
from cloudmend.core.ports import Rows

_SHOWN: Final = 200  # characters of a log line
_MINUTE: Final = "%Y-%m-%dT%H:%MZ"
_ANEW: Final = (
    "The fix creates the stack again, with its parameters. It observes, because its new ledger has no exemptions."
)


def function(answer: Json | None, concurrency: Json, name: str, deployment: Deployment) -> Answer:
    """GetFunctionConfiguration's answer, None where there is no such function; GetFunctionConcurrency's."""
    if answer is None:
        return Answer("broken", f"Function {name} is gone. {_ANEW}", deployment.deploy_anew())
    if concurrency.get("ReservedConcurrentExecutions") == 0:
        fix = deployment.aws("lambda", "delete-function-concurrency", "--function-name", name)
        return Answer("broken", f"Function {name} has a reserved concurrency of 0: it is never invoked.", fix)
    # Lambda leaves out what it has nothing to say about.
    state, update = answer.get("State", "Active"), answer.get("LastUpdateStatus", "Successful")
    reason = cut(terminal(answer.get("StateReason") or answer.get("LastUpdateStatusReason") or ""), _SHOWN)
    found = f"Function {name} is {state}, its last update {update}{f' ({reason})' if reason else ''}."
    look = deployment.aws("lambda", "get-function-configuration", "--function-name", name)
    if "Failed" in (state, update):
        return Answer("broken", found, look)
    return Answer("ok", found) if (state, update) == ("Active", "Successful") else Answer("warning", found, look)


def errors(lines: Rows | None, since_ms: int, group: str, deployment: Deployment) -> Answer:
    """The error lines since a moment, as FilterLogEvents gives them; None where there is no such log group."""
    if lines is None:
        found = f"Log group {group} is gone: what is mended leaves no record there."
        return Answer("broken", found, deployment.aws("logs", "create-log-group", "--log-group-name", group))
    told = f"in the log {group} since {moment(since_ms)}"
    if not lines:
        return Answer("ok", f"No error {told}.")
    last = max(lines, key=lambda line: line["timestamp"])
    message = cut(terminal(_message(last["message"])), _SHOWN)
    found = f"{len(lines)} {told}, the last at {moment(last['timestamp'])}: {message}"
    since = ("--start-time", str(since_ms), "--filter-pattern", "ERROR")
    words = ("logs", "filter-log-events", "--log-group-name", group, *since, "--query", "events[].message")
    return Answer("warning", found, deployment.aws(*words))


def _message(line: str) -> str:
    """Return what a log line says; the whole line where it is not our JSON."""
    try:
        told = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return line
    named = [told[key] for key in ("message", "errorMessage") if key in told] if isinstance(told, dict) else []
    return str(named[0]) if named else line


def moment(timestamp_ms: int) -> str:
    return f"{datetime.fromtimestamp(timestamp_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def make_queue(name: str, deployment: Deployment) -> str:
    """Return the command that makes the dead-letter queue as template.yaml has it."""
    rules = [deployment.resources[each] for each in deployment.rule_ids if each in deployment.resources]
    statement = {
        "Sid": "KeepUndeliveredEvents",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": deployment.arn("sqs", name),
        "Condition": {"ArnEquals": {"aws:SourceArn": [deployment.arn("events", f"rule/{rule}") for rule in rules]}},
    }
    attributes = {
        "MessageRetentionPeriod": "1209600",
        "SqsManagedSseEnabled": "true",
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    }
    return deployment.aws("sqs", "create-queue", "--queue-name", name, "--attributes", json.dumps(attributes))


def dead_letters(count: int | None, url: str, deployment: Deployment) -> Answer:
    """Return how many messages wait in the queue; None where there is no such queue."""
    if count is None:
        found = f"The dead-letter queue {url} is gone: what fails is lost. SQS accepts its name again after a minute."
        return Answer("broken", found, make_queue(url.rpartition("/")[2], deployment))
    if count == 0:
        return Answer("ok", "The dead-letter queue is empty.")
    waiting = "1 event waits" if count == 1 else f"{count} events wait"
    words = ("sqs", "receive-message", "--queue-url", url, "--query", "Messages[0].Body", "--output", "text")
    # A queue that is no other queue's dead-letter queue has no redrive: the event goes back to the function from here.
    redrive = f"{deployment.aws(*words)} | {deployment.cloudmend('invoke', '-e', '-')}"
    return Answer("broken", f"{waiting} in the dead-letter queue {url}: what they report may still be open.", redrive)


def ledger(answer: Json | None, table: str, deployment: Deployment) -> Answer:
    """DescribeTable's answer; None where there is no such table."""
    if answer is None:
        found = f"The ledger's table {table} is gone. Restore it, under its name, from the backup that DynamoDB kept."
        backups = ("dynamodb", "list-backups", "--table-name", table, "--backup-type", "SYSTEM")
        return Answer("broken", found, deployment.aws(*backups))
    status = answer["Table"]["TableStatus"]
    verdict: Verdict = "ok" if status in ("ACTIVE", "UPDATING") else "broken"
    fix = "" if verdict == "ok" else deployment.aws("dynamodb", "describe-table", "--table-name", table)
    return Answer(verdict, f"The ledger's table {table} is {status}.", fix)


def last_sweep(streams: Rows, function: str, deployment: Deployment) -> Answer:
    """The log's newest streams; each is named after its function."""
    times = [stream.get("lastEventTimestamp", 0) for stream in streams if function in stream["logStreamName"]]
    if times:
        return Answer("ok", f"The last sweep was at {moment(max(times))}.")
    fix = deployment.aws("lambda", "invoke", "--function-name", function, "--invocation-type", "Event", "/dev/stdout")
    return Answer("warning", "No sweep has been logged yet.", fix)


class Runs(Struct, frozen=True, kw_only=True):
    """The invocations of a function and how many of them failed, by the minute in which they began."""

    invocations: Mapping[datetime, int] = {}
    errors: Mapping[datetime, int] = {}

    def failed_last(self) -> tuple[int, datetime | None]:
        """Return how many failed after the last one that did not, and the first minute in which one of them did.

        A minute in which some failed and some did not counts as one that did not fail.
        """
        count, since = 0, None
        for minute in sorted(self.invocations, reverse=True):
            failed = self.errors.get(minute, 0)
            if failed < self.invocations[minute]:
                break
            count, since = count + failed, minute
        return count, since


def runs(counted: Runs, function: str, group: str, since: datetime, deployment: Deployment) -> Answer:
    """Judge the runs of one function since a moment; `group` is the log group that says why one failed."""
    total, failed = sum(counted.invocations.values()), sum(counted.errors.values())
    last_failed, first = counted.failed_last()
    if first is not None and last_failed:
        start = str(int(first.timestamp() * 1000))
        since_then = ("--log-group-name", group, "--start-time", start, "--query", "events[].message")
        which = f"each of its last {last_failed} invocations" if last_failed > 1 else "its last invocation"
        found = f"Function {function} failed at {which}, since {first:{_MINUTE}}."
        return Answer("broken", found, deployment.aws("logs", "filter-log-events", *since_then))
    told = f"Function {function}: {plural(total, 'invocation')} since {since:{_MINUTE}}, {failed} of them failed."
    return Answer("warning" if failed else "ok", told)
