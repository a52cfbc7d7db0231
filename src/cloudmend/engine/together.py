"""Mends side by side that ask together: what all of them wait for is one call.

The mends of a sweep take the same steps. While one of them runs, those that wait for an answer wait; once all do, each
kind of question is put once, for all who asked it, and all kinds at once. So every answer is as fresh as if each had
asked alone: it was read after it was asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from functools import cache, partial
from threading import Lock, local
from typing import Any, NoReturn, TypeVar

from msgspec import Struct

from cloudmend.core.ports import Begin
from cloudmend.core.world import at_need

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")

# Gives what each item gets, in order: an answer, or the error that its asker is to meet. What it raises, all meet.
Answering = Callable[[Sequence[_Item]], Sequence[_Answer | Exception]]


class _Question(Struct, frozen=True, eq=False):
    item: Any
    answering: Answering[Any, Any]
    answer: Future[Any]


class _Asked(BaseException):
    """Ends a read that is only begun, once it has asked its question."""

    def __init__(self, question: _Question) -> None:
        self.question = question


class _Mend(local):
    """What the mend of this thread is about to do."""

    only_begins = False  # the next question is asked, but its answer not waited for
    begun: _Question | None = None  # the question that the next one is, asked before


class Together:
    """For so many mends, each in a thread of its own, which leaves when it ends. `begin` is for the calls."""

    def __init__(self, mends: int, begin: Begin) -> None:
        self._running = mends
        self._waiting = 0
        self._begin = begin
        self._lock = Lock()
        self._asked: defaultdict[Hashable, list[_Question]] = defaultdict(list)
        self._mend = _Mend()

    def ask(self, kind: Hashable, item: _Item, answering: Answering[_Item, _Answer]) -> _Answer:
        """The answer for the item. All who ask questions of one kind do so with the same `answering`."""
        question, self._mend.begun = self._mend.begun, None
        if question is None:
            question = _Question(item, answering, Future())
            with self._lock:
                self._asked[kind].append(question)
        if self._mend.only_begins:
            raise _Asked(question)
        with self._lock:
            if not question.answer.done():
                self._waiting += 1
                self._answer_if_all_wait()
        answer: _Answer = question.answer.result()
        return answer

    def ask_same(self, kind: Hashable, answering: Callable[[], _Answer]) -> _Answer:
        """The one answer that all get who ask this."""

        def answer_all(items: Sequence[None]) -> Sequence[_Answer]:
            return [answering()] * len(items)

        return self.ask(kind, None, answer_all)

    def begin(self, read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        """A Begin for a mend: the first question of the read is asked now, and put when all wait for answers.

        The read is run until it asks, and once more when its answer is needed: up to there it has no effects.
        """
        self._mend.only_begins = True
        try:
            found = read()
        except _Asked as asked:
            return cache(partial(self._go_on, read, asked.question))
        except Exception as error:  # noqa: BLE001 - it is met where the answer is needed
            return partial(_meet, error)
        finally:
            self._mend.only_begins = False
        return lambda: found

    def leave(self) -> None:
        """A mend has ended, and asks nothing more."""
        with self._lock:
            self._running -= 1
            self._answer_if_all_wait()

    def _go_on(self, read: Callable[[], _Answer], question: _Question) -> _Answer:
        self._mend.begun = question
        try:
            return read()
        finally:
            self._mend.begun = None

    def _answer_if_all_wait(self) -> None:
        if not self._running or self._waiting < self._running:
            return
        asked, self._asked = list(self._asked.values()), defaultdict(list)
        self._waiting = 0
        begin = self._begin if len(asked) > 1 else at_need
        try:
            for put in [begin(partial(_put, questions)) for questions in asked]:
                put()
        except Exception as error:  # noqa: BLE001 - a call that could not begin: nobody may wait for it for ever
            for question in (each for questions in asked for each in questions if not each.answer.done()):
                question.answer.set_exception(error)


def _put(questions: Sequence[_Question]) -> None:
    try:
        answers = questions[0].answering([question.item for question in questions])
    except Exception as error:  # noqa: BLE001 - whoever asked meets it, and not whoever happened to ask for all
        answers = [error] * len(questions)
    for question, answer in zip(questions, answers, strict=True):
        if isinstance(answer, Exception):
            question.answer.set_exception(answer)
        else:
            question.answer.set_result(answer)


def _meet(error: Exception) -> NoReturn:
    raise error
