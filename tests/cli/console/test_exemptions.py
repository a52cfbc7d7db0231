"""What is left open on purpose: listed with its end, and ended now."""

from __future__ import annotations

from cli.console.conftest import Visitor, said
from cloudmend.core.exempting import Where
from support import Account
from undoing import ALICE, GROUNDS, exemptions, mended_group, undone


def test_each_is_listed_with_its_end_its_reason_and_who_answers_for_it(visitor: Visitor, account: Account) -> None:
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    text = said(visitor.get("exemptions"))
    for part in (group_id, "2026-11-24 09:00:00 UTC", "The vendor has no VPN yet", "network-team", f"made by {ALICE}"):
        assert part in text


def test_what_is_removed_is_gone_and_closed_by_the_next_event(visitor: Visitor, account: Account) -> None:
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    answer = visitor.post("exemptions", exemption=record_id)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/a-token/exemptions?removed=")
    text = said(visitor.get("exemptions?removed="))
    assert "There is no active exemption." in text
    assert "The exemption is removed. The next event or sweep mends what it left open." in text
    assert exemptions(account) == ()
    assert account.mend(group_id).status == "mended"


def test_one_that_is_not_there_is_a_sentence(visitor: Visitor) -> None:
    assert "There is no exemption exempt-0 in the ledger of this test." in said(
        visitor.post("exemptions", exemption="exempt-0"), 409
    )


def test_what_strangers_wrote_is_text(visitor: Visitor, account: Account) -> None:
    group_id = account.group()
    text = "</td><script>alert(1)</script>"
    exemption = GROUNDS.exemption(text, Where(group=group_id, name=text), account.clock.now(), (text,))
    account.ledger.exempt(exemption)
    page = said(visitor.get("exemptions"))
    assert "<script" not in page
    said(visitor.post("exemptions", exemption=text), 303)
    assert exemptions(account) == ()
