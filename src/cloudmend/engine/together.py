"""Mends side by side that ask together: what all of them wait for is one call.

The mends of a sweep take the same steps. While one of them runs, those that ask wait; once all wait, each kind of
question is put once, for all of them. So every answer is as fresh as if each had asked alone: it was read after it was
asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

from msgspec import Struct

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")

# Gives what each item gets, in order: an answer, or the error that its asker is to meet. What it raises, all meet.
Answering = Callable[[Sequence[_Item]], Sequence[_Answer | Exception]]


class _Question(Struct, frozen=True, eq=False):
    item: Any
    answering: Answering[Any, Any]
    answer: Future[Any]


class Together:
    """For so many mends, each in a thread of its own, which asks one thing at a time and leaves when it ends."""

    def __init__(self, mends: int) -> None:
        self._running = mends
        self._lock = Lock()
        self._waiting: defaultdict[Hashable, list[_Question]] = defaultdict(list)

    def ask(self, kind: Hashable, item: _Item, answering: Answering[_Item, _Answer]) -> _Answer:
        """The answer for the item. All who ask questions of one kind do so with the same `answering`."""
        answer: Future[_Answer] = Future()
        with self._lock:
            self._waiting[kind].append(_Question(item, answering, answer))
            self._answer_if_all_wait()
        return answer.result()

    def ask_same(self, kind: Hashable, answering: Callable[[], _Answer]) -> _Answer:
        """The one answer that all get who ask this."""

        def answer_all(items: Sequence[None]) -> Sequence[_Answer]:
            return [answering()] * len(items)

        return self.ask(kind, None, answer_all)

    def leave(self) -> None:
        """A mend has ended, and asks nothing more."""
        with self._lock:
            self._running -= 1
            self._answer_if_all_wait()

    def _answer_if_all_wait(self) -> None:
        if sum(map(len, self._waiting.values())) < self._running:
            return
        waiting, self._waiting = self._waiting, defaultdict(list)
        for questions in waiting.values():
            for question, answer in zip(questions, _answers(questions), strict=True):
                if isinstance(answer, Exception):
                    question.answer.set_exception(answer)
                else:
                    question.answer.set_result(answer)


def _answers(questions: Sequence[_Question]) -> Sequence[Any]:
    try:
        return questions[0].answering([question.item for question in questions])
    except Exception as error:  # noqa: BLE001 - whoever asked meets it, and not whoever happened to ask for all
        return [error] * len(questions)
