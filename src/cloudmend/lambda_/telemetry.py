"""The log and the metrics of the Lambda functions: a structured JSON line for each record, and what is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from cloudmend.core.digest import Digest
from cloudmend.core.model import Record, Status
from cloudmend.core.target import FLAPPING_AFTER

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.metrics import Metrics

# The CloudWatch metric that counts each end of a mend. A clean look is no news and costs no metric.
COUNTED: Final[dict[Status, str]] = {
    "mended": "Mended",
    "observed": "Observed",
    "exempt": "Exempt",
    "open": "StillOpen",
    "failed": "Failed",
    "pending": "Pending",
    "deferred": "Deferred",
}
_UNREADABLE: Final = "LedgerUnreadable"
# Those that count a circumstance of it; alarms of the template wait for them.
FLAGGED: Final[dict[str, Callable[[Record], bool]]] = {
    "BudgetExhausted": lambda record: record.budget_spent,
    "Missed": lambda record: record.missed,
    "Flaps": lambda record: record.flaps >= FLAPPING_AFTER,
    _UNREADABLE: lambda record: bool(record.exemptions_unreadable or record.ledger_unreadable),
}
SECONDS_TO_CLOSED: Final = "SecondsToClosed"
UNDELIVERED: Final = "NoticesUndelivered"


class LogNotifier:
    """A notifier that writes a record as one log line, whose message is a sentence, and counts it."""

    def __init__(self, logger: Callable[[], Logger], metrics: Callable[[], Metrics]) -> None:
        """Both are made at the first record, so their imports wait until after the mend."""
        self._logger = logger
        self._metrics = metrics

    def publish(self, record: Record) -> None:
        tell = self._logger().error if record.status in ("open", "failed") else self._logger().info
        tell(record.summary, extra={"record": msgspec.to_builtins(record)})
        ends = [COUNTED[record.status]] if record.status in COUNTED else []
        for name in [*ends, *(name for name, applies in FLAGGED.items() if applies(record))]:
            self._metrics().add_metric(name, "Count", 1)
        if record.status == "mended" and record.seconds_since_call is not None:
            self._metrics().add_metric(SECONDS_TO_CLOSED, "Seconds", record.seconds_since_call)

    def publish_digest(self, digest: Digest) -> None:
        """Log a line with the counts; each resource has its own line."""
        counts: dict[str, int] = {"new": len(digest.new)}
        counts.update(digest.counts.items())
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        where = f"{digest.control} in account {digest.account}, Region {digest.region}"
        self._logger().info(f"Digest of {where}: {told}.", extra={"digest": counts, "unread": digest.unread})

    def digest_undelivered(self, digest: Digest, problem: str) -> None:
        """Log that a channel did not accept a digest. The ledger and the log hold its findings."""
        self._logger().error(f"The digest of {digest.control} was not delivered: {problem}")
        self._metrics().add_metric(UNDELIVERED, "Count", 1)

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        """Log that the ledger did not store, or did not return, standing findings."""
        self._logger().error(f"What stands is not in the ledger as it is: {problem}", extra={"keys": list(keys)})
        self._metrics().add_metric(_UNREADABLE, "Count", 1)

    def undelivered(self, record: Record, problem: str) -> None:
        """Log that a notice of the record was not delivered. The log holds the record itself."""
        self._logger().error(
            f"{record.resource.label}: a notice was not delivered: {problem}", extra={"problem": problem}
        )
        self._metrics().add_metric(UNDELIVERED, "Count", 1)
