"""Notify every channel of a record, after the proof. A failure of a channel undoes and hides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, Protocol

from cloudmend.aws.gateway import Gateway
from cloudmend.core.digest import Digest
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import Json, Record, Request
from cloudmend.core.notice import CHANNELS, Channel
from cloudmend.core.notice.digest import requests as digest_requests
from cloudmend.core.notice.event import joined
from cloudmend.core.notice.wording import NotificationTargets
from cloudmend.core.ports import Begin, Clock, Notifier
from cloudmend.core.world import at_need

# IAM actions: all that the channels' requests use, and no other.
PERMISSIONS: Final = frozenset({"events:PutEvents", "sns:Publish", "securityhub:BatchImportFindings"})

Problem = tuple[Record, str]  # what was not told, and why


class NoticeLog(Notifier, Protocol):
    """The log that a record goes to first, and that names each channel that did not accept it."""

    def undelivered(self, record: Record, problem: str) -> None: ...

    def publish_digest(self, digest: Digest) -> None: ...

    def digest_undelivered(self, digest: Digest, problem: str) -> None: ...

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None: ...


class Notices:
    """The notifier: the log first, then all channels at once. It never raises for a channel, but logs the problem."""

    def __init__(
        self, log: NoticeLog, gateway: Gateway, audience: NotificationTargets, clock: Clock, begin: Begin = at_need
    ) -> None:
        self._log = log
        self._gateway = gateway
        self._audience = audience
        self._clock = clock
        self._begin = begin

    def publish(self, record: Record) -> None:
        self.publish_all((record,))

    def publish_all(self, records: Sequence[Record]) -> None:
        for record in records:
            self._log.publish(record)
        under_way = [self._begin(partial(self._tell, channel, records)) for channel in CHANNELS]
        for problems in under_way:
            for record, problem in problems():
                self._log.undelivered(record, problem)

    def publish_digest(self, digest: Digest) -> None:
        """Publish to the log first, then to each channel. The log holds each problem of a channel."""
        self._log.publish_digest(digest)
        for request in digest_requests(digest, self._audience):
            try:
                refused = [row for row in self._gateway.call(request).get("Entries", ()) if row.get("ErrorCode")]
                problem = "".join(f"{row['ErrorCode']} ({row.get('ErrorMessage', '')})" for row in refused)
            except Exception as error:  # noqa: BLE001 - one channel must not stop the next
                problem = str(error)
            if problem:
                self._log.digest_undelivered(digest, f"{request.action}: {problem}")

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        self._log.ledger_problem(keys, problem)

    def _tell(self, channel: Channel, records: Sequence[Record]) -> list[Problem]:
        """Return the records that the channel did not accept. The caller logs them, one thread at a time."""
        problems: list[Problem] = []
        # Each is written when the one before it was sent: of two with one time, Security Hub may heed the first alone.
        told = (((record,), each) for record in records for each in self._requests(channel, record, problems))
        for about, request in joined(told):
            problems += self._send(request, about)
        return problems

    def _requests(self, channel: Channel, record: Record, problems: list[Problem]) -> Sequence[Request]:
        try:
            return tuple(channel(record, self._audience, self._clock.now()))
        except Exception as error:  # noqa: BLE001 - a notice that cannot be written must not stop the next one
            problems.append((record, f"cloudmend crashed while notifying: {type(error).__name__}: {error}"))
            return ()

    def _send(self, request: Request, about: Sequence[Record]) -> list[Problem]:
        try:
            refused = _refused(self._gateway.call(request), about)
            return [(record, f"{request.action}: AWS did not accept it: {problem}.") for record, problem in refused]
        except Exception as error:  # noqa: BLE001 - nor one that cannot be sent
            crash = "" if isinstance(error, CloudmendError) else f"cloudmend crashed: {type(error).__name__}: "
            return [(record, f"{crash}{error}") for record in about]


def _refused(answer: Json, about: Sequence[Record]) -> Iterator[Problem]:
    """Yield each record that AWS did not accept, and the reason.

    PutEvents answers for each entry, BatchImportFindings only for those that failed.
    """
    entries = zip(about, answer.get("Entries", ()), strict=False)
    findings = ((about[0], row) for row in answer.get("FailedFindings", ()))
    for record, row in (*entries, *findings):
        if row.get("ErrorCode"):
            yield record, f"{row['ErrorCode']} ({row.get('ErrorMessage', '')})"
