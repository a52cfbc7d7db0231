"""The handler, asked by a person's command to tell of an undo or an exemption: it tells what the ledger holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.errors import CloudmendError, EventError
from cloudmend.core.exempting import Where
from cloudmend.core.model import Record
from cloudmend.core.notice.event import NoticeRequest, ask_for_notice
from cloudmend.lambda_ import handlers
from lambda_.conftest import Deployed
from undoing import ALICE, GROUNDS, entry, mended_group, undone


def asking(**fields: str) -> dict[str, Any]:
    """As EventBridge delivers what a command put."""
    (put,) = ask_for_notice(NoticeRequest(**fields)).params["Entries"]
    return {"source": put["Source"], "detail-type": put["DetailType"], "detail": json.loads(put["Detail"])}


def test_an_undo_is_told_as_the_ledger_holds_it(deployed: Deployed) -> None:
    group_id, record_id = mended_group(deployed.account)
    record = undone(deployed.account, record_id).record
    assert record is not None
    answer = handlers.respond(asking(record=record_id), None)
    (told,) = answer["records"]
    assert (told["status"], told["summary"], answer["ignored"]) == ("exempt", record.summary, [])
    (line,) = deployed.logged("record")
    assert (line["record"]["event_name"], line["record"]["resource"]["id"]) == ("Undo", group_id)


def test_an_exemption_and_its_early_end_are_told(deployed: Deployed) -> None:
    ledger, now = deployed.account.ledger, deployed.account.clock.now()
    exemption = GROUNDS.exemption("exempt-1a2b3c4d", Where(group="sg-05fe30eb67c909f27"), now)
    ledger.exempt(exemption)
    (made,) = handlers.respond(asking(exemption=exemption.id), None)["records"]
    assert "every rule is left open until" in made["summary"]
    ledger.exempt(replace(exemption, ended=now, ended_by=ALICE))
    (ended,) = handlers.respond(asking(exemption=exemption.id), None)["records"]
    assert "is no longer exempt" in ended["summary"]


def test_an_exemption_is_told_in_the_words_of_its_own_control(deployed: Deployed) -> None:
    where = Where(group="web", account="111122223333", region="eu-west-1", control="sqs_policy_public")
    for control in ("sqs_policy_public", "of_a_newer_version"):
        there = replace(where, control=control)
        deployed.account.ledger.exempt(GROUNDS.exemption(f"exempt-{control}", there, deployed.account.clock.now()))
    (made,) = handlers.respond(asking(exemption="exempt-sqs_policy_public"), None)["records"]
    assert made["status"] == "exempt"
    (line,) = deployed.logged("record")
    assert (line["record"]["control"], line["record"]["resource"]["type"]) == ("sqs_policy_public", "AWS::SQS::Queue")
    answer = handlers.respond(asking(exemption="exempt-of_a_newer_version"), None)
    assert "which this cloudmend does not have" in answer["ignored"][0]


def test_what_is_not_in_the_ledger_so_is_not_told(deployed: Deployed) -> None:
    _, record_id = mended_group(deployed.account)
    for event in (asking(record=record_id), asking(exemption="exempt-0")):
        answer = handlers.respond(event, None)
        assert answer["records"] == []
        assert "the ledger holds no undo or exemption" in answer["ignored"][0]
    assert deployed.logged("record") == []
    with pytest.raises(CloudmendError, match="There is no record sg-1/x"):
        handlers.respond(asking(record="sg-1/x"), None)


@pytest.mark.parametrize("fields", [{"status": "mended"}, {"event_name": "AuthorizeSecurityGroupIngress"}])
def test_a_record_that_was_put_there_to_be_told_as_something_else_is_not(
    deployed: Deployed, fields: dict[str, str]
) -> None:
    _, record_id = mended_group(deployed.account)
    undone(deployed.account, record_id)
    kept = entry(deployed.account, record_id)
    assert kept.undone is not None
    forged: Record = replace(kept.undone.record, **fields)
    deployed.account.store.entries[record_id] = replace(kept, undone=replace(kept.undone, record=forged))
    assert handlers.respond(asking(record=record_id), None)["records"] == []


def test_text_in_the_event_is_not_told(deployed: Deployed) -> None:
    event = asking(exemption="exempt-0")
    event["detail"] |= {"summary": "All is well.", "status": "mended"}
    assert handlers.respond(event, None)["records"] == []


def test_a_request_that_names_nothing_is_kept_like_any_event_that_is_not_understood(deployed: Deployed) -> None:
    event = {**asking(record="x"), "detail": {}}
    with pytest.raises(EventError, match="names neither a record nor an exemption"):
        handlers.respond(event, None)
    (line,) = deployed.logged("unhandled")
    assert line["unhandled"] == event
