"""Tells of a record in every channel. It comes after the proof, and its failures undo and hide nothing."""

from __future__ import annotations

from typing import Final, Protocol

from botocore.config import Config

from cloudmend.aws.gateway import Gateway
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import Json, Record
from cloudmend.core.notice import CHANNELS, Audience, Channel
from cloudmend.core.ports import Clock, Notifier

# IAM actions: all that the channels' requests use, and no other.
PERMISSIONS: Final = frozenset({"events:PutEvents", "sns:Publish", "securityhub:BatchImportFindings"})

# Lambda must have time left for the other records of the same event: a slow channel loses, not they.
CONFIG: Final = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    user_agent_extra="cloudmend",
)


class NoticeLog(Notifier, Protocol):
    """Where a record is told first, and where it is told that a channel did not take it."""

    def undelivered(self, record: Record, problem: str) -> None: ...


class Notices:
    """The notifier: the log first, then each channel. Never raises for a channel: the log tells, and goes on."""

    def __init__(self, log: NoticeLog, gateway: Gateway, audience: Audience, clock: Clock) -> None:
        self._log = log
        self._gateway = gateway
        self._audience = audience
        self._clock = clock

    def publish(self, record: Record) -> None:
        self._log.publish(record)
        for channel in CHANNELS:
            self._tell(channel, record)

    def _tell(self, channel: Channel, record: Record) -> None:
        try:
            for request in channel(record, self._audience, self._clock.now()):
                for problem in _refused(self._gateway.call(request)):
                    self._log.undelivered(record, f"{request.action}: AWS did not take it: {problem}.")
        except CloudmendError as error:
            self._log.undelivered(record, str(error))
        except Exception as error:  # noqa: BLE001 - a notice that cannot be written must not stop the next one
            self._log.undelivered(record, f"cloudmend crashed while telling: {type(error).__name__}: {error}")


def _refused(answer: Json) -> list[str]:
    """Why parts of a request were not taken: PutEvents and BatchImportFindings tell that in a good answer."""
    rows = (*answer.get("Entries", ()), *answer.get("FailedFindings", ()))
    return [f"{row['ErrorCode']} ({row.get('ErrorMessage', '')})" for row in rows if row.get("ErrorCode")]
