"""The worker: jobs started in order, waited for, and none lost in silence."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Event

import pytest

from cloudmend.local.worker import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


def test_jobs_run_in_order_and_settle_waits_for_what_they_submit(worker: Worker) -> None:
    done: list[str] = []

    def first() -> None:
        done.append("first")
        worker.submit(lambda: done.append("submitted by the first"))

    worker.submit(first)
    worker.submit(lambda: done.append("second"))
    worker.settle(10)

    assert done == ["first", "second", "submitted by the first"]


def test_with_several_threads_jobs_run_at_once() -> None:
    worker, meeting = Worker(threads=2), Barrier(2)
    for _ in range(4):
        worker.submit(lambda: meeting.wait(10))
    worker.settle(20)
    worker.close()


def test_a_job_that_is_to_start_later_starts_then_and_is_not_waited_for_before(worker: Worker) -> None:
    started: list[str] = []
    later = Event()

    def start() -> None:
        started.append("later")
        later.set()

    worker.submit_later(start, 0.2)
    worker.submit_later(lambda: started.append("never"), 3600)
    worker.submit(lambda: started.append("now"))
    worker.settle(10)
    assert started[0] == "now"
    assert later.wait(30)
    worker.settle(10)
    assert started == ["now", "later"]


def test_a_job_that_fails_is_told_once_and_the_next_one_runs(worker: Worker) -> None:
    done: list[str] = []
    worker.submit(lambda: [].pop())
    worker.submit(lambda: done.append("next"))

    with pytest.raises(IndexError):
        worker.settle(10)
    worker.settle(10)
    assert done == ["next"]
