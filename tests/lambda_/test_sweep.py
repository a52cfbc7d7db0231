"""The handler of the schedule: what it answers, leaves to its queue, and raises."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from cloudmend.core.errors import AwsError, EventError, StillOpen
from cloudmend.core.model import Request, Resource
from cloudmend.core.ports import Leftover, Writer
from cloudmend.core.world import World
from cloudmend.lambda_ import handlers
from cloudmend.lambda_.continuation import Task, asked, messages
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.model import Group, Permission, Rule, Source, Traffic
from lambda_.conftest import Deployed
from support import REGION, VPC, Account, ingress, ipv4
from walkthrough.deployed import intent

SCHEDULED = {"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"}
OPEN_SSH = Permission(Traffic("tcp", 22, 22), Source("CidrIpv4", "0.0.0.0/0"))
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


def refuse_writes(deployed: Deployed) -> None:
    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "no", 403)

    deployed.account.groups.before |= {"ModifySecurityGroupRules": refuse, "RevokeSecurityGroupIngress": refuse}


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
    assert {record["summary"].partition(" ")[0] for record in answer["records"]} == group_ids
    assert answer["left"] == 0


def test_outside_lambda_there_is_no_end_to_its_time(deployed: Deployed, outbox: Outbox) -> None:
    deployed.account.group(ipv4(22, "0.0.0.0/0"))
    assert [record["status"] for record in handlers.sweep({}, None)["records"]] == ["mended"]


def test_without_a_queue_it_says_what_it_did_not_reach(deployed: Deployed) -> None:
    deployed.account.group(ipv4(22, "0.0.0.0/0"))
    assert handlers.sweep(SCHEDULED, TimeLeft(0))["left"] > 0
    (line,) = deployed.logged("message")
    assert "CLOUDMEND_CONTINUATION_QUEUE is not set, so this part of the sweep is left undone" in line["message"]


def test_a_door_that_stays_open_raises_so_that_it_is_tried_again(deployed: Deployed, outbox: Outbox) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    refuse_writes(deployed)
    body = next(
        messages(REGION, [Leftover("security_group_ingress", Resource(type="AWS::EC2::SecurityGroup", id=group_id))])
    )
    with pytest.raises(StillOpen, match="STILL OPEN"):
        handlers.sweep({"Records": [{"body": body}]}, TimeLeft(300))
    assert not outbox.sent


def test_what_a_whole_sweep_could_not_close_is_left_to_the_queue_alone(deployed: Deployed, outbox: Outbox) -> None:
    """Or Lambda would look at all the other groups again as well, twice."""
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    refuse_writes(deployed)
    answer = handlers.sweep(SCHEDULED, TimeLeft(300))
    assert ([record["status"] for record in answer["records"]], answer["left"]) == (["open"], 1)
    (message,) = outbox.sent
    assert message["DelaySeconds"] == 60
    task = asked({"Records": [{"body": message["MessageBody"]}]})
    assert isinstance(task, Task)
    assert (task.region, [(each.control, each.resource.id) for each in task.wanted]) == (
        REGION,
        [("security_group_ingress", group_id)],
    )


def test_what_people_know_that_it_cannot_be_read_is_left_to_the_next_sweep_and_not_to_the_queue(
    deployed: Deployed, outbox: Outbox
) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    deployed.account.groups.before["DescribeSecurityGroupRules"] = refuse
    answers = [handlers.sweep(SCHEDULED, TimeLeft(300)) for _ in range(2)]
    assert [(len(each["records"]), each["held"], each["left"]) for each in answers] == [(1, 0, 1), (0, 1, 0)]
    (message,) = outbox.sent
    assert group_id in message["MessageBody"]
    with pytest.raises(StillOpen, match="You are not authorized"):
        handlers.sweep({"Records": [{"body": message["MessageBody"]}]}, TimeLeft(300))


def test_an_open_record_that_cannot_be_read_is_told_by_the_sweep_of_the_stack_s_region_alone(
    deployed: Deployed, outbox: Outbox, elsewhere: Account
) -> None:
    entry = deployed.account.ledger.intend(intent("sg-05fe30eb67c909f27"))
    deployed.account.store.spoiled[entry.id] = b"{}"
    deployed.account.clock.sleep(600)
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    answer = handlers.sweep(SCHEDULED, TimeLeft(300))
    assert [record["summary"].partition(" ")[0] for record in answer["records"]] == [group_id]
    handlers.sweep({"Records": [{"body": outbox.sent[0]["MessageBody"]}]}, TimeLeft(300))
    (line,) = (line["record"] for line in deployed.logged("record") if line["record"]["status"] == "failed")
    assert (line["resource"]["id"], line["entry_id"]) == ("sg-05fe30eb67c909f27", entry.id)
    assert line["summary"].startswith(f"Record {entry.id} cannot be read. It is not what cloudmend stores")
    assert line["summary"].endswith("was done and reported: look at sg-05fe30eb67c909f27.")
    (metrics,) = [metrics for metrics in deployed.metrics() if "Failed" in metrics]
    assert metrics["LedgerUnreadable"] == [1.0]


def test_without_a_queue_a_whole_sweep_that_could_not_close_raises(deployed: Deployed) -> None:
    deployed.account.group(ipv4(22, "0.0.0.0/0"))
    refuse_writes(deployed)
    with pytest.raises(StillOpen, match="STILL OPEN"):
        handlers.sweep(SCHEDULED, TimeLeft(300))


def test_a_region_that_cannot_be_read_raises_so_that_all_of_it_is_tried_again(
    deployed: Deployed, outbox: Outbox
) -> None:
    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "no", 403)

    deployed.account.groups.before |= {"DescribeSecurityGroupRules": refuse, "DescribeSecurityGroups": refuse}
    with pytest.raises(StillOpen, match="ec2:Describe"):
        handlers.sweep(SCHEDULED, TimeLeft(300))


@pytest.fixture
def elsewhere(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Another Region of the account, which is to be swept too."""
    account = Account()

    def in_region(home: World, region: str) -> World:
        there = account.world
        is_home = region == home.region
        return home if is_home else replace(home, region=region, reader=there.reader, writer=there.writer)

    monkeypatch.setattr(handlers, "enabled_regions", lambda: (REGION, "sa-east-1"))
    monkeypatch.setattr(handlers, "in_region", in_region)
    monkeypatch.setenv("CLOUDMEND_SWEEP_REGIONS", "all")
    return account


