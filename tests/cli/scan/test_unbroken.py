"""Ids in the text of a page stand on one line each, and the text is what it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from cloudmend.cli.scan.page import unbroken
from cloudmend.core.escaping import terminal
from hostile import hostile_texts

IDS = (
    "sg-05fe30eb67c909f27",
    "sgr-05fe30eb67c909f27",
    "20261124T070000.000000Z-1a2b3c4d",
    "01M865NCC0BPFHRBKTPD08TVGN",
    "7bf73129-1428-4cd3-a780-95db273d1602",
    "111122223333",
    "203.0.113.7",
    "10.0.0.0/8",
    "2001:db8::/32",
)


@pytest.mark.parametrize("id_", IDS)
def test_each_id_in_a_sentence_is_kept_on_one_line(id_: str) -> None:
    assert unbroken(f"a & {id_}: closed") == f'a &amp; <span class="keep">{id_}</span>: closed'


@given(hostile_texts | st.sampled_from(IDS), hostile_texts | st.sampled_from(IDS))
def test_what_keeps_ids_whole_changes_nothing_else_of_a_text(first: str, second: str) -> None:
    kept = re.sub('<span class="keep">([^<]*)</span>', r"\1", unbroken(first + second))
    assert kept == escape(terminal(first + second))


def test_what_is_escaped_already_is_not_escaped_again() -> None:
    assert unbroken(Markup("&lt;\N{RIGHT-TO-LEFT OVERRIDE}")) == "&lt;\N{RIGHT-TO-LEFT OVERRIDE}"
