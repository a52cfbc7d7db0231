"""CloudTrail's records of EC2 calls, in its first encoding, compared with the shapes that AWS publishes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from cloudmend.local.cloudtrail import event, is_write
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import SecurityGroups
from cloudmend.local.ec2.model import Vpc
from cloudmend.local.ec2_records import record, recorded
from local.wire_calls import ALICE, EVENT_ID, REQUEST_ID, wire_call

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
NO_OTHER_SOURCE: dict[str, Any] = {"groups": {}, "ipv6Ranges": {}, "prefixListIds": {}}


def _answered(operation: str, params: dict[str, Any], groups: SecurityGroups) -> dict[str, Any]:
    """The record of a call that the model has answered."""
    return record(wire_call(operation, params, result=groups.call(operation, params)))


@pytest.fixture
def groups() -> SecurityGroups:
    vpc = Vpc("vpc-0123456789abcdef0", "172.31.0.0/16", is_default=True)
    return SecurityGroups("111122223333", "eu-west-1", lambda: [vpc])


@pytest.fixture
def group_id(groups: SecurityGroups) -> str:
    made: str = groups.call("CreateSecurityGroup", {"GroupName": "web", "Description": "testing"})["GroupId"]
    return made


def test_a_record_says_who_did_what_when_and_from_where() -> None:
    found = record(wire_call("DeleteSecurityGroup", {"GroupId": "sg-1"}, result={"Return": True, "GroupId": "sg-1"}))
    assert found == {
        "eventVersion": "1.11",
        "userIdentity": ALICE,
        "eventTime": "2026-03-01T09:30:05Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DeleteSecurityGroup",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.30",
        "requestParameters": {"groupId": "sg-1"},
        "responseElements": {"requestId": REQUEST_ID, "_return": True, "groupId": "sg-1"},
        "requestID": REQUEST_ID,
        "eventID": EVENT_ID,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    }


def test_times_are_told_in_utc() -> None:
    local = datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert record(wire_call("DeleteSecurityGroup", {}, time=local))["eventTime"] == "2026-02-28T23:00:00Z"


def test_the_event_wraps_the_record() -> None:
    call = wire_call("DeleteSecurityGroup", {"GroupId": "sg-1"})
    envelope = event(recorded(call))
    assert envelope.pop("id") != EVENT_ID
    assert envelope == {
        "version": "0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": "111122223333",
        "time": "2026-03-01T09:30:05Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": record(call),
    }


def test_nested_permissions_are_lists_of_items() -> None:
    permission = {
        **SSH,
        "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "open"}, {"CidrIp": "10.0.0.0/8"}],
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
        "UserIdGroupPairs": [{"GroupId": "sg-2"}],
        "PrefixListIds": [{"PrefixListId": "pl-1"}],
    }
    found = record(wire_call("AuthorizeSecurityGroupIngress", {"GroupId": "sg-1", "IpPermissions": [permission]}))
    assert found["requestParameters"] == {
        "groupId": "sg-1",
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "groups": {"items": [{"groupId": "sg-2"}]},
                    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "open"}, {"cidrIp": "10.0.0.0/8"}]},
                    "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]},
                    "prefixListIds": {"items": [{"prefixListId": "pl-1"}]},
                }
            ]
        },
    }


def test_several_permissions_stand_beside_each_other() -> None:
    permissions = [{**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"IpProtocol": "-1", "IpRanges": []}]
    found = record(wire_call("AuthorizeSecurityGroupIngress", {"GroupId": "sg-1", "IpPermissions": permissions}))
    assert found["requestParameters"]["ipPermissions"]["items"] == [
        {
            "ipProtocol": "tcp",
            "fromPort": 22,
            "toPort": 22,
            "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
            **NO_OTHER_SOURCE,
        },
        {"ipProtocol": "-1", "ipRanges": {}, **NO_OTHER_SOURCE},
    ]


def test_the_flat_form_stands_beside_empty_permissions() -> None:
    found = record(wire_call("AuthorizeSecurityGroupIngress", {"GroupId": "sg-1", "CidrIp": "0.0.0.0/0", **SSH}))
    assert found["requestParameters"] == {
        "groupId": "sg-1",
        "cidrIp": "0.0.0.0/0",
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "ipPermissions": {},
    }


def test_by_name_the_id_stands_in_the_response_only(groups: SecurityGroups, group_id: str) -> None:
    params = {"GroupName": "web", "IpPermissions": [{**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}
    found = _answered("AuthorizeSecurityGroupIngress", params, groups)
    assert found["requestParameters"].keys() == {"groupName", "ipPermissions"}
    assert found["responseElements"]["securityGroupRuleSet"]["items"][0]["groupId"] == group_id


@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
def test_the_response_of_authorize_has_a_row_for_each_source(
    groups: SecurityGroups, group_id: str, direction: str
) -> None:
    sources = {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "open"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    params = {"GroupId": group_id, "IpPermissions": [{**SSH, **sources}]}
    response = _answered(f"AuthorizeSecurityGroup{direction}", params, groups)["responseElements"]
    rows = response.pop("securityGroupRuleSet")["items"]
    assert response == {"requestId": REQUEST_ID, "_return": True}
    for row in rows:
        arn = f"arn:aws:ec2:eu-west-1:111122223333:security-group-rule/{row['securityGroupRuleId']}"
        assert row.pop("securityGroupRuleArn") == arn
        assert row.pop("securityGroupRuleId").startswith("sgr-")
    shared = {
        "groupId": group_id,
        "groupOwnerId": "111122223333",
        "isEgress": direction == "Egress",
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "tagSet": {},
    }
    assert rows == [{**shared, "cidrIpv4": "0.0.0.0/0", "description": "open"}, {**shared, "cidrIpv6": "::/0"}]


def test_a_referenced_group_and_tags_are_told_in_the_response(groups: SecurityGroups, group_id: str) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    params = {
        "GroupId": group_id,
        "IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}],
        "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}],
    }
    found = _answered("AuthorizeSecurityGroupIngress", params, groups)
    (row,) = found["responseElements"]["securityGroupRuleSet"]["items"]
    assert row["referencedGroupInfo"] == {"groupId": group_id, "userId": "111122223333"}
    assert row["tagSet"] == {"items": [{"key": "team", "value": "web"}]}
    assert found["requestParameters"]["tagSpecificationSet"] == {
        "items": [{"resourceType": "security-group-rule", "tags": [{"key": "team", "value": "web"}]}]
    }


@pytest.mark.parametrize("operation", ["RebootInstances", "StartInstances", "StopInstances", "TerminateInstances"])
def test_the_instances_of_a_change_of_state_are_a_set(operation: str) -> None:
    found = record(wire_call(operation, {"InstanceIds": ["i-0123456789abcdef0"]}, result={}))
    assert found["requestParameters"] == {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}}


def test_times_in_a_response_are_milliseconds() -> None:
    result = {"VolumeId": "vol-1", "CreateTime": datetime(2026, 3, 1, tzinfo=UTC)}
    assert record(wire_call("CreateVolume", {}, result=result))["responseElements"] == {
        "requestId": REQUEST_ID,
        "volumeId": "vol-1",
        "createTime": 1_772_323_200_000,
    }


def test_a_created_group_is_told_by_its_id(groups: SecurityGroups) -> None:
    params = {"GroupName": "db", "Description": "testing", "VpcId": "vpc-0123456789abcdef0"}
    found = _answered("CreateSecurityGroup", params, groups)
    assert found["requestParameters"] == {
        "groupName": "db",
        "groupDescription": "testing",
        "vpcId": "vpc-0123456789abcdef0",
    }
    assert found["responseElements"]["_return"] is True
    assert found["responseElements"]["groupId"].startswith("sg-")


def test_revoked_rules_are_told_by_id(groups: SecurityGroups, group_id: str) -> None:
    opened = {"GroupId": group_id, "IpPermissions": [{**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}
    rule_id = groups.call("AuthorizeSecurityGroupIngress", opened)["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    params = {"GroupId": group_id, "SecurityGroupRuleIds": [rule_id]}
    found = _answered("RevokeSecurityGroupIngress", params, groups)
    assert found["requestParameters"] == {
        "groupId": group_id,
        "ipPermissions": {},
        "securityGroupRuleIds": {"items": [{"securityGroupRuleId": rule_id}]},
    }
    assert found["responseElements"]["revokedSecurityGroupRuleSet"]["items"][0]["cidrIpv4"] == "0.0.0.0/0"


@pytest.mark.parametrize("operation", ["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Ec2Error("UnauthorizedOperation", "You are not authorized.", 403), "Client.UnauthorizedOperation"),
        (Ec2Error("DryRunOperation", "Request would have succeeded.", 412), "Client.DryRunOperation"),
        (Ec2Error("InternalError", "An internal error has occurred.", 500), "Server.InternalError"),
    ],
)
def test_a_refused_call_has_an_error_and_no_response(operation: str, error: Ec2Error, code: str) -> None:
    found = record(wire_call(operation, {"GroupId": "sg-1"}, error=error))
    assert (found["errorCode"], found["errorMessage"]) == (code, error.message)
    assert found["responseElements"] is None
    assert found["requestParameters"] is not None


def test_a_throttled_call_is_the_fault_of_the_client() -> None:
    error = Ec2Error("RequestLimitExceeded", "Request limit exceeded.", status=503)
    found = record(wire_call("ModifySecurityGroupRules", {"GroupId": "sg-1"}, error=error))
    assert found["errorCode"] == "Client.RequestLimitExceeded"


def test_a_call_that_succeeded_has_no_error_code() -> None:
    assert not record(wire_call("DeleteSecurityGroup", {})).keys() & {"errorCode", "errorMessage"}


def test_a_dry_run_is_recorded_with_its_flag() -> None:
    assert record(wire_call("DeleteSecurityGroup", {"DryRun": True}))["requestParameters"] == {"dryRun": True}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("AuthorizeSecurityGroupIngress", True),
        ("ModifySecurityGroupRules", True),
        ("CreateTags", True),
        ("DescribeSecurityGroups", False),
        ("GetManagedPrefixListEntries", False),
        ("ListImagesInRecycleBin", False),
        ("SearchTransitGatewayRoutes", False),
    ],
)
def test_every_operation_that_does_not_read_is_a_write(operation: str, expected: bool) -> None:
    assert is_write(operation) is expected


def test_a_read_is_recorded_without_a_response() -> None:
    found = record(wire_call("DescribeSecurityGroups", {"GroupIds": ["sg-1"]}, result={"SecurityGroups": []}))
    assert found["readOnly"] is True
    assert found["responseElements"] is None
