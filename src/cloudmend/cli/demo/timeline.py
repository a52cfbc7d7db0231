"""The demo's second group, when each port was opened and how long each took; and the EBS snapshot that it shares."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from msgspec import Struct

from cloudmend.core.model import SWEEP
from cloudmend.local.messages import SeenCall

# As bad_boy.sh opens them.
PORTS: Final = (3389, 22)
_OPENS: Final = "AuthorizeSecurityGroupIngress"
_CLOSES: Final = "ModifySecurityGroupRules"
_ATTRIBUTE: Final = ("--attribute", "createVolumePermission")


class LogLine(Struct, frozen=True):
    """A line that the deployed function printed, and when."""

    time: datetime
    text: str


class Timeline(Struct, frozen=True):
    """The calls of a run of bad_boy.sh and of the function that mended, by the embedded AWS's own clock."""

    calls: Sequence[SeenCall]
    log: Sequence[LogLine]

    def lines(self) -> Iterator[str]:
        """Yield each opening, and each record of an event in the log, in the order in which they happened.

        The first sweep, which the deployment starts, finds nothing here, and says so once for each control.
        """
        moments = [(when, f"tcp/{port} was opened") for port, when in self._opened().items()]
        for when, line in _records(self.log):
            if (name := line["record"]["event_name"]) == SWEEP:
                continue
            own = name == _CLOSES
            moments.append((when, f"its log{', woken by its own write' if own else ''}: {line['message']}"))
        moments.sort()
        for when, text in moments:
            yield f"{(when - moments[0][0]).total_seconds():.2f} s  {text}"

    def seconds_to_closed(self) -> dict[int, float]:
        """Return, by port, the seconds from the call that opened it to the write that closed it."""
        seconds, opened = {}, self._opened()
        mends = [line["record"]["summary"] for _, line in _records(self.log) if line["record"]["edits"]]
        # The function handles one event at a time, so the writes are in the order of the records.
        for when, summary in zip(self._times(_CLOSES)[-len(mends) :], mends, strict=True):
            for port in (port for port in PORTS if f"tcp/{port} " in summary):
                seconds[port] = (when - opened[port]).total_seconds()
        return seconds

    def _opened(self) -> dict[int, datetime]:
        return dict(zip(PORTS, self._times(_OPENS)[-len(PORTS) :], strict=True))

    def _times(self, operation: str) -> list[datetime]:
        return [call.time for call in self.calls if call.operation == operation and call.error is None]


class Run(Protocol):
    """Runs a command, and gives what it prints."""

    def __call__(self, *words: str, echo: bool = ..., show: bool = ...) -> str: ...


def share(run: Run) -> str:
    """Make a snapshot, and share it with every AWS account; return its id."""
    volume = _made(run, "create-volume", "--availability-zone", "us-east-1a", "--size", "1")["VolumeId"]
    snapshot = str(_made(run, "create-snapshot", "--volume-id", volume)["SnapshotId"])
    everybody = ("--operation-type", "add", "--group-names", "all")
    run("aws", "ec2", "modify-snapshot-attribute", "--snapshot-id", snapshot, *_ATTRIBUTE, *everybody)
    return snapshot


def mended(snapshot: str, log: Sequence[LogLine], patience_s: float) -> str:
    """Return what the function logs of its mend, once it does; nothing if that takes too long."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        for record in (line["record"] for _, line in _records(log)):
            if record["resource"]["id"] == snapshot and record["status"] == "mended":
                return str(record["summary"])
        time.sleep(0.05)
    return ""


def shared_with(snapshot: str, run: Run) -> list[Any]:
    """Look at the snapshot, and return with whom it is shared."""
    words = ("aws", "ec2", "describe-snapshot-attribute", "--snapshot-id", snapshot, *_ATTRIBUTE)
    return list(json.loads(run(*words, show=False))["CreateVolumePermissions"])


def _made(run: Callable[..., str], *words: str) -> Any:
    return json.loads(run("aws", "ec2", *words, echo=False, show=False))


def _records(log: Sequence[LogLine]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yield the lines of the log that report a record, with their times."""
    return ((line.time, json.loads(line.text)) for line in log if '"record":' in line.text)
