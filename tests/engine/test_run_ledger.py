"""The ledger of a sweep's run: what cannot be kept at once is kept one by one, as far as that helps."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cloudmend.core.errors import LedgerError
from cloudmend.core.model import Resource
from cloudmend.core.standing import StandingFound, StandingResource
from cloudmend.engine.run_ledger import RunLedger
from cloudmend.testing.memory_ledger import MemoryLedger
from support import ACCOUNT, NOW, REGION, StandingClock


class Narrow(MemoryLedger):
    """A ledger that keeps no more than `room` at once, and nothing of the resources that it `refuses`."""

    def __init__(self, room: int, *refuses: str) -> None:
        super().__init__(StandingClock())
        self.room, self.refuses, self.asked = room, refuses, list[list[str]]()

    def keep_standing(self, stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> frozenset[str]:
        ids = [each.id.rpartition("/")[2] for each in (*stands, *gone)]
        self.asked.append(ids)
        if len(ids) > self.room or set(ids) & set(self.refuses):
            raise LedgerError("The table has no room.")
        return super().keep_standing(stands, gone)


def standing(name: str) -> StandingResource:
    resource = Resource(type="AWS::Home::Lamp", id=name, account=ACCOUNT, region=REGION)
    return StandingResource(account=ACCOUNT, region=REGION, control="lamp_on", resource=resource, findings=(), seen=NOW)


def test_what_has_no_room_at_once_is_kept_one_by_one() -> None:
    narrow = Narrow(1)
    ledger = RunLedger(narrow)
    assert ledger.keep_standing([standing("a"), standing("b")], []) == frozenset()
    assert narrow.asked == [["a", "b"], ["a"], ["b"]]
    assert ledger.standing_now == (standing("a"), standing("b"))
    assert ledger.unkept == set()
    ledger.keep_standing([], [standing("a"), standing("b")])
    assert not ledger.standing_now


def test_one_that_is_refused_costs_no_other_and_is_known_as_unkept() -> None:
    ledger = RunLedger(Narrow(1, "b"))
    with pytest.raises(LedgerError, match="no room"):
        ledger.keep_standing([standing("a"), standing("b"), standing("c")], [])
    assert ledger.standing_now == (standing("a"), standing("c"))
    assert ledger.unkept == {standing("b").id}


def test_after_two_failures_in_a_row_the_rest_is_not_tried_and_counts_as_unkept() -> None:
    narrow = Narrow(1, "a", "c", "d")
    ledger = RunLedger(narrow)
    with pytest.raises(LedgerError, match="no room"):
        ledger.keep_standing([standing(name) for name in "abcdef"], [])
    assert narrow.asked[1:] == [["a"], ["b"], ["c"], ["d"]]
    assert ledger.unkept == {standing(name).id for name in "acdef"}
