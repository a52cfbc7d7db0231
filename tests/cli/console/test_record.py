"""One record: what was there before and after, who, and how it is taken back."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from cli.console.conftest import FOR_2H, Visitor, hostile_event, said
from cloudmend.core.ledger_records import LedgerRecord
from support import Account, event, ingress, ipv4
from undoing import ALICE, entry, exemptions, mended_group, refuse, rule_of

UNDO = {**FOR_2H, "step": "undo"}
PREVIEW = {**FOR_2H, "step": "preview"}


def rows(text: str) -> list[list[str]]:
    """The cells of the first table's body, without their tags."""
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def test_each_rule_is_shown_before_and_after_the_changed_ones_first(visitor: Visitor, account: Account) -> None:
    group_id = account.group(ipv4(443, "0.0.0.0/0", Description="shop"), ipv4(22, "0.0.0.0/0"))
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(3389, "128.0.0.0/1")])
    text = said(visitor.get(f"records/{account.mend(group_id).entry_id}"))
    shown = [row[1:] for row in rows(text)]
    assert sorted(shown[:2]) == [
        ["tcp/22 from 0.0.0.0/0", "tcp/22 from 10.0.0.0/8"],
        ["tcp/3389 from 128.0.0.0/1", "removed"],
    ]
    assert shown[2:] == [["tcp/443 from 0.0.0.0/0", "left alone"]]
    assert rows(text)[2][0].endswith(" description: shop")


def test_it_says_who_when_through_what_and_why(visitor: Visitor, account: Account) -> None:
    group_id = account.group(ipv4(22, "0.0.0.0/0"))
    identity = {"type": "IAMUser", "userName": "bob", "accountId": "111122223333"}
    record = account.respond(event(group_id, userIdentity=identity, userAgent="Terraform/1.9"))
    text = said(visitor.get(f"records/{record.entry_id}"))
    assert f"{record.attribution.who}, through {record.attribution.through}" in text
    for part in ("bob", "2026-11-24 07:00:00 UTC", "mode.default is fix", record.findings[0].why, record.entry_id):
        assert part in text


def test_a_preview_shows_what_it_would_do_and_does_nothing(visitor: Visitor, account: Account) -> None:
    group_id, record_id = mended_group(account)
    before = account.rules(group_id)
    text = said(visitor.post(f"records/{record_id}", **PREVIEW))
    assert "exempt tcp/22 from 0.0.0.0/0; tcp/3389 from 128.0.0.0/1 of " in text
    assert "2026-11-24 09:00:00 UTC" in text
    assert [line.split()[2] for line in re.findall(r"<code>(aws .*?)</code>", text)] == [
        "modify-security-group-rules",
        "authorize-security-group-ingress",
    ]
    assert (account.rules(group_id), exemptions(account), entry(account, record_id).state) == (before, (), "DONE")


def test_only_a_preview_offers_the_undo(visitor: Visitor, account: Account) -> None:
    _, record_id = mended_group(account)
    assert 'value="undo"' not in said(visitor.get(f"records/{record_id}"))
    assert 'value="undo"' in said(visitor.post(f"records/{record_id}", **PREVIEW))


def test_an_undo_gives_the_rules_back_and_exempts_the_group(visitor: Visitor, account: Account) -> None:
    group_id, record_id = mended_group(account)
    answer = visitor.post(f"records/{record_id}", **UNDO)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/a-token/records/{record_id}")
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 3389, 3389, "128.0.0.0/1")}
    (exemption,) = exemptions(account)
    assert (exemption.group, exemption.owner, exemption.created_by) == (group_id, "network-team", ALICE)
    text = said(visitor.get(f"records/{record_id}"))
    assert "is tcp/22 from 0.0.0.0/0 again" in text
    assert "Undone at" in text
    assert "<form" not in text


