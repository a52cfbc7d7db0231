"""The ledger and the notifier of the Lambda: a structured JSON log line for each, and metrics.

CloudWatch Logs keeps the before-images as long as the log group's retention says.
"""

from __future__ import annotations

from typing import Final

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from cloudmend.core.model import Intent, Record, Status

# The CloudWatch metric that counts each end of a mend. A clean look is no news and costs no metric.
COUNTED: Final[dict[Status, str]] = {
    "mended": "Mended",
    "observed": "Observed",
    "exempt": "Exempt",
    "open": "StillOpen",
    "failed": "Failed",
}
SECONDS_TO_CLOSED: Final = "SecondsToClosed"
UNDELIVERED: Final = "NoticesUndelivered"


class LogLedger:
    """Keeps an intent, with the whole before-image, as one log line."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def intend(self, intent: Intent) -> None:
        self._logger.info(f"{intent.resource.id}: about to change", extra={"intent": msgspec.to_builtins(intent)})


class LogNotifier:
    """Tells of a record in one log line, whose message is a sentence, and counts it."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        self._logger = logger
        self._metrics = metrics

    def publish(self, record: Record) -> None:
        tell = self._logger.error if record.status in ("open", "failed") else self._logger.info
        tell(record.summary, extra={"record": msgspec.to_builtins(record)})
        if record.status in COUNTED:
            self._metrics.add_metric(COUNTED[record.status], MetricUnit.Count, 1)
        if record.status == "mended" and record.seconds_since_call is not None:
            self._metrics.add_metric(SECONDS_TO_CLOSED, MetricUnit.Seconds, record.seconds_since_call)

    def undelivered(self, record: Record, problem: str) -> None:
        """A notice of the record did not get out; the record itself stands in the log."""
        self._logger.error(f"{record.resource.id}: a notice was not delivered: {problem}", extra={"problem": problem})
        self._metrics.add_metric(UNDELIVERED, MetricUnit.Count, 1)
