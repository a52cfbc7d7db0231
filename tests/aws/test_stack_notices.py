"""Asking a stack to tell people: what AWS does not take is a sentence, and never an error."""

from __future__ import annotations

import json

from aws.test_notices import Services
from cloudmend.aws.gateway import Gateway
from cloudmend.aws.stack import NOTICE_PERMISSIONS, ask_stack
from cloudmend.core.notice.event import NoticeRequest
from support import REGION, StandingClock

REQUEST = NoticeRequest(record="01M865NCC0BPFHRBKTPD08TVGN")


def asked(services: Services) -> str:
    return ask_stack(Gateway(REGION, services.connect, StandingClock()), REQUEST)


def test_one_event_is_put_that_names_the_record_and_nothing_else() -> None:
    services = Services()
    services.answers["events:PutEvents"] = (200, {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    assert asked(services) == ""
    assert set(services.calls) == NOTICE_PERMISSIONS
    (entry,) = json.loads(services.bodies[0])["Entries"]
    assert json.loads(entry["Detail"]) == {"record": REQUEST.record}
    assert entry.keys() == {"Source", "DetailType", "Detail"}


def test_a_refusal_inside_a_good_answer_is_told() -> None:
    services = Services()
    row = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
    services.answers["events:PutEvents"] = (200, {"FailedEntryCount": 1, "Entries": [row]})
    assert asked(services) == "events:PutEvents: AWS did not accept it: ThrottlingException (slow down)."


def test_a_refusal_is_told() -> None:
    services = Services()
    services.refuse("events:PutEvents", "AccessDeniedException")
    assert "events:PutEvents in eu-west-1: AWS answered AccessDeniedException (no)" in asked(services)