def test_without_an_owner_the_caller_answers_for_it(visitor: Visitor, account: Account) -> None:
    _, record_id = mended_group(account)
    visitor.post(f"records/{record_id}", **{**UNDO, "owner": " "})
    assert [exemption.owner for exemption in exemptions(account)] == [ALICE]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"duration": "soon"}, "&#39;soon&#39; is not a duration. Write minutes, hours or days"),
        ({"duration": "31d"}, "An exemption lasts from a minute to 30 days"),
        ({"reason": " "}, "An exemption needs an owner and a reason."),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_what_was_typed_is_kept(
    visitor: Visitor, account: Account, typed: dict[str, str], problem: str
) -> None:
    _, record_id = mended_group(account)
    form = {**UNDO, "owner": 'net "<ops>"', **typed}
    text = said(visitor.post(f"records/{record_id}", **form), 400)
    assert problem in text
    assert 'value="net &#34;&lt;ops&gt;&#34;"' in text
    assert f'value="{form["duration"]}"' in text
    assert exemptions(account) == ()


def test_a_rule_that_somebody_changed_since_is_not_taken_back(visitor: Visitor, account: Account) -> None:
    group_id, record_id = mended_group(account)
    rule_id = rule_of(account, group_id, 22)["SecurityGroupRuleId"]
    account.ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=[rule_id])
    for form in (PREVIEW, UNDO):
        text = said(visitor.post(f"records/{record_id}", **form), 409)
        assert "is no longer as cloudmend left it" in text
        assert "Nothing was changed." in text
    assert exemptions(account) == ()


def test_an_undo_that_failed_half_way_is_told_and_completed_by_the_next(visitor: Visitor, account: Account) -> None:
    group_id, record_id = mended_group(account)
    refuse(account, "AuthorizeSecurityGroupIngress", times=1)
    assert "is only partly as it was" in said(visitor.post(f"records/{record_id}", **UNDO), 409)
    said(visitor.post(f"records/{record_id}", **UNDO), 303)
    assert len(ingress(account.rules(group_id))) == 2


def test_a_mend_under_way_is_not_taken_back(visitor: Visitor, account: Account) -> None:
    crashed = crash(account)
    text = said(visitor.get(f"records/{crashed.id}"))
    assert "in progress" in text
    assert "nothing is known to be changed yet" in text
    assert "<form" not in text
    assert "is still in progress, or crashed." in said(visitor.post(f"records/{crashed.id}", **UNDO), 409)


def crash(account: Account) -> LedgerRecord:
    """A mend that was begun and never ended."""
    _, record_id = mended_group(account)
    account.clock.sleep(3600)
    return account.ledger.intend(entry(account, record_id).intent)


def test_a_record_that_is_not_there_is_a_sentence(visitor: Visitor) -> None:
    text = said(visitor.get("records/sg-05fe30eb67c909f27/never"), 409)
    assert "There is no record sg-05fe30eb67c909f27/never in the ledger of this test. " in text


@pytest.mark.parametrize(
    "text", ["</td><script>alert(1)</script>", "\"'> <img src=x onerror=alert(1)>", "{{ 77777 * 99999 }}"]
)
def test_what_strangers_wrote_is_text(visitor: Visitor, account: Account, text: str) -> None:
    record = account.respond(hostile_event(account.group(ipv4(22, "0.0.0.0/0")), text))
    path = f"records/{record.entry_id}"
    pages = (visitor.get(), visitor.get(path), visitor.post(path, **{**PREVIEW, "reason": text, "owner": text}))
    for page in map(said, pages):
        elements = Elements(page)
        assert "img" not in elements.names
        assert elements.names.count("script") == page.count("live.js")
        assert not [name for name in elements.attributes if name.startswith("on")]
        assert str(77777 * 99999) not in page


def test_what_cannot_be_seen_is_not_shown(visitor: Visitor, account: Account) -> None:
    record = account.respond(hostile_event(account.group(ipv4(22, "0.0.0.0/0")), "a\u202eb\u200bc\x1bd"))
    for page in map(said, (visitor.get(), visitor.get(f"records/{record.entry_id}"))):
        assert "abcd" in page
        assert not set("\u202e\u200b\x1b") & set(page)


class Elements(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_the_first_characters_of_its_id_open_it(visitor: Visitor, account: Account) -> None:
    _, record_id = mended_group(account)
    assert said(visitor.get(f"records/{record_id[:8]}")) == said(visitor.get(f"records/{record_id}"))
