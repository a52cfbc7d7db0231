"""Foreign text in each channel: what hostile text becomes, and what no text may ever become."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.core.escaping import ascii_line, cell, chat, command, plain, terminal
from cloudmend.core.model import Request
from hostile import ACTIVE_IN_CHAT, ACTIVE_IN_TEXT, hostile_texts

PLAIN = {
    "http://evil.com/x": "http(:)//evil(.)com/x",
    "HTTPS://evil.com": "HTTPS(:)//evil(.)com",
    "www.evil.com": "www(.)evil(.)com",
    "www.1.2.3.4": "www(.)1.2.3.4",
    "mallory@evil.com": "mallory@evil(.)com",
    "evil\u3002com, evil\uff0ecom": "evil(\u3002)com, evil(.)com",
    "http\uff1a\uff0f\uff0fevil": "http(:)//evil",
    "ht\u200btp://evil": "http(:)//evil",
    "10.0.0.0/8, 5.0": "10.0.0.0/8, 5.0",
    "<a href=x>": "\u2039a href=x\u203a",
    "one\r\nWho: two\u2028three\tfour": "one Who: two three four",
    "\x1b[31mred\x07": "[31mred",
    "\u202etxt.exe\u2066": "txt(.)exe",
    "  much   space ": "much space",
    "\ud800": "",
}
CHAT = {
    "<!channel>": "\u2039!channel\u203a",
    "<@U012AB3CD> @here": "\u2039\uff20U012AB3CD\u203a \uff20here",
    "<http://evil.com|AWS>": "\u2039http(:)//evil(.)com\uff5cAWS\u203a",
    "[AWS](http://evil.com)": "\uff3bAWS\uff3d(http(:)//evil(.)com)",
    "`code` *bold* ~gone~": "\u02cbcode\u02cb \u2217bold\u2217 \u223cgone\u223c",
    "_italic_ in_a_word __x__": "\uff3fitalic\uff3f in_a_word \uff3f\uff3fx\uff3f\uff3f",
    "#general &lt;!here&gt;": "\uff03general \uff06lt;!here\uff06gt;",
    "www.(http://x)": "www(.)(http(:)//x)",
    "<at>everyone</at>": "\u2039at\u203aeveryone\u2039/at\u203a",
}


@pytest.mark.parametrize(("hostile", "shown"), PLAIN.items())
def test_plain_text_is_one_visible_line_without_a_link(hostile: str, shown: str) -> None:
    assert plain(hostile, 100) == shown


@pytest.mark.parametrize(("hostile", "shown"), CHAT.items())
def test_chat_text_neither_mentions_nor_formats_nor_links(hostile: str, shown: str) -> None:
    assert chat(hostile, 100) == shown


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert plain("abcdef", 6) == "abcdef"
    assert plain("abcdefg", 6) == "abcde\u2026"
    assert chat("a_bc", 3) == "a\uff3f\u2026"
    assert chat("@" * 1000, 5) == "\uff20" * 4 + "\u2026"


def test_an_ascii_line_shows_what_it_cannot_hold_as_question_marks() -> None:
    assert ascii_line("gr\u00fcn \u202e\n\U0001f600", 20) == "gr?n ?"
    assert ascii_line("abcdefg", 6) == "abcde~"


@given(hostile_texts, st.integers(1, 300))
def test_no_text_becomes_active_and_none_becomes_longer_than_its_limit(text: str, limit: int) -> None:
    for escaped, active in ((plain(text, limit), ACTIVE_IN_TEXT), (chat(text, limit), ACTIVE_IN_CHAT)):
        assert not active.search(escaped)
        assert len(escaped) <= limit
        assert escaped.isprintable()


@given(hostile_texts)
def test_escaping_twice_is_escaping_once(text: str) -> None:
    assert plain(plain(text, 10_000), 10_000) == plain(text, 10_000)


def test_a_command_keeps_what_it_does_and_shows_nothing_active() -> None:
    said = '\u0130\u017f\u212a see http://evil.com, <!channel>\u202e it\'s "\U0001f600" \\.com'
    original = Request("ec2:AuthorizeSecurityGroupIngress", {"Description": said}).command("eu-west-1")
    shown = command(original)
    assert r"http\u003a//evil\u002ecom" in shown
    assert json.loads(shlex.split(shown)[-1]) == {"Description": said}


@given(st.text(st.characters(exclude_categories=["Cs"])) | hostile_texts.filter(str.isascii))
def test_every_command_keeps_what_it_does_in_plain_ascii(text: str) -> None:
    original = Request("ec2:AuthorizeSecurityGroupIngress", {"Tags": [{"Key": text, "Value": text}]}).command("x")
    shown = command(original)
    assert shown.isascii()
    assert shown.isprintable()
    assert not ACTIVE_IN_TEXT.search(shown)
    before, after = shlex.split(original), shlex.split(shown)
    assert before[:-1] == after[:-1]
    assert json.loads(before[-1]) == json.loads(after[-1])


def test_half_a_surrogate_pair_stays_the_half_that_it_is() -> None:
    assert command('\'{"Value":"a\ud800b"}\'') == r"""'{"Value":"a\ud800b"}'"""


def test_a_command_without_foreign_text_stays_as_it_is() -> None:
    plain_command = Request("ec2:RevokeSecurityGroupIngress", {"GroupId": "sg-05fe30eb67c909f27"}).command("eu-west-1")
    assert command(plain_command) == plain_command
    assert re.fullmatch(r"[ -~]+", plain_command)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_a_cell_is_no_formula_and_one_line_of_its_length(sign: str) -> None:
    assert cell(f"{sign}1+1", 80) == f"'{sign}1+1"
    assert cell(f"1{sign}1", 80) == f"1{sign}1"
    assert "\n" not in cell(f"{sign}1\n1", 80)
    assert len(cell(sign * 200, 80)) == 80


def test_a_terminal_gets_one_line_without_what_moves_it_and_nothing_defanged() -> None:
    assert terminal("one\ntwo \x1b[31mred \u202ehttp://x.example") == "one two [31mred http://x.example"
