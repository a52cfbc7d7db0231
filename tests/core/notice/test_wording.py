"""The words that mail and chat share, where no channel tells two wordings apart."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cloudmend.core.model import SWEEP, Notice
from cloudmend.core.notice import CHANNELS
from cloudmend.core.notice.wording import NotificationTargets, call, label
from records import GROUP, MENDED
from support import NOW


def test_a_resource_is_named_with_its_noun_if_it_needs_one() -> None:
    assert label(MENDED) == GROUP
    assert label(replace(MENDED, words=replace(MENDED.words, noun="S3 bucket"))) == f"S3 bucket {GROUP}"


@pytest.mark.parametrize(
    ("name", "told"),
    [("", "none: cloudmend found it by looking"), (SWEEP, "none: cloudmend found it by looking"), ("Open", "Open")],
)
def test_the_call_is_told_unless_there_was_none(name: str, told: str) -> None:
    assert call(replace(MENDED, event_name=name)) == told


HUB = NotificationTargets(security_hub=True, region="eu-west-1")


@pytest.mark.parametrize(
    ("audience", "notice", "gets"),
    [
        (HUB, "now", True),
        (HUB, "digest", True),
        (HUB, "held", False),
        (replace(HUB, security_hub=False), "now", False),
        (replace(HUB, account=MENDED.account), "now", True),
        (replace(HUB, account="123456789012"), "now", False),
    ],
)
def test_security_hub_gets_what_is_of_its_own_account_and_is_not_held(
    audience: NotificationTargets, notice: Notice, gets: bool
) -> None:
    record = replace(MENDED, notice=notice)
    told = [request.action for channel in CHANNELS for request in channel(record, audience, NOW)]
    assert ("securityhub:BatchImportFindings" in told) is gets
    assert ("events:PutEvents" in told) is (notice == "now")
