"""What people are told of an undo, and of an exemption that somebody made or ended: by mail, in chat, as an event."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import EventError
from cloudmend.core.exempting import Where, exemption_record
from cloudmend.core.model import Record, Request
from cloudmend.core.notice import CHANNELS
from cloudmend.core.notice.chat import notification
from cloudmend.core.notice.event import NoticeRequest, ask_for_notice, notice_request
from cloudmend.core.notice.mail import subject, text
from cloudmend.core.notice.wording import NotificationTargets
from hostile import ACTIVE_IN_CHAT, ACTIVE_IN_TEXT, hostile_texts
from records import EXEMPT, GROUP
from support import NOW, REGION, Account
from undoing import ALICE, GROUNDS, mended_group, undone

TOPIC = f"arn:aws:sns:{REGION}:111122223333:cloudmend"
EVERYBODY = NotificationTargets(
    topic=TOPIC, chat_topic=f"{TOPIC}-chat", security_hub=True, region=REGION, ledger="the-table"
)
EXEMPTION = GROUNDS.exemption(
    "exempt-1a2b3c4d", Where(group=GROUP, account="111122223333", region=REGION), NOW, ("tcp/22 from ::/0",)
)
MADE = exemption_record(EXEMPTION, CONTROL)
ENDED = exemption_record(replace(EXEMPTION, ended=NOW, ended_by=ALICE), CONTROL)


def undo() -> tuple[str, Record]:
    """A record's id, and the record of its undo."""
    account = Account()
    _, record_id = mended_group(account)
    record = undone(account, record_id).record
    assert record is not None
    return record_id, record


def requests(record: Record, audience: NotificationTargets = EVERYBODY) -> list[Request]:
    return [request for channel in CHANNELS for request in channel(record, audience, NOW)]


UNDONE_ID, UNDONE = undo()
BY_HAND = {"an undo": UNDONE, "an exemption": MADE, "its early end": ENDED}


@pytest.mark.parametrize("record", BY_HAND.values(), ids=BY_HAND.keys())
def test_people_and_programs_are_told_of_it_like_of_a_mend(record: Record) -> None:
    assert [(each.action, each.params.get("TopicArn", "").rpartition(":")[2]) for each in requests(record)] == [
        ("sns:Publish", "cloudmend"),
        ("sns:Publish", "cloudmend-chat"),
        ("events:PutEvents", ""),
    ]
    (entry,) = requests(record)[-1].params["Entries"]
    detail = json.loads(entry["Detail"])
    assert (detail["status"], detail["event_name"], detail["exemption_id"]) == (
        "exempt",
        record.event_name,
        record.exemption_id,
    )


def test_that_a_call_touched_what_is_exempt_is_still_no_news() -> None:
    assert {each.action for each in requests(EXEMPT)} == {"events:PutEvents", "securityhub:BatchImportFindings"}


def test_the_mail_of_an_undo_says_who_what_until_when_and_how_to_end_it() -> None:
    mail = text(UNDONE, EVERYBODY)
    assert subject(UNDONE).startswith("undone, open again on purpose: sg-")
    assert f"Who:     {ALICE}\nCall:    none: it was done by hand\nThrough: cloudmend undo\n" in mail
    assert "Only that is exempt until 2026-11-24 09:00 UTC: The vendor has no VPN yet (network-team)." in mail
    assert "- before: tcp/22 from 10.0.0.0/8\n  after:  tcp/22 from 0.0.0.0/0\n" in mail
    assert "- before: nothing: it was revoked\n  after:  tcp/3389 from 128.0.0.0/1\n" in mail
    assert f"     cloudmend exempt remove {UNDONE_ID} --region {REGION} --ledger the-table\n" in mail


def test_the_mail_of_an_exemption_says_what_is_left_open_and_how_to_end_it() -> None:
    mail = text(MADE, EVERYBODY)
    assert subject(MADE) == f"left open on purpose: {GROUP} (111122223333, {REGION})"
    assert "tcp/22 from ::/0 is left open until 2026-11-24 09:00 UTC: The vendor has no VPN yet (network-team)." in mail
    (line,) = [line.strip() for line in mail.splitlines() if "exempt remove" in line]
    assert shlex.split(line)[3] == "exempt-1a2b3c4d"


def test_the_mail_of_an_early_end_says_that_it_is_closed_next_and_asks_for_nothing() -> None:
    mail = text(ENDED, EVERYBODY)
    assert subject(ENDED).startswith(f"exempt no longer: {GROUP} ")
    assert "Nothing: the next event or sweep closes what is still open." in mail
    assert "exempt remove" not in mail


@pytest.mark.parametrize(
    ("record", "step"),
    [
        (UNDONE, "Nothing, if this is intended. Otherwise, cloudmend exempt remove ends it"),
        (MADE, "Nothing, if this is intended. Otherwise, cloudmend exempt remove ends it: `exempt-1a2b3c4d`."),
        (ENDED, "Nothing: the next event or sweep closes what is still open."),
    ],
)
def test_the_chat_says_the_same(record: Record, step: str) -> None:
    content = notification(record)["content"]
    assert content["nextSteps"][0].startswith(step)
    assert record.resource.id in content["title"]


@given(hostile_texts)
def test_what_somebody_typed_as_reason_owner_or_name_acts_on_nobody(typed: str) -> None:
    unicode = typed.encode("utf-8", "ignore").decode()
    exemption = replace(EXEMPTION, reason=typed, owner=typed, created_by=typed, name=typed, id=unicode, parts=(typed,))
    for each in (exemption, replace(exemption, ended=NOW, ended_by=typed)):
        record = exemption_record(each, CONTROL)
        mail = subject(record) + text(record, EVERYBODY)
        assert not ACTIVE_IN_TEXT.search(mail.replace(shlex.quote(unicode), "")), mail
        assert not ACTIVE_IN_CHAT.search(json.dumps(notification(record)["content"]["title"], ensure_ascii=False))


@pytest.mark.parametrize("request_", [NoticeRequest(record="sg-1/x"), NoticeRequest(exemption="exempt-1")])
def test_what_is_asked_for_is_what_the_function_reads(request_: NoticeRequest) -> None:
    asked = ask_for_notice(request_)
    (entry,) = asked.params["Entries"]
    event = {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
    assert (asked.action, notice_request(event)) == ("events:PutEvents", request_)


@pytest.mark.parametrize("detail", [None, [], {}, {"record": 1}, {"record": "a", "exemption": "b"}, {"summary": "x"}])
def test_a_request_that_names_nothing_or_two_things_is_an_error(detail: Any) -> None:
    with pytest.raises(EventError, match="An event of the source cloudmend"):
        notice_request({"source": "cloudmend.undo", "detail": detail})


@pytest.mark.parametrize("event", [None, [], "x", {}, {"source": "aws.ec2"}, {"source": "cloudmend"}])
def test_any_other_event_asks_for_no_notice(event: Any) -> None:
    assert notice_request(event) is None
