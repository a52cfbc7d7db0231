"""What the ledger knows of a resource before a look: which question is asked, and what an answer or its lack means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger import History
from cloudmend.core.ledger_records import Exemptions, Unreadable
from cloudmend.core.model import Step
from cloudmend.core.standing import Before, Unit, UnitState, UnreadableStanding
from cloudmend.core.target import Outcome, Target
from cloudmend.core.world import World
from cloudmend.engine.stations.before import Asked, keeps_baseline, key, known_before
from cloudmend.engine.stations.reading import current_exemptions
from cloudmend.engine.stations.values import Recent, failed, sentence
from core.test_baseline import known
from core.test_standing import EARLIER, resource
from engine.test_verdict import begun
from lamps import CONTROL, ID, Home, policy, target
from ledgers.values import exemption
from support import ACCOUNT, NOW, REGION

UNIT = f"{ACCOUNT}/{REGION}/{CONTROL.id}"
KEY = f"{UNIT}/{ID}"
HOUR = NOW - timedelta(hours=1)
STANDS = resource(known("hall"))
SPOILED = UnreadableStanding(KEY, "What stands cannot be read.")
ENTRY = begun()
LOST = Unreadable("r-1", "A record cannot be read.")
NO_ANSWER = LedgerError("No answer.")


class Ledger:
    """A ledger that gives these answers, one after the other, and the last again; `asked` are the questions."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name: [value] if not isinstance(value, list) else value for name, value in answers.items()}
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            self.asked.append((name, *arguments))
            answers = self.answers[name]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask


def world(ledger: Ledger, *, stack: bool = True) -> World:
    stub: Any = ledger
    return replace(Home().world, ledger=stub, keeps_baseline=stack)


def asked(ledger: Ledger, there: Target | None = None, text: str = "", *, stack: bool = True) -> Asked:
    place = world(ledger, stack=stack)
    return known_before(there or target(), policy(text=text), place, place.begin)


def unit(**more: Any) -> Unit:
    return replace(Unit(account=ACCOUNT, region=REGION, control=CONTROL.id, tried=NOW, baseline=HOUR), **more)


def test_the_key_of_a_resource_is_of_its_account_this_region_and_the_control() -> None:
    assert key(target(), Home().world) == KEY
    assert key(replace(target(), resource=replace(target().resource, account="")), Home().world) == KEY


def test_for_an_event_one_call_gives_what_was_mended_of_late_and_what_stands() -> None:
    ledger = Ledger(history=History((LOST, ENTRY), STANDS), unit=unit())
    known_of = asked(ledger)
    assert ledger.asked == []
    assert known_of.recent() == Recent((ENTRY,), ("A record cannot be read.",))
    assert known_of.stood() == STANDS
    assert known_of.before() == known_of.before() == Before(standing=STANDS, keeps_baseline=True)
    assert ledger.asked == [("history", KEY, HOUR), ("unit", UNIT)]


def test_what_stands_and_cannot_be_read_is_told_beside_the_records() -> None:
    known_of = asked(Ledger(history=History((ENTRY, LOST), SPOILED), unit=unit()))
    assert known_of.recent() == Recent((ENTRY,), ("A record cannot be read.", "What stands cannot be read."))
    assert known_of.stood() == SPOILED
    assert known_of.before() == Before(is_first=True, keeps_baseline=True)


def test_a_ledger_that_does_not_answer_knows_of_nothing_and_is_not_sure() -> None:
    known_of = asked(Ledger(history=NO_ANSWER, unit=unit()))
    assert known_of.recent() == Recent(unreadable=("No answer.",))
    assert known_of.stood() is None
    assert known_of.before() == Before(is_first=True, keeps_baseline=True, is_sure=False)


@pytest.mark.parametrize(
    ("history", "of_unit", "before", "asks"),
    [
        (History(), None, Before(is_first=True, keeps_baseline=True), 1),
        (History(), NO_ANSWER, Before(is_first=True, keeps_baseline=True, is_sure=False), 1),
        (History(), unit(baseline=None), Before(is_first=True, keeps_baseline=True), 1),
        (History(), unit(first_looks=(ID,)), Before(is_first=True, keeps_baseline=True), 1),
        (History(), UnreadableStanding(UNIT, "no"), Before(is_first=True, keeps_baseline=True), 1),
        (History((), STANDS), NO_ANSWER, Before(standing=STANDS, is_first=True, keeps_baseline=True, is_sure=False), 1),
        (History((), STANDS), None, Before(standing=STANDS, is_first=True, keeps_baseline=True), 1),
        (History(), unit(), Before(keeps_baseline=True), 1),
        (History(), unit(baseline=NOW - timedelta(minutes=1)), Before(keeps_baseline=True), 1),
        (History(), unit(baseline=NOW - timedelta(seconds=59)), Before(keeps_baseline=True), 2),
        (History(), unit(first_looks=("another",)), Before(keeps_baseline=True), 2),
        (History((), STANDS), unit(first_looks=("another",)), Before(standing=STANDS, keeps_baseline=True), 1),
    ],
)
def test_what_was_there_before_is_known_by_what_stands_and_by_the_unit(
    history: History, of_unit: Any, before: Before, asks: int
) -> None:
    ledger = Ledger(history=history, unit=of_unit, recent=())
    assert asked(ledger).before() == before
    assert [name for name, *_ in ledger.asked].count("history") == asks


