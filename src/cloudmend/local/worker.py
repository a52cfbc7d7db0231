"""The thread on which events are delivered and functions run asynchronously, one job after the other."""

from __future__ import annotations

from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Job = Callable[[], object]


class Worker:
    """Runs jobs in order. A job may submit further ones: it counts as pending until they are queued."""

    def __init__(self) -> None:
        self._jobs: deque[Job | None] = deque()
        self._pending = 0
        self._errors: list[Exception] = []
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="cloudmend-worker", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queues a job and returns at once."""
        with self._changed:
            self._pending += 1
            self._jobs.append(job)
            self._changed.notify_all()

    def settle(self, timeout_s: float) -> None:
        """Returns when nothing is pending. Raises TimeoutError, or the error of a job that failed since."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._pending, timeout_s):
                raise TimeoutError(f"{self._pending} deliveries still pending after {timeout_s:g} s")
            errors, self._errors = self._errors, []
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Drops what is queued, waits for the job at work, ends the thread."""
        with self._changed:
            self._jobs.clear()
            self._jobs.append(None)
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 the boundary of the thread: `settle` raises it
                self._errors.append(error)
            self._done()

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs)
            return self._jobs.popleft()

    def _done(self) -> None:
        with self._changed:
            self._pending -= 1
            self._changed.notify_all()
