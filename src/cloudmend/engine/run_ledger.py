"""The ledger for one run, of a sweep or of an event's targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Final

from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Ledger
from cloudmend.core.ledger_records import StoredRecord, Unreadable
from cloudmend.core.standing import StandingFound, StandingResource, UnitState

_ENOUGH: Final = 2

_Part = tuple[Sequence[StandingResource], Sequence[StandingFound]]  # what stands, and what does no more


class RunLedger:
    """A ledger for one run, which reads the recent mends once for all resources.

    Mends that are recorded during the run are not among them. They only show how often a finding came back, and not
    which findings are open.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._recent: Mapping[str, list[StoredRecord]] | CloudmendError | None = None
        self._standing: dict[str, StandingResource] = {}
        # Keys of the unit's resources whose standing findings could not be kept, or which another look kept meanwhile.
        self.unkept: set[str] = set()
        self.seen: dict[str, frozenset[str]] = {}  # marks and parts that this run saw at fault, by resource

    def begin(self, state: UnitState | None) -> None:
        """Begin with a unit. `state` holds the known state of the unit."""
        found = state.standing if state else {}
        self._standing = {key: each for key, each in found.items() if isinstance(each, StandingResource)}
        self.unkept, self.seen = set(), {}

    @property
    def standing_now(self) -> tuple[StandingResource, ...]:
        """The standing findings of the unit, as far as this run knows them."""
        return tuple(self._standing.values())

    def keep_standing(self, stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> frozenset[str]:
        """Keep all at once; if that fails, one by one. Raises the CloudmendError of the last one that was not kept.

        Two failures in a row mean that the ledger keeps nothing, and not that one resource has no room.
        """
        self.seen |= {
            each.id: frozenset(name for one in each.findings for name in (one.mark, one.part)) for each in stands
        }
        try:
            return self._keep(stands, gone)
        except CloudmendError as error:
            parts = [*(((each,), ()) for each in stands), *(((), (each,)) for each in gone)]
            changed, problem = self._one_by_one(parts)
            if problem:
                raise problem from error
            return changed

    def _one_by_one(self, parts: Sequence[_Part]) -> tuple[frozenset[str], CloudmendError | None]:
        problem: CloudmendError | None = None
        changed, in_a_row = frozenset[str](), 0
        for number, part in enumerate(parts):
            if in_a_row == _ENOUGH:
                self.unkept |= _keys(parts[number:])
                break
            try:
                changed |= self._keep(*part)
                in_a_row = 0
            except CloudmendError as error:
                problem, in_a_row = error, in_a_row + 1
                self.unkept |= _keys([part])
        return changed, problem

    def _keep(self, stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> frozenset[str]:
        changed = self._ledger.keep_standing(stands, gone)
        self._standing.update({each.id: each for each in stands if each.id not in changed})
        for each in gone:
            self._standing.pop(each.id, None)
        self.unkept -= _keys([(stands, gone)]) - changed
        self.unkept |= _keys([(stands, ())]) & changed
        return changed

    def recent(self, place: str, since: datetime) -> tuple[StoredRecord, ...]:
        with self._lock:
            if self._recent is None:
                self._recent = self._read(since)
        if isinstance(self._recent, CloudmendError):
            raise self._recent
        found = self._recent.get(place, ())
        return tuple(each for each in found if isinstance(each, Unreadable) or each.opened >= since)

    def _read(self, since: datetime) -> Mapping[str, list[StoredRecord]] | CloudmendError:
        """Read the recent mends, or return the error. The caller does so once, also after an error."""
        try:
            return _by_place(self._ledger.entries(since))
        except CloudmendError as error:
            return error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def _by_place(found: Iterable[StoredRecord]) -> dict[str, list[StoredRecord]]:
    places: defaultdict[str, list[StoredRecord]] = defaultdict(list)
    for each in found:
        places[each.place].append(each)
    return places


def _keys(parts: Iterable[_Part]) -> set[str]:
    return {key for stands, gone in parts for key in (each.id for each in (*stands, *gone))}
