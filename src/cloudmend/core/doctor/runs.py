"""Judge CloudWatch's counts of a function: they show most clearly that a function fails at each event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from cloudmend.core.doctor.check import Answer, Deployment
from cloudmend.core.scan import plural

_MINUTE: Final = "%Y-%m-%dT%H:%MZ"


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
