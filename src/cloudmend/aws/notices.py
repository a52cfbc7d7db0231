"""Tells of a record in every channel. It comes after the proof, and its failures undo and hide nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from botocore.config import Config

from cloudmend.aws.gateway import Gateway
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import Json, Record, Request
from cloudmend.core.notice import CHANNELS, Audience, Channel
from cloudmend.core.notice.event import joined
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
        self.publish_all((record,))

    def publish_all(self, records: Sequence[Record]) -> None:
        for record in records:
            self._log.publish(record)
        for channel in CHANNELS:
            told = [((record,), request) for record in records for request in self._requests(channel, record)]
            for about, request in joined(told):
                self._send(request, about)

    def _requests(self, channel: Channel, record: Record) -> Sequence[Request]:
        try:
            return tuple(channel(record, self._audience, self._clock.now()))
        except Exception as error:  # noqa: BLE001 - a notice that cannot be written must not stop the next one
            self._log.undelivered(record, f"cloudmend crashed while telling: {type(error).__name__}: {error}")
            return ()

    def _send(self, request: Request, about: Sequence[Record]) -> None:
        try:
            for record, problem in _refused(self._gateway.call(request), about):
                self._log.undelivered(record, f"{request.action}: AWS did not take it: {problem}.")
        except Exception as error:  # noqa: BLE001 - nor one that cannot be sent
            crash = "" if isinstance(error, CloudmendError) else f"cloudmend crashed: {type(error).__name__}: "
            for record in about:
                self._log.undelivered(record, f"{crash}{error}")


def _refused(answer: Json, about: Sequence[Record]) -> Iterator[tuple[Record, str]]:
    """What was not taken, and why: PutEvents tells that of each entry, BatchImportFindings of those that failed."""
    entries = zip(about, answer.get("Entries", ()), strict=False)
    findings = ((about[0], row) for row in answer.get("FailedFindings", ()))
    for record, row in (*entries, *findings):
        if row.get("ErrorCode"):
            yield record, f"{row['ErrorCode']} ({row.get('ErrorMessage', '')})"
