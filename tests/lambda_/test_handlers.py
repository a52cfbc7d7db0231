"""The handler of events: what it answers, logs and counts, and when it raises so that the event is kept."""

from __future__ import annotations

import json

import pytest

from cloudmend.cli.doctor.check import Deployment
from cloudmend.cli.doctor.settings import version
from cloudmend.core.errors import EventError, PolicyError, StillOpen
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.version import CODE_VERSION
from cloudmend.lambda_ import handlers
from cloudmend.local.ec2.checks import Ec2Error
from lambda_.conftest import Deployed
from support import event, ipv4


def test_a_mend_is_answered_logged_and_counted(deployed: Deployed) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    answer = handlers.respond(event(group_id), None)
    sentence = f"{deployed.account.label(group_id)}: narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8."
    (line,) = deployed.logged("record")
    told = {"status": "mended", "summary": sentence, "entry_id": line["record"]["entry_id"]}
    assert answer == {"records": [told], "ignored": []}
    (intent,) = deployed.account.intents
    assert intent.before["SecurityGroupRules"]
    assert (line["level"], line["message"], line["service"]) == ("INFO", sentence, "cloudmend")
    record = line["record"]
    assert record["edits"][0]["before"] == "tcp/22 from 0.0.0.0/0"
    assert record["undo"][0].startswith("aws ec2 modify-security-group-rules")
    (metrics,) = deployed.metrics()
    assert (metrics["Mended"], metrics["SecondsToClosed"]) == ([1.0], [2.0])


def test_nothing_at_fault_is_one_line_and_no_metric(deployed: Deployed) -> None:
    group_id = deployed.account.group(ipv4(443, "0.0.0.0/0"))
    assert handlers.respond(event(group_id), None)["records"][0]["status"] == "clean"
    assert len(deployed.logged("record")) == 1
    assert not deployed.metrics()


def test_the_log_tells_doctor_which_version_is_deployed(deployed: Deployed) -> None:
    handlers.respond(event(deployed.account.group(ipv4(443, "0.0.0.0/0"))), None)
    (line,) = deployed.logged("record")
    lines = [{"timestamp": 1, "message": json.dumps(line)}]
    here = Deployment(account="111122223333", region="eu-west-1", partition="aws", stack="cloudmend")
    assert version(lines, CODE_VERSION, here).found == f"cloudmend {CODE_VERSION} is installed and deployed."


def test_a_failed_call_is_ignored_with_a_reason(deployed: Deployed) -> None:
    answer = handlers.respond(event("sg-05fe30eb67c909f27", errorCode="Client.UnauthorizedOperation"), None)
    reason = "AuthorizeSecurityGroupIngress failed with Client.UnauthorizedOperation and changed nothing"
    assert answer == {"records": [], "ignored": [reason]}
    assert deployed.account.calls == []


def test_a_door_that_stays_open_raises_so_that_the_event_is_tried_again(deployed: Deployed) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "no", 403)

    deployed.account.groups.before |= {"ModifySecurityGroupRules": refuse, "RevokeSecurityGroupIngress": refuse}
    with pytest.raises(StillOpen, match="STILL OPEN"):
        handlers.respond(event(group_id), None)
    (line,) = deployed.logged("record")
    assert (line["level"], line["record"]["status"]) == ("ERROR", "open")
    (metrics,) = deployed.metrics()
    assert metrics["StillOpen"] == [1.0]


def test_an_event_that_is_not_understood_is_logged_whole_and_raised(deployed: Deployed) -> None:
    raw = {"detail-type": "hello", "detail": {}}
    with pytest.raises(EventError, match=r"no \"detail\.eventName\""):
        handlers.respond(raw, None)
    (line,) = deployed.logged("unhandled")
    assert line["unhandled"] == raw


def test_a_bad_policy_changes_nothing_and_keeps_the_event(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    deployed.account.calls.clear()
    monkeypatch.setenv("CLOUDMEND_REPLACEMENT_IPV4", "0.0.0.0/0")
    with pytest.raises(PolicyError, match="would be let in by every mend"):
        handlers.respond(event(group_id), None)
    assert deployed.account.calls == []
    assert deployed.logged("unhandled")


def test_the_environment_s_settings_are_the_policy_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDMEND_MODE", "observe")
    monkeypatch.setenv("CLOUDMEND_GUARDED_PORTS", "23")
    monkeypatch.setenv("CLOUDMEND_UNRELATED", "x")
    assert handlers.settings() == {"CLOUDMEND_MODE": "observe", "CLOUDMEND_GUARDED_PORTS": "23"}
    assert parse_policy(handlers.settings()).mode.default == "observe"


def test_caller_chosen_text_cannot_break_out_of_its_log_line(deployed: Deployed) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    hostile = 'x"}\n{"level":"INFO","message":"forged'
    handlers.respond(event(group_id, userAgent=hostile), None)
    (line,) = deployed.logged("record")
    assert line["record"]["actor"]["user_agent"] == hostile
    assert not [line for line in deployed.logged("message") if line["message"] == "forged"]


@pytest.mark.parametrize(
    ("source", "region", "acts_in"),
    [
        ("iam.amazonaws.com", "us-east-1", "us-east-1"),
        ("iam.amazonaws.com", "eu-central-1", "eu-west-1"),
        ("ec2.amazonaws.com", "us-east-1", "eu-west-1"),
    ],
)
def test_a_forwarded_call_of_a_global_service_is_handled_where_it_was_made(
    source: str, region: str, acts_in: str
) -> None:
    assert handlers._acts_in({"region": region, "detail": {"eventSource": source}}, "eu-west-1") == acts_in


@pytest.mark.parametrize("event", [{}, {"detail": "text", "region": "us-east-1"}, [], None])
def test_what_is_no_event_is_handled_here(event: object) -> None:
    assert handlers._acts_in(event, "eu-west-1") == "eu-west-1"
