"""The guesses of docs/blind-spots.md, as the suite that runs in a real account asks about them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.backends import in_memory
from contracts.real.guesses import GUESSES, NOT_ASKED, Guess

PAGE = (Path(__file__).parents[2] / "docs/blind-spots.md").read_text()
TABLE = "## What is assumed where AWS's documentation is silent"
LIST = "## Where the embedded AWS guesses"


def section(title: str) -> str:
    return PAGE.partition(title)[2].partition("\n## ")[0]


def guesses() -> list[str]:
    rows = re.findall(r"^\| ([^|]+) \|", section(TABLE), re.MULTILINE)
    return [
        *(row for row in rows if row not in ("question", "---")),
        *re.findall(r"^- (.*)", section(LIST), re.MULTILINE),
    ]


def test_each_guess_of_the_page_is_asked_or_has_a_reason_not_to_be() -> None:
    known = [*(guess.text for guess in GUESSES), *NOT_ASKED]
    assert [guess for guess in guesses() if sum(guess.startswith(text) for text in known) != 1] == []
    assert [text for text in known if not any(guess.startswith(text) for guess in guesses())] == []


@pytest.mark.parametrize("guess", GUESSES, ids=lambda guess: guess.ask.__name__)
def test_the_embedded_aws_answers_as_assumed(guess: Guess) -> None:
    with in_memory() as region:
        assert guess.ask(region()) == guess.assumed
