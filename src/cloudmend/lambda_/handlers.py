"""The Lambda functions. An exception is how one keeps an event: Lambda tries it again, then stores it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cloudmend import controls, engine
from cloudmend.aws.world import enabled_regions
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.contract import Control
from cloudmend.core.errors import CloudmendError, EventError, StillOpen
from cloudmend.core.model import SWEEP, Ignored, Record, Request, Resource
from cloudmend.core.notice.event import notice_request
from cloudmend.core.orphaned import unread
from cloudmend.core.partitions import GLOBAL_SOURCES, partition_of
from cloudmend.core.policy.model import Policy, switched_on
from cloudmend.core.ports import Leftover, Notifier, PutOff
from cloudmend.core.target import Target
from cloudmend.core.version import CODE_VERSION
from cloudmend.core.world import World
from cloudmend.disk.policy_file import read_policy
from cloudmend.lambda_.continuation import Task, asked, messages, whole
from cloudmend.lambda_.telemetry import LogNotifier
from cloudmend.lambda_.world import CONTINUATION_QUEUE, SWEEP_REGIONS, deployed_world, in_region, stack_settings

if TYPE_CHECKING:  # powertools are imported when there is something to tell, which is after the door is closed
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.metrics import Metrics

# What a sweep keeps of its time: for the mend that is under way when it stops, and for what it leaves to the next.
_MARGIN: Final = timedelta(seconds=60)
_TRIES: Final = 2  # more of what was put off, as an event has, before the queue keeps the message for half an hour
_AGAIN_S: Final = 60  # before what could not be closed is tried again: as long as Lambda waits with an event
_GROUPS: Final = "security_group_ingress"
_REGION: Final = "AWS::Region"  # what a record is of, where not even the list of what to mend could be read


def respond(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Mend what one EventBridge event reports, or publish the notice that a person's command requests.

    Return the statuses and sentences of the records. Raises CloudmendError for an event that cannot be understood, for
    a bad policy, and for a finding that is not proved closed.
    """
    with _telling(event):
        answer = _answer(event)
    _raise_for(_bad(answer))
    for ignored in (each for each in answer if isinstance(each, Ignored)):
        _logger().info(f"Ignored: {ignored.reason}", extra={"event_id": ignored.event_id})
    return _result(answer)


def _answer(event: Any) -> tuple[Record | Ignored, ...]:
    if request := notice_request(event):
        return (engine.tell(request, control_of=lambda name: controls.by_id(name or _GROUPS), world=_world()),)
    world = in_region(_world(), _acts_in(event, _world().region))
    return engine.handle(event, woken_by=controls.woken_by, policy=_policy(), world=world)


def _acts_in(event: Any, here: str) -> str:
    """Return the Region in which to act: that of global services for their calls, which it forwards (decision 43)."""
    detail = event.get("detail") if isinstance(event, dict) else None
    source = detail.get("eventSource") if isinstance(detail, dict) else None
    home = partition_of(here).home
    return home if source in GLOBAL_SOURCES and event.get("region") == home else here


def sweep(event: Any, context: Any) -> dict[str, Any]:
    """Mend the open findings of a whole Region.

    The sweep puts three things into its queue: the other Regions if it is to sweep them too, the resources that it does
    not reach in time, and, once more, the findings that it could not close.

    `event` is the schedule's, or a message of that queue; some messages are tasks that were put off. Return the same as
    `respond`, without clean resources. The answer also counts the resources in the digest, those that people know
    already, those that are left, and those at fault that belong to other accounts. Raises as `respond` does if nobody
    will try again a finding that it could not close.
    """
    with _telling(event):
        home = Task(_world().region)
        task = asked(event) or home
        if isinstance(task, PutOff):
            return _tried_again(task)
        problems = _leave_other_regions() if task is home else []
        world = in_region(_world(), task.region)
        swept = engine.sweep(
            controls=_sweeping(),
            policy=_policy(),
            world=world,
            until=_until(context),
            only=task.wanted or None,
            known=controls.every(),
        )
        if task.region == _world().region:  # each Region's sweep reads the same ledger
            for each in swept.unreadable:
                _world().notifier.publish(unread(each, task.region))
        bad = _bad(swept.records)
        bad = [each for each in bad if task.wanted or not _is_known_unread(each)]
        again = [] if task.wanted or not _queue() else [each for each in bad if each.resource.type != _REGION]
        problems += _leave(messages(task.region, swept.left))
        problems += _leave(messages(task.region, [Leftover(each.control, each.resource) for each in again]), _AGAIN_S)
        _raise_for([record for record in bad if record not in again], problems)
    _log_others(swept.others)
    told = _result(tuple(each for each in swept.records if each.status != "clean" and each.notice == "now"))
    told |= {name: sum(each.notice == name for each in swept.records) for name in ("digest", "held")}
    return {**told, "left": len(swept.left) + len(again), "not_ours": len(swept.others)}


