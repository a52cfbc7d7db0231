"""Each notice, to the letter: what one mutation of a sentence, a limit or a field would change."""

from __future__ import annotations

import pytest

from golden_notices import FOLDER, names, notice


@pytest.mark.usefixtures("machine_in_tokyo")
@pytest.mark.parametrize("name", names())
def test_a_notice_is_what_it_was(name: str) -> None:
    assert notice(name) == (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def test_no_notice_is_kept_that_is_not_sent() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*names()}