def test_the_other_regions_are_left_to_the_queue_and_swept_from_there(
    deployed: Deployed, outbox: Outbox, elsewhere: Account
) -> None:
    here, there = deployed.account.group(ipv4(22, "0.0.0.0/0")), elsewhere.group(ipv4(3389, "0.0.0.0/0"))
    answer = handlers.sweep(SCHEDULED, TimeLeft(300))
    assert [record["summary"].partition(" ")[0] for record in answer["records"]] == [here]
    (message,) = outbox.sent
    assert asked({"Records": [{"body": message["MessageBody"]}]}) == Task("sa-east-1")
    answer = handlers.sweep({"Records": [{"body": message["MessageBody"]}]}, TimeLeft(300))
    assert [record["summary"].partition(" ")[0] for record in answer["records"]] == [there]
    assert len(outbox.sent) == 1
    assert [line["record"]["region"] for line in deployed.logged("record")] == [REGION, "sa-east-1"]


def test_an_intent_of_another_region_is_left_to_that_region_s_sweep(
    deployed: Deployed, outbox: Outbox, elsewhere: Account
) -> None:
    ledger = deployed.account.ledger
    entry = ledger.intend(replace(intent(elsewhere.group(ipv4(22, "0.0.0.0/0"))), region="sa-east-1"))
    deployed.account.clock.sleep(600)
    handlers.sweep(SCHEDULED, TimeLeft(300))
    assert ledger.get(entry.id).state == "INTENT"
    handlers.sweep({"Records": [{"body": outbox.sent[0]["MessageBody"]}]}, TimeLeft(300))
    assert ledger.get(entry.id).state == "FAILED"  # nothing of it was done; the sweep has mended the group


def test_a_message_that_is_not_understood_is_logged_whole_and_raised(deployed: Deployed, outbox: Outbox) -> None:
    raw = {"Records": [{"body": "nonsense"}]}
    with pytest.raises(EventError):
        handlers.sweep(raw, TimeLeft(300))
    (line,) = deployed.logged("unhandled")
    assert line["unhandled"] == raw


def test_where_the_regions_cannot_be_listed_the_own_one_is_swept_all_the_same(
    deployed: Deployed, outbox: Outbox, elsewhere: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> tuple[str, ...]:
        raise AwsError("ec2:DescribeRegions: no answer.", action="ec2:DescribeRegions", code="", refused=False)

    monkeypatch.setattr(handlers, "enabled_regions", refuse)
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    with pytest.raises(StillOpen, match=r"The other Regions were not swept, .*ec2:DescribeRegions"):
        handlers.sweep(SCHEDULED, TimeLeft(300))
    assert ("tcp", 22, 22, "10.0.0.0/8") in ingress(deployed.account.rules(group_id))


def test_a_region_that_cannot_be_left_to_the_queue_costs_itself_alone(
    deployed: Deployed, outbox: Outbox, elsewhere: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "enabled_regions", lambda: (REGION, "sa-east-1", "us-east-1"))
    write = outbox.write

    def refuse_one(request: Request) -> None:
        if "sa-east-1" in request.params.get("MessageBody", ""):
            raise AwsError("sqs:SendMessage: no answer.", action="sqs:SendMessage", code="", refused=False)
        write(request)

    monkeypatch.setattr(outbox, "write", refuse_one)
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    with pytest.raises(StillOpen, match=r"left undone \(.*sa-east-1"):
        handlers.sweep(SCHEDULED, TimeLeft(300))
    assert ("tcp", 22, 22, "10.0.0.0/8") in ingress(deployed.account.rules(group_id))
    assert [json.loads(message["MessageBody"])["region"] for message in outbox.sent] == ["us-east-1"]


def test_what_other_accounts_own_is_counted_and_logged_and_no_notice_tells_it(
    deployed: Deployed, outbox: Outbox
) -> None:
    rule = Rule("sgr-0123456789abcdef0", "sg-0123456789abcdef0", False, OPEN_SSH)
    deployed.account.groups.share(Group("sg-0123456789abcdef0", "shared", "t", VPC, (rule,), owner="444455556666"))
    answer = handlers.sweep(SCHEDULED, TimeLeft(300))
    assert (answer["records"], answer["left"], answer["not_ours"]) == ([], 0, 1)
    (line,) = deployed.logged("not_ours")
    assert line["not_ours"] == ["sg-0123456789abcdef0 of account 444455556666"]
    assert not deployed.logged("record")
    assert not outbox.sent