def _is_known_unread(record: Record) -> bool:
    """Return whether people know that a resource cannot be read: the next sweep is the next try."""
    return record.notice == "held" and record.resource.type != _REGION


def _sweeping() -> tuple[Control[Any], ...]:
    """Return the controls of a sweep, also those that only observe: a digest reports their findings."""
    return switched_on(controls.every(), _policy())


def _log_others(others: Sequence[Resource]) -> None:
    """Log the resources of other accounts, without a notice: nobody here can change them, and each sweep finds them."""
    if others:
        told = f"{len(others):,} resources at fault belong to other accounts, and only those can change them."
        _logger().warning(told, extra={"not_ours": [f"{each.id} of account {each.account}" for each in others]})


def _tried_again(task: PutOff) -> dict[str, Any]:
    """Mend what was put off, for its cause; return the result. A task that is not due yet goes back to the queue."""
    now = _world().clock.now()
    if task.due > now:
        _raise_for((), _leave([task.body()], task.delay_s(now)))
        return {**_result(()), "left": 1}
    if task.control not in controls.IDS:
        raise EventError(f"{task.resource.label} was put off for {task.control}, which this cloudmend does not have.")
    if task.mended:
        return _asked_again(task)
    notifier = _KnownRecords(_world().notifier, _log_notifier(), frozenset(task.told))
    world = in_region(msgspec.structs.replace(_world(), notifier=notifier), task.region)
    here = {"account": task.account, "region": task.region}
    resource, cause = msgspec.structs.replace(task.resource, **here), msgspec.structs.replace(task.cause, **here)
    target = Target(
        control=controls.by_id(task.control),
        resource=resource,
        cause=cause,
        swept=task.cause.name == SWEEP,
        named=task.opened,
        accepted=task.accepted,
    )
    records = tuple(engine.mend_all([target], _policy(), world))
    bad = _bad(records)
    if bad and task.failed < _TRIES and _queue():
        again = _world().clock.now() + timedelta(seconds=_AGAIN_S)
        left = msgspec.structs.replace(task, due=again, failed=task.failed + 1)
        _raise_for((), _leave([left.body()], _AGAIN_S))
        return {**_result(records), "left": 1}
    _raise_for(bad)
    return {**_result(records), "left": 0}


def _asked_again(task: PutOff) -> dict[str, Any]:
    """Ask again who took what was mended; return the result. What cannot be found out now is asked in a minute."""
    is_last = task.failed >= _TRIES or not _queue()
    try:
        world = in_region(_world(), task.region)
        answer = engine.ask_again(task, controls.by_id(task.control), world, is_last=is_last)
    except CloudmendError:
        if is_last:
            raise
        again = _world().clock.now() + timedelta(seconds=_AGAIN_S)
        left = msgspec.structs.replace(task, due=again, failed=task.failed + 1)
        _raise_for((), _leave([left.body()], _AGAIN_S))
        return {**_result(()), "left": 1}
    return {**_result((answer,)), "left": 0}


