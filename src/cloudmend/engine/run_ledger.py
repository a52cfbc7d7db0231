"""The ledger for one run, of a sweep or of an event's targets.

At the end of a first look, `take_back` takes out of the baseline what is newer than that look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Final

import msgspec

from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Ledger
from cloudmend.core.ledger_records import Entries, Found, Unreadable
from cloudmend.core.standing import StandingFinding, StandingFound, StandingResource, Unit, UnitState, next_revision
from cloudmend.core.target import FLAP_WINDOW
from cloudmend.core.world import World

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
        self._recent: Mapping[str, list[Found]] | CloudmendError | None = None
        self._standing: dict[str, StandingResource] = {}
        self.unkept: set[str] = set()  # keys of the unit's resources whose standing findings could not be kept

    def begin(self, state: UnitState | None) -> None:
        """Begin with a unit. `state` holds the known state of the unit."""
        found = state.standing if state else {}
        self._standing = {key: each for key, each in found.items() if isinstance(each, StandingResource)}
        self.unkept = set()

    @property
    def standing_now(self) -> tuple[StandingResource, ...]:
        """The standing findings of the unit, as far as this run knows them."""
        return tuple(self._standing.values())

    def keep_standing(self, stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> frozenset[str]:
        """Keep all at once; if that fails, one by one. Raises the CloudmendError of the last one that was not kept.

        Two failures in a row mean that the ledger keeps nothing, and not that one resource has no room.
        """
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
        self.unkept -= _keys([(stands, gone)])
        return changed

    def recent(self, place: str, since: datetime) -> tuple[Found, ...]:
        with self._lock:
            if self._recent is None:
                self._recent = self._read(since)
        if isinstance(self._recent, CloudmendError):
            raise self._recent
        found = self._recent.get(place, ())
        return tuple(each for each in found if isinstance(each, Unreadable) or each.opened >= since)

    def _read(self, since: datetime) -> Mapping[str, list[Found]] | CloudmendError:
        """Read the recent mends, or return the error. The caller does so once, also after an error."""
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


def _keys(parts: Iterable[_Part]) -> set[str]:
    return {key for stands, gone in parts for key in (each.id for each in (*stands, *gone))}


def take_back(state: UnitState, current: Unit, began: datetime, ledger: RunLedger, world: World) -> None:
    """Take out of the baseline what a first look saw and what is known by now to be newer.

    That is what was mended since, also if the look saw it a moment before, and what was first seen when another sweep
    had given the unit its mark already.
    """
    if not state.keeps_baseline or (state.unit.baseline and not state.unit.first_looks):
        return
    recent = Entries(world.ledger.entries(began - FLAP_WINDOW))
    mended = {(entry.place, step.part) for entry in recent for step in entry.intent.steps}
    mark = current.baseline if not state.unit.baseline else None

    def is_new(each: StandingResource, finding: StandingFinding) -> bool:
        is_late = mark is not None and finding.since > mark and each.resource.id not in current.first_looks
        return finding.status == "baseline" and (is_late or (each.id, finding.part) in mended)

    others = (_without(each, [one for one in each.findings if is_new(each, one)]) for each in ledger.standing_now)
    if stands := [each for each in others if each]:
        ledger.keep_standing(stands, [])


def _without(found: StandingResource, new: Sequence[StandingFinding]) -> StandingResource | None:
    """Return what stands, with the new findings outside the baseline; None if there are none."""
    findings = tuple(
        msgspec.structs.replace(each, status="observed") if each in new else each for each in found.findings
    )
    return msgspec.structs.replace(found, findings=findings, revision=next_revision(found)) if new else None
