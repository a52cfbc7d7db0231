"""Each notice, to the letter: what one mutation of a sentence, a limit or a field would change."""

from __future__ import annotations

import pytest

from golden_notices import FOLDER, sent

SENT = dict(sent())


@pytest.mark.parametrize("name", SENT)
def test_a_notice_is_what_it_was(name: str) -> None:
    assert SENT[name] == (FOLDER / name).read_text(encoding="utf-8")


def test_no_notice_is_kept_that_is_not_sent() -> None:
    assert {path.name for path in FOLDER.iterdir()} == SENT.keys()
