"""Who took a resource while it was open: asked after the mend, and again later; and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, Taken
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.model import Ignored, Record, Resource
from cloudmend.core.notice.mail import text
from cloudmend.core.notice.wording import NotificationTargets, remarks
from cloudmend.core.ports import Call, PutOff
from cloudmend.engine.stations.taken import ask_again
from cloudmend.engine.stations.walk import mend
from lamps import CONTROL, ID, Home, call, policy, target
from support import ACCOUNT, NOW, REGION

AGAIN = timedelta(minutes=20)
NOT_KNOWN = "It is not known whether anybody took it while it was open: The history said Throttled."
TO_ASK = 'aws home get-history --region eu-west-1 --cli-input-json \'{"Id":"lamp-1"}\''
NOTHING = "So far AWS reports no theft of it. The history is a day late."
STOLEN = "While it was open, from 2026-11-24 07:00:00 UTC on: it was taken. No mend undoes that."
LATER = "cloudmend asks again at 07:20 UTC, and reports what AWS says then."


class History:
    """What AWS answers when it is asked who took the lamp; and from when on, and until when, it was asked."""

    def __init__(self, *found: str, fails: Exception | None = None) -> None:
        self.found = found
        self.fails = fails
        self.asked: list[tuple[str, datetime | None, datetime]] = []

    def __call__(self, lamp: Resource, _: Any, since: datetime | None, until: datetime) -> Sequence[str]:
        self.asked.append((lamp.id, since, until))
        if self.fails:
            raise self.fails
        return self.found

    def control(self, again: timedelta = AGAIN) -> Control[Any]:
        return replace(
            CONTROL,
            taken=Taken(
                found=self,
                nothing="no theft of it",
                late="The history is a day late.",
                ask=lambda lamp: [Call("home", "GetHistory", {"Id": lamp.id})],
                again=again,
            ),
        )


def throttled() -> AwsError:
    return AwsError("The history said Throttled.", action="home:GetHistory", code="Throttled", refused=True)


def mended(history: History, home: Home | None = None, **more: Any) -> Record:
    home = home or Home()
    return home.mend(history.control(**more))


def test_what_somebody_took_is_told_with_the_mend_and_is_urgent() -> None:
    history, home = History("it was taken"), Home()
    record = mended(history, home)
    assert (record.status, record.severity, record.taken) == ("mended", "high", (STOLEN, LATER))
    assert history.asked == [(ID, NOW, NOW)]
    assert remarks(record)[:2] == (STOLEN, LATER)
    (entry,) = home.ledger.entries()
    assert entry.ended.record.taken == (STOLEN, LATER)


def test_where_nothing_is_reported_yet_that_is_said_and_when_it_is_asked_again() -> None:
    home = Home()
    record = mended(History(), home)
    assert (record.severity, record.taken) == ("normal", (NOTHING, LATER))
    (task,) = home.put_off_tasks
    assert (task.mended, task.due, task.cause.time) == (record.entry_id, NOW + AGAIN, NOW)


@pytest.mark.parametrize("takes", [False, CloudmendError("The queue is not there.")])
def test_without_a_queue_a_person_is_told_how_to_ask(takes: Any) -> None:
    record = mended(History(), Home(takes=takes))
    assert (record.taken, record.look) == ((NOTHING,), (TO_ASK,))


def test_what_is_asked_once_alone_says_how_to_ask() -> None:
    home = Home()
    record = mended(History(), home, again=timedelta())
    assert (record.taken, record.look) == ((NOTHING,), (TO_ASK,))
    assert home.put_off_tasks == []


@pytest.mark.parametrize("fails", [throttled(), ValueError("an odd answer")])
def test_a_question_that_fails_is_said_in_words_and_fails_no_mend(fails: Exception) -> None:
    home = Home()
    record = mended(History(fails=fails), home)
    problem = str(fails) if isinstance(fails, AwsError) else "cloudmend crashed: ValueError: an odd answer"
    told = f"It is not known whether anybody took it while it was open: {problem}"
    assert (record.status, record.errors, record.taken) == ("mended", (), (told, LATER))
    assert home.switches == {"hall": "off"}
    assert home.ledger.open_intents() == ()


def test_before_the_writes_nobody_asks() -> None:
    history, home = History(), Home()
    home.before_write = lambda: history.asked.append(("written", None, NOW))
    mended(history, home)
    assert [what for what, *_ in history.asked] == ["written", ID]


@pytest.mark.parametrize("switches", [{"hall": "off"}, {"hall": "bolted"}, {"hall": "hot"}])
def test_where_nothing_was_closed_nobody_asks(switches: dict[str, str]) -> None:
    history = History("it was taken")
    assert mended(history, Home(switches=switches)).taken == ()
    assert history.asked == []


def test_since_an_unknown_time_it_may_have_been_meant_so() -> None:
    history, home = History("it was taken"), Home()
    found = replace(target(history.control()), cause=replace(call(), time=None))
    (record,) = mend([found], policy(history.control()), home.world)
    assert record.taken[0] == "Before the mend: it was taken. No mend undoes that."
    assert record.severity == "normal"


def test_five_are_told_and_the_rest_is_counted() -> None:
    record = mended(History(*(f"it was taken {number} times" for number in range(7))))
    assert "taken 4 times; and 2 more. No mend" in record.taken[0]
    assert "5 times" not in record.taken[0]


def again(history: History, home: Home, *, is_last: bool = False) -> Record | Ignored:
    (task,) = home.put_off_tasks
    home.told.clear()
    return ask_again(task, history.control(), home.world, is_last=is_last)


@pytest.fixture
def home() -> Home:
    """A lamp that was mended before anything was reported."""
    home = Home()
    mended(History(), home)
    return home


def test_what_aws_reports_later_is_told_in_a_second_notice_of_the_mend(home: Home) -> None:
    history = History("it was taken")
    record = again(history, home)
    assert isinstance(record, Record)
    assert (record.status, record.severity, record.taken) == ("mended", "high", (STOLEN,))
    assert home.told == [record]
    assert record.undo
    ((_, since, until),) = history.asked
    assert since == NOW <= until


def test_what_is_not_reported_later_either_is_told_to_nobody(home: Home) -> None:
    assert isinstance(again(History(), home), Ignored)
    assert home.told == []


def test_what_the_first_notice_told_is_not_told_again() -> None:
    home, history = Home(), History("it was taken")
    mended(history, home)
    assert isinstance(again(history, home), Ignored)
    assert home.told == []


def test_a_second_question_that_fails_is_asked_again_and_told_at_last(home: Home) -> None:
    with pytest.raises(AwsError):
        again(History(fails=throttled()), home)
    record = again(History(fails=throttled()), home, is_last=True)
    assert isinstance(record, Record)
    assert home.told == [record]
    assert (record.taken, record.look) == ((NOT_KNOWN,), (TO_ASK,))
    paragraph = "To ask AWS yourself who took it:\n     aws home get-history "
    assert paragraph in text(record, NotificationTargets())


def test_a_control_that_asks_no_more_is_not_asked(home: Home) -> None:
    (task,) = home.put_off_tasks
    assert isinstance(ask_again(task, CONTROL, home.world, is_last=True), Ignored)


class Died(BaseException):
    """The process ends."""


def test_a_mend_whose_process_died_is_asked_about_when_it_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    home, history = Home(), History("it was taken")

    def die(_: Record) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(home, "publish", die)
        with pytest.raises(Died):
            mended(history, home)
    home.clock.sleep(120)
    home.change("stairs", "on")
    mended(history, home)
    completed, _ = home.told
    assert "died before its end was recorded" in completed.summary
    assert completed.taken[0] == "Before the mend: it was taken. No mend undoes that."


def test_a_task_of_the_queue_keeps_what_it_asks_about() -> None:
    task = PutOff(
        due=NOW,
        account=ACCOUNT,
        region=REGION,
        control=CONTROL.id,
        resource=target().resource,
        cause=call(),
        mended="x",
    )
    assert '"mended":"x"' in task.body()
