"""The threads on which events are delivered and functions run asynchronously; one takes one job after the other."""

from __future__ import annotations

import heapq
from collections import deque
from itertools import count
from threading import Condition, Thread
from typing import TYPE_CHECKING

from cloudmend.local.clock import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    Job = Callable[[], object]


class Worker:
    """Starts jobs in order, as many at once as there are threads.

    A job may submit further ones: it counts as pending until they are queued. One that is to start later is pending
    from then on.
    """

    def __init__(self, threads: int = 1) -> None:
        self._jobs: deque[Job | None] = deque()
        self._later: list[tuple[float, int, Job]] = []  # a heap, by time
        self._numbers = count()
        self._pending = 0
        self._errors: list[Exception] = []
        self._changed = Condition()
        self._threads = [Thread(target=self._run, name="cloudmend-worker", daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Queues a job and returns at once."""
        with self._changed:
            self._pending += 1
            self._jobs.append(job)
            self._changed.notify_all()

    def submit_later(self, job: Job, delay_s: float) -> None:
        """Queues a job when so much time has passed."""
        with self._changed:
            heapq.heappush(self._later, (CLOCK.monotonic() + delay_s, next(self._numbers), job))
            self._changed.notify_all()

    def wake(self) -> None:
        """Queue what is due by now, after the clock was moved. It is pending when this returns."""
        with self._changed:
            self._queue_what_is_due()
            self._changed.notify_all()

    def settle(self, timeout_s: float) -> None:
        """Return when nothing is pending. Raises TimeoutError, or the error of a job that failed since."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._pending, timeout_s):
                raise TimeoutError(f"{self._pending} deliveries still pending after {timeout_s:g} s")
            errors, self._errors = self._errors, []
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Drops what is queued, waits for the jobs at work, ends the threads."""
        with self._changed:
            self._jobs.clear()
            self._later.clear()
            self._jobs.extend([None] * len(self._threads))
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 the boundary of the thread: `settle` raises it
                self._errors.append(error)
            self._done()

    def _next(self) -> Job | None:
        with self._changed:
            while not self._jobs:
                self._changed.wait(self._queue_what_is_due())
            return self._jobs.popleft()

    def _queue_what_is_due(self) -> float | None:
        """In how many seconds the next is due; None where there is none."""
        while self._later and self._later[0][0] <= CLOCK.monotonic():
            self._pending += 1
            self._jobs.append(heapq.heappop(self._later)[-1])
        if self._jobs:
            return 0
        return max(0.0, self._later[0][0] - CLOCK.monotonic()) if self._later else None

    def _done(self) -> None:
        with self._changed:
            self._pending -= 1
            self._changed.notify_all()
