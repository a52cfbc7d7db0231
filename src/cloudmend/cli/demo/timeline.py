"""The demo's second group: when each port was opened, what the deployed function logged, and how long each took."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from cloudmend.core.model import SWEEP
from cloudmend.local.messages import SeenCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# As bad_boy.sh opens them.
PORTS: Final = (3389, 22)
_OPENS: Final = "AuthorizeSecurityGroupIngress"
_CLOSES: Final = "ModifySecurityGroupRules"


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
        for when, line in self._records():
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
        mends = [line["record"]["summary"] for _, line in self._records() if line["record"]["edits"]]
        # The function handles one event at a time, so the writes are in the order of the records.
        for when, summary in zip(self._times(_CLOSES)[-len(mends) :], mends, strict=True):
            for port in (port for port in PORTS if f"tcp/{port} " in summary):
                seconds[port] = (when - opened[port]).total_seconds()
        return seconds

    def _opened(self) -> dict[int, datetime]:
        return dict(zip(PORTS, self._times(_OPENS)[-len(PORTS) :], strict=True))

    def _times(self, operation: str) -> list[datetime]:
        return [call.time for call in self.calls if call.operation == operation and call.error is None]

    def _records(self) -> list[tuple[datetime, dict[str, Any]]]:
        return [(line.time, json.loads(line.text)) for line in self.log if '"record":' in line.text]
