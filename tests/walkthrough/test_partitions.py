"""GovCloud and China: what is deployed there mends, fails, keeps and undoes as it does in the commercial Regions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudmend.core.partitions import partition_of
from walkthrough.conftest import run
from walkthrough.deployed import DEPLOY, Deployed, an_account
from walkthrough.template import UNDOER

pytestmark = pytest.mark.deep  # the walkthrough in two more partitions
REGIONS = ["us-gov-west-1", "cn-north-1"]


@pytest.fixture(scope="module", params=REGIONS)
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    region: str = request.param
    with an_account(tmp_path_factory.mktemp("sam"), region) as account:
        words = [region if word == "us-east-1" else word for word in DEPLOY]
        run([*words, "NoticeEmail=somebody@example.com"], account.environment)
        yield account


def test_a_group_that_is_opened_is_mended_told_and_given_back(deployed: Deployed) -> None:
    group_id = deployed.group("opened")
    deployed.open(group_id, "0.0.0.0/0", "128.0.0.0/1")  # narrowed; revoked
    deployed.settle()
    assert sources(deployed, group_id) == ["10.0.0.0/8"]
    told = [event for event in deployed.aws.events if event["detail-type"] == "cloudmend record"]
    partition = partition_of(deployed.aws.region).id
    assert told[0]["resources"] == [f"arn:{partition}:ec2:{deployed.aws.region}:123456789012:security-group/{group_id}"]

    (record_id,) = {record["entry_id"] for record in deployed.records(group_id) if record["entry_id"]}
    run(["cloudmend", "undo", record_id, "--for", "2h", "--reason", "no VPN yet"], deployed.assume(UNDOER))
    assert sources(deployed, group_id) == ["0.0.0.0/0", "128.0.0.0/1"]


def test_an_event_that_fails_is_kept(deployed: Deployed) -> None:
    text = Path("events/event.json").read_text().replace("sg-05fe30eb67c909f27", "GROUP_ID")
    partition = partition_of(deployed.aws.region).id
    event = json.loads(text.replace("arn:aws:", f"arn:{partition}:").replace("us-east-1", deployed.aws.region))
    deployed.aws.put_event({"account": "123456789012", "region": deployed.aws.region, **event})
    deployed.settle()
    (kept,) = taken_from_the_dead_letters(deployed)
    assert "is not a group id" in kept["responsePayload"]["errorMessage"]


def test_an_event_that_does_not_reach_the_function_is_kept(deployed: Deployed) -> None:
    function, lambda_ = deployed.resource("SecurityGroupRemediationLambda"), deployed.client("lambda")
    rule = deployed.client("events").describe_rule(Name=deployed.resource("ScheduledRule"))["Arn"]
    statements = json.loads(lambda_.get_policy(FunctionName=function)["Policy"])["Statement"]
    (statement,) = [each for each in statements if rule in str(each)]
    lambda_.remove_permission(FunctionName=function, StatementId=statement["Sid"])
    group_id = deployed.group("not-delivered")
    deployed.open(group_id, "0.0.0.0/0")
    deployed.settle()
    (kept,) = taken_from_the_dead_letters(deployed)
    assert kept["detail"]["requestParameters"]["groupId"] == group_id
    lambda_.add_permission(
        FunctionName=function,
        StatementId=statement["Sid"],
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )


def test_the_sweep_mends_what_no_event_reported(deployed: Deployed) -> None:
    group_id = deployed.group("missed")
    with deployed.without_events():
        deployed.open(group_id, "0.0.0.0/0")
        deployed.invoke("SweepFunction")
    assert sources(deployed, group_id) == ["10.0.0.0/8"]


def test_the_regions_are_those_of_the_partition(deployed: Deployed) -> None:
    regions = [each["RegionName"] for each in deployed.client("ec2").describe_regions()["Regions"]]
    assert deployed.aws.region in regions
    assert {partition_of(region) for region in regions} == {partition_of(deployed.aws.region)}


def test_doctor_and_scan_find_nothing_amiss(deployed: Deployed) -> None:
    said = run(["cloudmend", "doctor"], deployed.environment).stdout
    assert not re.findall(r"^(?:broken|unknown).*", said, re.MULTILINE), said
    run(["cloudmend", "scan", "--region", deployed.aws.region, "--stack-name", "cloudmend"], deployed.environment)


def test_nothing_that_called_or_was_told_was_of_another_partition(deployed: Deployed) -> None:
    """The last test of this file: it looks at all that went before."""
    told = (*(call.principal for call in deployed.aws.calls), json.dumps(deployed.aws.events))
    partitions = {partition for each in told for partition in re.findall(r"arn:(aws[a-z-]*):", each)}
    assert partitions == {partition_of(deployed.aws.region).id}


def taken_from_the_dead_letters(deployed: Deployed) -> list[Any]:
    queue, sqs = deployed.resource("DeadLetterQueue"), deployed.client("sqs")
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    for message in received:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in received]


def sources(deployed: Deployed, group_id: str) -> list[str]:
    """Of the group's ingress rules, sorted."""
    (group,) = deployed.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return sorted(each["CidrIp"] for rule in group["IpPermissions"] for each in rule["IpRanges"])
