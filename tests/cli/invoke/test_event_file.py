"""The event in a file: as it stands, or about a group of here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudmend.cli.subjects import read_event
from cloudmend.controls.security_group_ingress.targets import targets
from cloudmend.core.errors import EventError
from cloudmend.core.events import parse_event
from cloudmend.core.model import ApiCall
from support import event

GROUP = "sg-05fe30eb67c909f27"


def parsed(path: Path, group: str | None) -> ApiCall:
    call = parse_event(read_event(path, group))
    assert isinstance(call, ApiCall)
    return call


def test_with_a_group_put_in_it_does_not_count_where_the_event_came_from(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    raw = event("sg-0123456789abcdef0", awsRegion="us-east-1", recipientAccountId="444455556666")
    path.write_text(json.dumps({**raw, "account": "444455556666", "region": "us-east-1"}))
    assert (parsed(path, None).account, parsed(path, None).region) == ("444455556666", "us-east-1")
    call = parsed(path, GROUP)
    assert (call.account, call.region, call.request["groupId"]) == ("", "", GROUP)


def test_the_example_names_no_account_and_no_region() -> None:
    call = parsed(Path(__file__).parents[3] / "events" / "event.json", None)
    assert (call.account, call.region) == ("", "")


def test_what_an_editor_of_windows_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event(GROUP)), encoding="utf-8-sig")
    assert parsed(path, None).request == {"groupId": GROUP}


def test_what_is_nested_too_deep_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text('{"detail":' * 100_000 + "1" + "}" * 100_000)
    with pytest.raises(EventError, match=r"event.json is not JSON \(maximum recursion depth exceeded"):
        read_event(path, None)


def test_a_group_is_not_put_into_what_may_be_about_another(tmp_path: Path) -> None:
    path, record = tmp_path / "event.json", event("sg-0123456789abcdef0")["detail"]
    for other in (record, {"Records": [record]}, {"requestPayload": {"detail": record}}, [event(GROUP)], {}, "text", 7):
        path.write_text(json.dumps(other))
        with pytest.raises(EventError, match=r"event.json: it is not one event of EventBridge's"):
            read_event(path, GROUP)
        assert read_event(path, None) == other


def test_a_group_is_not_put_into_a_call_that_is_about_a_prefix_list(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    request = {"ModifyManagedPrefixListRequest": {"PrefixListId": "pl-05fe30eb67c909f27"}}
    path.write_text(json.dumps(event("", "ModifyManagedPrefixList", requestParameters=request)))
    with pytest.raises(EventError, match="the call in it is about pl-05fe30eb67c909f27, and not about a security"):
        read_event(path, GROUP)


def test_a_group_goes_into_a_call_of_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    request = {"ModifySecurityGroupRulesRequest": {"GroupId": "sg-0123456789abcdef0"}}
    path.write_text(json.dumps(event("", "ModifySecurityGroupRules", requestParameters=request)))
    assert [target.id for target in targets(parsed(path, GROUP))] == [GROUP]
