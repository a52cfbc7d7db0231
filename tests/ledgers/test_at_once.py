"""Several at once: one acts, and nobody takes what another has. The contract of every ledger."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from cloudmend.core.errors import Busy, CloudmendError
from cloudmend.core.ledger import Terms
from cloudmend.core.ledger_records import LedgerRecord, LedgerRecords
from cloudmend.disk.ledger import SqliteLedger
from ledgers.backends import Backend
from ledgers.values import intent, record
from support import StandingClock

CROWD = 6
TESTS = Path(__file__).parents[1]


def at_once(action: Callable[[int], LedgerRecord], times: int = CROWD) -> list[LedgerRecord | CloudmendError]:
    """What came of it for each of a crowd whose members start together, each time with the next number."""
    start = Barrier(CROWD)

    def one(number: int) -> LedgerRecord | CloudmendError:
        if number < CROWD:
            start.wait()
        try:
            return action(number)
        except CloudmendError as error:
            return error

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(one, range(times)))


def test_of_a_crowd_at_one_group_exactly_one_intends(backend: Backend) -> None:
    ledgers = [backend.ledger() for _ in range(CROWD)]
    ends = at_once(lambda number: ledgers[number].intend(intent()))
    (entry,) = [end for end in ends if isinstance(end, LedgerRecord)]
    assert [type(end) for end in ends if end is not entry] == [Busy] * (CROWD - 1)
    assert backend.ledger().open_intents() == (entry,)


def test_of_a_crowd_that_finds_a_crashed_intent_exactly_one_takes_over(backend: Backend) -> None:
    crashed = backend.ledger().intend(intent())
    backend.clock.sleep(60)
    ledgers = [backend.ledger() for _ in range(CROWD)]
    ends = at_once(lambda number: ledgers[number].intend(intent()))
    (entry,) = [end for end in ends if isinstance(end, LedgerRecord)]
    assert {found.id for found in backend.ledger().open_intents()} == {crashed.id, entry.id}


def test_what_was_seen_before_another_mend_ended_is_looked_at_again(backend: Backend) -> None:
    ledger, seen = backend.ledger(), backend.clock.now()
    other = ledger.intend(intent(seen=seen))
    backend.clock.sleep(1)
    ledger.finish(other, "DONE", record())
    with pytest.raises(Busy, match=re.escape(f"(record {other.id})")):
        backend.ledger().intend(intent(seen=seen))
    assert backend.ledger().intend(intent(seen=backend.clock.now())).state == "INTENT"


def test_a_crowd_at_many_groups_never_takes_more_than_the_budget(backend: Backend) -> None:
    ledgers = [backend.ledger(budget=4) for _ in range(CROWD)]
    ends = at_once(lambda number: ledgers[number].intend(intent(f"sg-{number}")))
    assert sorted(type(end).__name__ for end in ends) == ["BudgetSpent"] * 2 + ["LedgerRecord"] * 4
    assert len(backend.ledger().open_intents()) == 4


def test_a_storm_of_events_leaves_one_intent_for_each_group(backend: Backend) -> None:
    ledger = backend.ledger()
    ends = at_once(lambda number: ledger.intend(intent(f"sg-{number // 3}")), times=90)
    entries = {end.id for end in ends if isinstance(end, LedgerRecord)}
    assert len(entries) == 30
    assert {entry.id for entry in ledger.open_intents()} == entries
    assert {type(end) for end in ends} == {LedgerRecord, Busy}


def test_of_a_crowd_that_ends_one_mend_differently_one_is_believed(backend: Backend) -> None:
    entry = backend.ledger().intend(intent())
    ledgers = [backend.ledger() for _ in range(CROWD)]
    ends = at_once(lambda number: ledgers[number].finish(entry, "DONE", record(f"told by {number}")))
    (done,) = [end for end in ends if isinstance(end, LedgerRecord)]
    assert backend.ledger().get(entry.id) == done


PROCESS = """
import sys
from pathlib import Path
from cloudmend.core.errors import Busy
from cloudmend.core.ledger import Terms
from cloudmend.disk.ledger import SqliteLedger
from ledgers.values import intent
from support import StandingClock

sys.stdin.readline()
try:
    print(SqliteLedger(Path(sys.argv[1]), StandingClock(), Terms()).intend(intent()).state)
except Busy:
    print("busy")
"""


def test_of_several_processes_that_make_the_file_and_intend_exactly_one_does(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{PROCESS}", str(tmp_path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate() for process in processes]
    assert sorted(told) == [("INTENT\n", ""), ("busy\n", ""), ("busy\n", "")]
    (entry,) = LedgerRecords(SqliteLedger(tmp_path, StandingClock(), Terms()).open_intents())
    assert entry.intent == intent()
