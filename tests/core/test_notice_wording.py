"""The words that mail and chat share, where no channel tells two wordings apart."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cloudmend.core.model import SWEEP
from cloudmend.core.notice.wording import call, label
from records import GROUP, MENDED


def test_a_resource_is_named_with_its_noun_if_it_needs_one() -> None:
    assert label(MENDED) == GROUP
    assert label(replace(MENDED, words=replace(MENDED.words, noun="S3 bucket"))) == f"S3 bucket {GROUP}"


@pytest.mark.parametrize(
    ("name", "told"),
    [("", "none: cloudmend found it by looking"), (SWEEP, "none: cloudmend found it by looking"), ("Open", "Open")],
)
def test_the_call_is_told_unless_there_was_none(name: str, told: str) -> None:
    assert call(replace(MENDED, event_name=name)) == told
