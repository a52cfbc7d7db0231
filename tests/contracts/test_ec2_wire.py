"""EC2's query protocol: what decode accepts and refuses, and what encode sends."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.wire import XMLNS, decode, encode, encode_error


def test_nested_parameters_are_decoded_in_botocores_shape() -> None:
    body = (
        "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1&DryRun=true"
        "&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22"
        "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0&IpPermissions.1.Groups.1.GroupId=sg-2"
    )
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        "UserIdGroupPairs": [{"GroupId": "sg-2"}],
    }
    assert decode(body) == (
        "AuthorizeSecurityGroupIngress",
        {"GroupId": "sg-1", "DryRun": True, "IpPermissions": [permission]},
    )


def test_members_of_a_list_come_in_the_order_of_their_numbers() -> None:
    members = "&".join(f"GroupId.{number}=sg-{number}" for number in (10, 2, 1))
    _, params = decode(f"Action=DescribeSecurityGroups&{members}")
    assert params == {"GroupIds": ["sg-1", "sg-2", "sg-10"]}


def test_an_empty_value_is_a_value() -> None:
    assert decode("Action=DeleteSecurityGroup&GroupName=")[1] == {"GroupName": ""}


def test_other_operations_of_ec2_are_decoded_too() -> None:
    assert decode("Action=RunInstances&MinCount=1&ImageId=ami-1") == (
        "RunInstances",
        {"MinCount": 1, "ImageId": "ami-1"},
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "MissingAction"),
        ("Action=OpenTheDoor", "InvalidAction"),
        ("Action=DescribeSecurityGroups&Colour=red", "UnknownParameter"),
        ("Action=DescribeSecurityGroups&Filter.1.Colour=red", "UnknownParameter"),
        ("Action=DescribeSecurityGroups&Filter.Name=red", "UnknownParameter"),
        ("Action=DescribeSecurityGroups&Filter=red", "UnknownParameter"),
        ("Action=DescribeSecurityGroups&MaxResults.1=5", "UnknownParameter"),
        ("Action=DescribeSecurityGroups&Filter=red&Filter.1.Name=red", "UnknownParameter"),
        ("Action=DescribeSecurityGroups&Filter.1.Name=red&Filter=red", "UnknownParameter"),
        ("Action=DescribeSecurityGroups&MaxResults=five", "InvalidParameterValue"),
        ("Action=DescribeSecurityGroups&MaxResults=5.0", "InvalidParameterValue"),
        ("Action=DescribeSecurityGroups&DryRun=perhaps", "InvalidParameterValue"),
    ],
)
def test_a_body_like_this_is_refused(body: str, code: str) -> None:
    with pytest.raises(Ec2Error) as refusal:
        decode(body)
    assert (refusal.value.code, refusal.value.status) == (code, 400)


def test_an_answer_is_encoded_under_the_names_of_the_wire() -> None:
    row: dict[str, Any] = {"SecurityGroupRuleId": "sgr-1", "IsEgress": False, "FromPort": 22, "Tags": []}
    root = ET.fromstring(  # noqa: S314 - our own answer
        encode("AuthorizeSecurityGroupIngress", {"Return": True, "SecurityGroupRules": [row]}, "request-1")
    )
    space = f"{{{XMLNS}}}"
    assert root.tag == f"{space}AuthorizeSecurityGroupIngressResponse"
    assert root.findtext(f"{space}requestId") == "request-1"
    assert root.findtext(f"{space}return") == "true"
    (item,) = root.findall(f"{space}securityGroupRuleSet/{space}item")
    assert [(child.tag.removeprefix(space), child.text) for child in item] == [
        ("securityGroupRuleId", "sgr-1"),
        ("isEgress", "false"),
        ("fromPort", "22"),
        ("tagSet", None),
    ]


def test_an_operation_that_answers_nothing_is_encoded_as_its_request_id() -> None:
    root = ET.fromstring(encode("DeleteTags", {}, "request-1"))  # noqa: S314 - our own answer
    assert [child.text for child in root] == ["request-1"]


def test_a_parameter_with_a_name_for_queries_is_found_by_it() -> None:
    body = "Action=RunInstances&NetworkInterface.1.PrivateIpAddresses.1.PrivateIpAddress=10.0.0.4"
    interface = {"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.4"}]}
    assert decode(body)[1] == {"NetworkInterfaces": [interface]}


def test_numbers_with_a_fraction_are_decoded() -> None:
    body = "Action=CreateReservedInstancesListing&PriceSchedules.1.Price=2.5&PriceSchedules.1.Term=1"
    assert decode(body)[1] == {"PriceSchedules": [{"Price": 2.5, "Term": 1}]}


def test_text_is_escaped() -> None:
    body = encode_error(Ec2Error("InvalidParameterValue", "<&>"), "request-1")
    root = ET.fromstring(body)  # noqa: S314 - our own answer
    assert root.findtext("Errors/Error/Message") == "<&>"


def test_an_error_is_encoded_as_ec2_sends_it() -> None:
    assert encode_error(Ec2Error("CannotDelete", "no"), "request-1") == (
        b"<?xml version='1.0' encoding='UTF-8'?>\n"
        b"<Response><Errors><Error><Code>CannotDelete</Code><Message>no</Message></Error></Errors>"
        b"<RequestID>request-1</RequestID></Response>"
    )
