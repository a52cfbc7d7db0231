"""The schedules of EventBridge's rules and of EventBridge Scheduler, which the clock wakes as it is moved.

A schedule wakes its target when the clock is moved past its time, and not by the time that passes by itself, so that a
test that is slow is no other test. A rate counts from the first move after the schedule was made.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from cloudmend.local.clock import CLOCK
from cloudmend.local.expiry import delete_expired, each
from cloudmend.local.schedules import moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cloudmend.local.eventbridge import EventBus
    from cloudmend.local.scheduler import Scheduler
    from cloudmend.local.worker import Worker

_SINCE: Final = "cloudmend_since"


class Due(NamedTuple):
    """A moment at which something is due, and the job that does it."""

    moment: datetime
    job: Callable[[], None]


class Timers:
    """The schedules of all accounts and Regions."""

    def __init__(self, bus: EventBus, scheduler: Scheduler, worker: Worker) -> None:
        self._bus = bus
        self._scheduler = scheduler
        self._worker = worker

    def advance(self, by: timedelta, timeout_s: float) -> None:
        """Move the clock forward. It stands at each moment that is due until what that woke has ended.

        Raises TimeoutError if one of them takes longer than `timeout_s`, ValueError for a move back.
        """
        if by < timedelta():
            raise ValueError(f"The clock cannot go back by {-by}.")
        start = CLOCK.now()
        for due in heapq.merge(*self._all(start, start + by), key=itemgetter(0)):
            self._move_to(due.moment)
            due.job()
            self._worker.settle(timeout_s)
        self._move_to(start + by)
        self._worker.settle(timeout_s)

    def _move_to(self, moment: datetime) -> None:
        CLOCK.move_to(moment)
        delete_expired()
        self._worker.wake()

    def _all(self, start: datetime, end: datetime) -> Iterator[Iterator[Due]]:
        """Yield what each schedule has to do in a span of time."""
        for expression, since, zone, job in self._schedules(start):
            due = moments(expression, since, start, zone)
            yield (Due(moment, partial(job, moment)) for moment in takewhile(end.__ge__, due))

    def _schedules(self, now: datetime) -> Iterator[tuple[str, datetime, Any, Callable[[datetime], None]]]:
        for rule in each(lambda backend: backend.event_buses["default"].rules.values(), events_backends):
            if rule.scheduled_expression and rule.state == "ENABLED":
                yield rule.scheduled_expression, _since(rule, now), UTC, partial(self._bus.wake, rule)
        groups = each(lambda backend: backend.schedule_groups.values(), scheduler_backends)
        for schedule in (one for group in groups for one in group.schedules.values()):
            if schedule.state == "ENABLED":
                zone = ZoneInfo(schedule.schedule_expression_timezone)
                job = partial(self._scheduler.wake, schedule)
                yield schedule.schedule_expression, _since(schedule, now), zone, job


def _since(schedule: Any, now: datetime) -> datetime:
    """Return when the clock was first moved while there was this schedule."""
    since: datetime = vars(schedule).setdefault(_SINCE, now)
    return since
