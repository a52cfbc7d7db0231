"""The canned server answers as AWS does, as far as the benchmark's clients look."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from endpoint import REGION, Endpoint
from estate import DOOR, WORLD, group_id, rule_id

DOOR_RULE = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "10.0.0.0/8"}
DOOR_PERMISSION = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": WORLD}]}


def client(endpoint: Endpoint, service: str) -> Any:
    session = Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    once = Config(retries={"total_max_attempts": 1})
    trusted = str(endpoint.certificate)
    return session.create_client(service, region_name=REGION, endpoint_url=endpoint.url, config=once, verify=trusted)


FINDING: dict[str, Any] = {
    "SchemaVersion": "2018-10-08",
    "Id": "bench",
    "ProductArn": "arn:aws:securityhub:us-east-1:123456789012:product/123456789012/default",
    "GeneratorId": "bench",
    "AwsAccountId": "123456789012",
    "CreatedAt": "2025-06-02T09:41:07Z",
    "UpdatedAt": "2025-06-02T09:41:07Z",
    "Title": "bench",
    "Description": "bench",
    "Resources": [],
}


def authorize_for_ever(ec2: Any) -> None:
    while True:
        ec2.authorize_security_group_ingress(GroupId=group_id(0), IpPermissions=[DOOR_PERMISSION])


@pytest.fixture
def ec2(endpoint: Endpoint) -> Any:
    endpoint.reset(groups=400, every=20)
    return client(endpoint, "ec2")


def rows(ec2: Any, operation: str, key: str) -> list[dict[str, Any]]:
    return [row for page in ec2.get_paginator(operation).paginate() for row in page[key]]


def test_every_group_has_six_rules_and_every_twentieth_an_open_door(ec2: Any) -> None:
    rules = rows(ec2, "describe_security_group_rules", "SecurityGroupRules")
    assert len({rule["GroupId"] for rule in rules}) == 400
    assert len({rule["SecurityGroupRuleId"] for rule in rules}) == len(rules) == 2400
    doors = [rule for rule in rules if rule["FromPort"] == 22]
    assert [rule["GroupId"] for rule in doors if rule["CidrIpv4"] == WORLD] == [group_id(n) for n in range(0, 400, 20)]


def test_the_two_describe_calls_tell_the_same_doors(ec2: Any) -> None:
    groups = rows(ec2, "describe_security_groups", "SecurityGroups")
    permissions = [(group["GroupId"], p) for group in groups for p in group["IpPermissions"] if p.get("FromPort") == 22]
    rules = rows(ec2, "describe_security_group_rules", "SecurityGroupRules")
    assert [(group, p["IpRanges"][0]["CidrIp"]) for group, p in permissions] == [
        (rule["GroupId"], rule["CidrIpv4"]) for rule in rules if rule["FromPort"] == 22
    ]


def test_a_page_holds_a_thousand_at_most(ec2: Any, endpoint: Endpoint) -> None:
    rows(ec2, "describe_security_group_rules", "SecurityGroupRules")
    assert endpoint.told().calls == {"DescribeSecurityGroupRules": 3}


def test_a_modified_door_is_shown_as_it_is_now(ec2: Any, endpoint: Endpoint) -> None:
    update = {"SecurityGroupRuleId": rule_id(20, DOOR), "SecurityGroupRule": DOOR_RULE}
    ec2.modify_security_group_rules(GroupId=group_id(20), SecurityGroupRules=[update])
    by_group = [{"Name": "group-id", "Values": [group_id(20)]}]
    shown = ec2.describe_security_group_rules(Filters=by_group)["SecurityGroupRules"]
    assert [rule["CidrIpv4"] for rule in shown if rule["FromPort"] == 22] == ["10.0.0.0/8"]
    assert endpoint.told().open == 19


def test_a_revoked_door_is_gone_until_it_is_authorized(ec2: Any, endpoint: Endpoint) -> None:
    ec2.revoke_security_group_ingress(GroupId=group_id(0), IpPermissions=[DOOR_PERMISSION])
    assert len(ec2.describe_security_groups(GroupIds=[group_id(0)])["SecurityGroups"][0]["IpPermissions"]) == 4
    assert endpoint.told().open == 19
    ec2.authorize_security_group_ingress(GroupId=group_id(0), IpPermissions=[DOOR_PERMISSION])
    assert endpoint.told().open == 20


def test_what_is_not_there_cannot_be_revoked(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"InvalidPermission\.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=group_id(1), IpPermissions=[DOOR_PERMISSION])


def test_a_call_without_a_canned_answer_is_refused_by_name(ec2: Any) -> None:
    with pytest.raises(ClientError, match="has no answer to DescribeImages"):
        ec2.describe_images()


def test_throttled_writes_are_refused_when_the_bucket_is_empty(ec2: Any, endpoint: Endpoint) -> None:
    endpoint.reset(groups=1, throttled=True)
    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        authorize_for_ever(ec2)
    assert endpoint.told().refused == 1


def test_the_other_services_answer_too(endpoint: Endpoint) -> None:
    endpoint.reset()
    writes = [{"Delete": {"TableName": "ledger", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}}]
    client(endpoint, "dynamodb").transact_write_items(TransactItems=writes)
    assert client(endpoint, "ssm").get_parameter(Name="/cloudmend/mode")["Parameter"]["Value"] == "as-deployed"
    assert client(endpoint, "events").put_events(Entries=[{"Source": "bench"}])["FailedEntryCount"] == 0
    assert client(endpoint, "sns").publish(TopicArn="arn:aws:sns:us-east-1:123456789012:a", Message="m")["MessageId"]
    assert client(endpoint, "sts").get_caller_identity()["Account"] == "123456789012"
    assert client(endpoint, "securityhub").batch_import_findings(Findings=[FINDING])["FailedCount"] == 0
    assert endpoint.told().total == 6
