"""The handler of the schedule: what it answers, leaves to its queue, and raises."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cloudmend.core.errors import EventError, StillOpen
from cloudmend.core.model import Request
from cloudmend.core.ports import Writer
from cloudmend.entry import handlers
from cloudmend.local.ec2 import Ec2Error
from entry.conftest import Deployed
from support import ipv4

SCHEDULED = {"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/continuation"


class TimeLeft:
    """Lambda's context, of which only the remaining time is asked."""

    def __init__(self, seconds: float) -> None:
        self._milliseconds = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


class Outbox:
    """A writer that keeps what goes to a queue, and passes on the rest."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.sent: list[Any] = []

    def write(self, request: Request) -> None:
        if request.action == "sqs:SendMessage":
            self.sent.append(request.params)
        else:
            self._writer.write(request)


@pytest.fixture
def outbox(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    outbox = Outbox(deployed.account.world.writer)
    world = msgspec.structs.replace(handlers._world(), writer=outbox)
    monkeypatch.setattr(handlers, "_world", lambda: world)
    monkeypatch.setenv("CLOUDMEND_CONTINUATION_QUEUE", QUEUE)
    return outbox


def test_what_no_event_reported_is_mended_told_and_counted(deployed: Deployed, outbox: Outbox) -> None:
    deployed.account.group(ipv4(443, "0.0.0.0/0"))
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    answer = handlers.sweep(SCHEDULED, TimeLeft(300))
    assert [record["status"] for record in answer["records"]] == ["mended"]
    assert answer["records"][0]["summary"].startswith(group_id)
    assert answer["left"] == 0
    assert not outbox.sent
    (metrics,) = deployed.metrics()
    assert (metrics["Mended"], metrics["Missed"]) == ([1.0], [1.0])


def test_what_it_does_not_reach_in_time_is_left_to_its_queue_and_mended_from_there(
    deployed: Deployed, outbox: Outbox
) -> None:
    group_ids = {deployed.account.group(ipv4(22, "0.0.0.0/0")) for _ in range(3)}
    answer = handlers.sweep(SCHEDULED, TimeLeft(60))
    assert answer["left"] >= 3
    assert answer["records"] == []
    (message,) = outbox.sent
    assert message["QueueUrl"] == QUEUE
    answer = handlers.sweep({"Records": [{"body": message["MessageBody"]}]}, TimeLeft(300))
    assert {record["summary"].partition(":")[0] for record in answer["records"]} == group_ids
    assert answer["left"] == 0


def test_outside_lambda_there_is_no_end_to_its_time(deployed: Deployed, outbox: Outbox) -> None:
    deployed.account.group(ipv4(22, "0.0.0.0/0"))
    assert [record["status"] for record in handlers.sweep({}, None)["records"]] == ["mended"]


def test_without_a_queue_it_says_what_it_did_not_reach(deployed: Deployed) -> None:
    deployed.account.group(ipv4(22, "0.0.0.0/0"))
    assert handlers.sweep(SCHEDULED, TimeLeft(0))["left"] > 0
    (line,) = deployed.logged("message")
    assert "were not reached in time" in line["message"]


def test_a_door_that_stays_open_raises_so_that_it_is_tried_again(deployed: Deployed, outbox: Outbox) -> None:
    deployed.account.group(ipv4(22, "0.0.0.0/0"))

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "no", 403)

    deployed.account.groups.before |= {"ModifySecurityGroupRules": refuse, "RevokeSecurityGroupIngress": refuse}
    with pytest.raises(StillOpen, match="STILL OPEN"):
        handlers.sweep(SCHEDULED, TimeLeft(300))


def test_a_message_that_is_not_understood_is_logged_whole_and_raised(deployed: Deployed, outbox: Outbox) -> None:
    raw = {"Records": [{"body": "nonsense"}]}
    with pytest.raises(EventError):
        handlers.sweep(raw, TimeLeft(300))
    (line,) = deployed.logged("unhandled")
    assert line["unhandled"] == raw
