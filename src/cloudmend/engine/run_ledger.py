"""The ledger for one run of a sweep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any

from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Found, Ledger, Unreadable


class RunLedger:
    """A ledger for one run, which reads what was mended of late once, for all resources.

    What is recorded while the run goes on is not among it: it says how often a door was opened again, not what is open.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._recent: Mapping[str, list[Found]] | CloudmendError | None = None

    def recent(self, place: str, since: datetime) -> tuple[Found, ...]:
        with self._lock:
            if self._recent is None:
                self._recent = self._read(since)
        if isinstance(self._recent, CloudmendError):
            raise self._recent
        found = self._recent.get(place, ())
        return tuple(each for each in found if isinstance(each, Unreadable) or each.opened >= since)

    def _read(self, since: datetime) -> Mapping[str, list[Found]] | CloudmendError:
        """Once, also where it fails."""
        try:
            return _by_place(self._ledger.entries(since))
        except CloudmendError as error:
            return error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def _by_place(found: Iterable[Found]) -> dict[str, list[Found]]:
    places: defaultdict[str, list[Found]] = defaultdict(list)
    for each in found:
        places[each.place].append(each)
    return places