class _KnownRecords:
    """A notifier that writes repeated findings to the log only, because people got a notice when they were put off."""

    def __init__(self, notifier: Notifier, log: LogNotifier, parts: frozenset[str]) -> None:
        """`parts` are the parts that an earlier notice reported."""
        self._notifier = notifier
        self._log = log
        self._parts = parts

    def publish(self, record: Record) -> None:
        now = {finding.part for finding in record.findings}
        is_known = record.status in ("observed", "deferred", "pending") and bool(now) and now <= self._parts
        (self._log if is_known else self._notifier).publish(record)

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        self._log.ledger_problem(keys, problem)


def _leave_other_regions() -> list[str]:
    """Put the other Regions into the queue if they are to be swept too. A failure does not stop this Region."""
    if stack_settings(os.environ).get(SWEEP_REGIONS) != "all":
        return []
    try:
        regions = enabled_regions()
    except CloudmendError as error:
        return [f"The other Regions were not swept, because they could not be listed: {error}"]
    return _leave(whole(region for region in regions if region != _world().region))


def _until(context: Any) -> datetime | None:
    """Return the time when a sweep has to stop; None if there is no limit, as outside Lambda."""
    if context is None:
        return None
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return _world().clock.now() + remaining - _MARGIN


def _leave(bodies: Iterable[str], delay_s: int = 0) -> list[str]:
    """Put each message into the queue by itself. Return a problem for each that failed, and so stays undone."""
    problems: list[str] = []
    for body in bodies:
        if queue := _queue():
            message = {"QueueUrl": queue, "MessageBody": body, "DelaySeconds": delay_s}
            try:
                _world().writer.write(Request("sqs:SendMessage", message))
            except CloudmendError as error:
                problems.append(f"A part of the sweep is left undone ({body}): {error}")
        else:
            _logger().warning(f"{CONTINUATION_QUEUE} is not set, so this part of the sweep is left undone: {body}")
    return problems


def _queue() -> str:
    """Return the URL of the sweep's own queue; empty outside a stack."""
    return stack_settings(os.environ).get(CONTINUATION_QUEUE, "")


@contextmanager
def _telling(event: Any) -> Iterator[None]:
    """Logs an event that could not be handled, whole, and publishes the metrics in any case."""
    try:
        yield
    except CloudmendError as error:
        _logger().error(str(error), extra={"unhandled": event})
        raise
    finally:
        if _metrics().metric_set:
            _metrics().flush_metrics()


def _result(answer: tuple[Record | Ignored, ...]) -> dict[str, Any]:
    """Return what a handler answers."""
    return {
        "records": [_brief(each) for each in answer if isinstance(each, Record)],
        "ignored": [each.reason for each in answer if isinstance(each, Ignored)],
    }


def _brief(record: Record) -> dict[str, Any]:
    told = {"status": record.status, "summary": record.summary, "entry_id": record.entry_id}
    return {**told, "waits": True} if record.waits else told


def _bad(answer: Iterable[Record | Ignored]) -> list[Record]:
    """Return those that are not a good end."""
    return [each for each in answer if isinstance(each, Record) and each.status in ("open", "failed")]


def _raise_for(bad: Sequence[Record], problems: Sequence[str] = ()) -> None:
    """Raise StillOpen if there are any."""
    if bad or problems:
        raise StillOpen(" ".join([*(record.summary for record in bad), *problems]))


@cache
def _logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(service="cloudmend", code_version=CODE_VERSION)  # `cloudmend doctor` looks for it


@cache
def _metrics() -> Metrics:
    from aws_lambda_powertools.metrics import Metrics

    return Metrics(namespace="cloudmend", service="cloudmend")


@cache
def _policy() -> Policy:
    return read_policy(settings())


def settings() -> dict[str, str]:
    """Return the policy's settings that the environment holds."""
    names = [parameter.variable for parameter in CATALOG.settings]
    return {name: os.environ[name] for name in names if name in os.environ}


@cache
def _world() -> World:
    return deployed_world(stack_settings(os.environ), _warn, _log_notifier())


def _log_notifier() -> LogNotifier:
    return LogNotifier(_logger, _metrics)


def _warn(text: str) -> None:
    _logger().warning(text)
