"""Reads that lag behind writes, for any service: what AWS calls eventual consistency, and settings that are pending.

After a write, a read that was answered before answers the same again, for so many reads or for so long. A read that
nobody made before the write shows what is now. Security groups and prefix lists have a lag of their own (`ec2`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from cloudmend.local.clock import CLOCK
from cloudmend.local.cloudtrail import is_write

if TYPE_CHECKING:
    from cloudmend.local.messages import ApiRequest, ApiResponse

Lag = int | timedelta
"""How many reads, or how long, still show what was before a write."""
_Place = tuple[str, str]  # the signing name of a service, and an account
_Asked = tuple[str, str, str, tuple[tuple[str, str], ...], bytes]


@dataclass
class _Hidden:
    """An answer that reads still show after a write, for so many reads more or until a moment."""

    answer: ApiResponse
    reads: int = 0
    until: datetime | None = None

    def is_over(self) -> bool:
        return self.reads <= 0 if self.until is None else CLOCK.now() >= self.until


class LaggingReads:
    """The answers that are shown again after a write."""

    def __init__(self, lags: Mapping[str, Lag]) -> None:
        """`lags` has one for each service that lags ("s3"), or operation ("ec2:GetImageBlockPublicAccessState")."""
        self._lags = lags
        self._services = {name.partition(":")[0] for name in lags}
        self._shown: dict[_Place, dict[_Asked, ApiResponse]] = {}
        self._hidden: dict[tuple[_Place, _Asked], _Hidden] = {}
        self._lock = Lock()

    def answer(self, request: ApiRequest, account: str, answer: ApiResponse) -> ApiResponse:
        """Return what a caller gets for an answer: the same, or an older one."""
        if request.service not in self._services:
            return answer
        with self._lock:
            place = (request.service, account)
            if is_write(request.operation):
                if answer.error_code is None:
                    self._hide(place)
                return answer
            return self._read(place, _asked(request), answer)

    def _hide(self, place: _Place) -> None:
        """Have what was read so far shown again."""
        for asked, answer in self._shown.get(place, {}).items():
            lag = self._lags.get(f"{place[0]}:{asked[0]}", self._lags.get(place[0]))
            known = self._hidden.get((place, asked))
            shown = answer if known is None or known.is_over() else known.answer
            if isinstance(lag, timedelta):
                self._hidden[place, asked] = _Hidden(shown, until=CLOCK.now() + lag)
            else:
                self._hidden[place, asked] = _Hidden(shown, reads=lag or 0)

    def _read(self, place: _Place, asked: _Asked, answer: ApiResponse) -> ApiResponse:
        hidden = self._hidden.get((place, asked))
        if hidden is not None and not hidden.is_over():
            hidden.reads -= 1
            return hidden.answer
        self._hidden.pop((place, asked), None)
        self._shown.setdefault(place, {})[asked] = answer
        return answer


def _asked(request: ApiRequest) -> _Asked:
    return request.operation, request.region, request.path, tuple(sorted(request.query.items())), request.body
