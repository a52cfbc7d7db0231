"""The report of a run in an account, in Markdown: what AWS answered to each guess, and which tests AWS did not pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from contracts.real.guesses import NOT_ASKED, Guess
from contracts.real.suite import Ended

UNTRIED = "The authors of cloudmend have never run this suite on a live account. This report may be the first."


class Answered(NamedTuple):
    """A guess, and the answer of AWS."""

    guess: Guess
    answer: str

    @property
    def holds(self) -> bool:
        """True if AWS answered as assumed."""
        return self.answer == self.guess.assumed


class Run(NamedTuple):
    """The findings of a run."""

    account: str
    region: str
    endpoint: str
    started: datetime
    answers: Sequence[Answered]
    ended: Sequence[Ended]
    left: Sequence[str]  # the ids of what AWS did not delete

    @property
    def agrees(self) -> bool:
        """True if AWS did all that the embedded AWS does, and nothing is left in the account."""
        return all(each.holds for each in self.answers) and not self.left and not self.of("differs")

    def of(self, how: str) -> list[Ended]:
        """Return the tests that ended so."""
        return [each for each in self.ended if each.how == how]


def text(run: Run) -> str:
    """Return the report."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    yield from ("# The contract suite against an account", "")
    yield f"Account {run.account}, Region {run.region}, {run.started:%Y-%m-%d %H:%M} UTC, by {run.endpoint}."
    yield from ("", UNTRIED, "")
    if run.left:
        yield f"**Left in the account**, with the suite's tag: {', '.join(run.left)}. Run it again: it deletes them."
        yield ""
    yield from _guesses(run.answers)
    yield from _tests(run)


def _guesses(answers: Sequence[Answered]) -> Iterator[str]:
    yield from ("## The guesses of docs/blind-spots.md", "")
    yield from ("| guess | assumed | AWS answered | |", "| --- | --- | --- | --- |")
    for each in answers:
        verdict = "as assumed" if each.holds else "**differs**"
        yield f"| {_cell(each.guess.text)} | {_cell(each.guess.assumed)} | {_cell(each.answer)} | {verdict} |"
    yield from ("", "Not asked:", "")
    yield from (f"- {guess}: {why}" for guess, why in NOT_ASKED.items())
    yield ""


def _tests(run: Run) -> Iterator[str]:
    passed, differ, unsent = run.of("passed"), run.of("differs"), run.of("not sent")
    yield from ("## The tests", "", f"{len(passed)} passed, {len(differ)} differ, {len(unsent)} were not sent.", "")
    yield from (f"- differs: `{each.name}`: {each.why}" for each in differ)
    yield from (f"- not sent: `{each.name}`: {each.why}" for each in unsent)


def _cell(value: str) -> str:
    return value.replace("|", "\\|")