def test_what_was_mended_since_the_first_look_saw_it_is_no_baseline_though_no_sweep_took_it_out() -> None:
    findings = (known("hall"), known("stairs", since=NOW), known("door", status="open"))
    stands = resource(*findings, control=CONTROL.id, resource=target().resource)
    ledger = Ledger(
        history=History((), stands),
        unit=None,
        recent=(begun(Step("hall", "on", "off"), resource=target().resource), LOST),
    )
    standing = asked(ledger).before().standing
    assert standing is not None
    assert [(each.part, each.status) for each in standing.findings] == [
        ("hall", "observed"),
        ("stairs", "baseline"),
        ("door", "open"),
    ]
    assert ledger.asked[-1] == ("recent", KEY, EARLIER - timedelta(hours=1))


def test_where_the_ledger_does_not_say_what_was_mended_nobody_is_sure_of_the_baseline() -> None:
    ledger = Ledger(history=History((), STANDS), unit=None, recent=NO_ANSWER)
    assert asked(ledger).before() == Before(standing=STANDS, is_first=True, keeps_baseline=True, is_sure=False)


def test_where_no_baseline_stands_nobody_asks_what_was_mended() -> None:
    ledger = Ledger(history=History((), resource(known("hall", status="open"))), unit=None)
    assert asked(ledger).before().is_sure


@pytest.mark.parametrize(
    ("second", "before"),
    [
        (History((), STANDS), Before(standing=STANDS, keeps_baseline=True)),
        (History((), SPOILED), Before(is_first=True, keeps_baseline=True)),
        (NO_ANSWER, Before(is_first=True, keeps_baseline=True, is_sure=False)),
    ],
)
def test_while_a_first_sweep_may_go_on_what_it_kept_meanwhile_is_read_again(second: Any, before: Before) -> None:
    ledger = Ledger(history=[History(), second], unit=unit(first_looks=("another",)))
    assert asked(ledger).before() == before
    assert ledger.asked == [("history", KEY, HOUR), ("unit", UNIT), ("history", KEY, HOUR)]


@pytest.mark.parametrize(
    ("stack", "text", "keeps"),
    [
        (True, "", True),
        (False, "", False),
        (True, 'existing = "fix"', False),
        (True, f'existing.account.{ACCOUNT} = "fix"', False),
        (True, 'control.lamp_on.existing = "fix"', False),
    ],
)
def test_without_a_stack_or_where_the_policy_mends_what_exists_there_is_no_baseline(
    stack: bool, text: str, keeps: bool
) -> None:
    place = world(Ledger(), stack=stack)
    assert keeps_baseline(CONTROL.id, ACCOUNT, policy(text=text), place) is keeps
    for history, standing in ((History((), STANDS), STANDS), (History((), SPOILED), None)):
        ledger = Ledger(history=history, unit=unit())
        expected = Before(standing=standing, keeps_baseline=keeps, is_first=keeps and standing is None)
        assert asked(ledger, text=text, stack=stack).before() == expected
        assert (("unit", UNIT) in ledger.asked) is keeps


@pytest.mark.parametrize(
    ("answer", "recent"),
    [
        ((LOST, ENTRY), Recent((ENTRY,), ("A record cannot be read.",))),
        (NO_ANSWER, Recent(unreadable=("No answer.",))),
    ],
)
def test_a_sweep_knows_what_stands_in_its_unit_and_asks_for_the_mends_alone(answer: Any, recent: Recent) -> None:
    ledger = Ledger(recent=answer)
    state = UnitState(unit=unit(), standing={KEY: STANDS}, keeps_baseline=True)
    known_of = asked(ledger, replace(target(), unit=state, swept=True))
    assert (known_of.stood(), known_of.before()) == (STANDS, state.before(KEY))
    assert ledger.asked == []
    assert known_of.recent() == recent
    assert ledger.asked == [("recent", KEY, HOUR)]


def test_an_error_is_told_in_its_own_words_and_a_bug_as_one() -> None:
    assert sentence(NO_ANSWER) == "No answer."
    assert sentence(KeyError("x")) == "cloudmend crashed: KeyError: 'x'"
    assert failed(target(), NO_ANSWER, late="Late.") == Outcome(
        target=target(), status="failed", told="No answer.", late="Late."
    )


def test_exemptions_that_cannot_be_read_exempt_nothing_and_say_so() -> None:
    held, ledger = Exemptions((exemption(),)), Ledger(exemptions=[Exemptions((exemption(),)), NO_ANSWER])
    assert current_exemptions(world(ledger)) == held
    assert current_exemptions(world(ledger)) == Exemptions((), (Unreadable("", "No answer."),))
    assert ledger.asked == [("exemptions", NOW)] * 2
