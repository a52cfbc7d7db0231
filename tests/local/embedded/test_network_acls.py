"""Network ACLs as EC2 keeps them, where moto takes entries that EC2 refuses; and the records of their calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import client

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

MISSING = "acl-0123456789abcdef0"
SSH = {"Protocol": "6", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 22, "To": 22}}
LAST = {"CidrBlock": "0.0.0.0/0", "Protocol": "-1", "RuleAction": "deny", "RuleNumber": 32767}
LAST_IPV6 = {"Ipv6CidrBlock": "::/0", "Protocol": "-1", "RuleAction": "deny", "RuleNumber": 32768}


def acl_of(ec2: Any, *, ipv6: bool = False) -> str:
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=ipv6)["Vpc"]["VpcId"]
    return str(ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"])


def described(ec2: Any, acl: str) -> Any:
    (found,) = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    return found


def inbound(ec2: Any, acl: str) -> list[Any]:
    rows = described(ec2, acl)["Entries"]
    return [{key: each[key] for key in each if key != "Egress"} for each in rows if not each["Egress"]]


def create(ec2: Any, acl: str, number: int = 100, **more: Any) -> None:
    entry = {**SSH, **more}
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=number, **{"Egress": False, **{key: entry[key] for key in entry if entry[key]}}
    )


def test_entries_come_are_replaced_and_go_and_those_of_aws_stay(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    acl = acl_of(ec2)
    assert inbound(ec2, acl) == [LAST]
    create(ec2, acl, CidrBlock="52.1.2.3/8")
    create(ec2, acl, 7, Protocol="1", PortRange=None, IcmpTypeCode={"Type": 8, "Code": -1})
    create(ec2, acl, 100, Egress=True)
    ping = {"Protocol": "1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0", "IcmpTypeCode": {"Type": 8, "Code": -1}}
    assert inbound(ec2, acl) == [{**ping, "RuleNumber": 7}, {**SSH, "CidrBlock": "52.0.0.0/8", "RuleNumber": 100}, LAST]
    ec2.replace_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False, **{**SSH, "RuleAction": "deny"})
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=7, Egress=False)
    assert inbound(ec2, acl) == [{**SSH, "RuleAction": "deny", "RuleNumber": 100}, LAST]
    assert [each["RuleNumber"] for each in described(ec2, acl)["Entries"] if each["Egress"]] == [100, 32767]


def test_a_vpc_with_ipv6_has_a_last_entry_for_it(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    assert inbound(ec2, acl_of(ec2, ipv6=True)) == [LAST, LAST_IPV6]


REFUSED: list[tuple[int, dict[str, Any], str]] = [
    (0, {}, "InvalidParameterValue"),
    (32767, {}, "InvalidParameterValue"),
    (40000, {}, "InvalidParameterValue"),
    (1, {"RuleAction": "permit"}, "InvalidParameterValue"),
    (1, {"Protocol": "tcp"}, "InvalidParameterValue"),
    (1, {"Protocol": "256"}, "InvalidParameterValue"),
    (1, {"CidrBlock": None}, "MissingParameter"),
    (1, {"CidrBlock": "10.0.0.0"}, "InvalidParameterValue"),
    (1, {"CidrBlock": "::/0"}, "InvalidParameterValue"),
    (1, {"CidrBlock": "everybody/0"}, "InvalidParameterValue"),
    (1, {"Ipv6CidrBlock": "::/0"}, "InvalidParameterCombination"),
    (1, {"PortRange": None}, "MissingParameter"),
    (1, {"PortRange": {"From": 23, "To": 22}}, "InvalidParameterValue"),
    (1, {"PortRange": {"From": 22, "To": 65536}}, "InvalidParameterValue"),
    (1, {"Protocol": "1", "PortRange": None}, "MissingParameter"),
    (1, {"Protocol": "1", "IcmpTypeCode": {"Type": 256, "Code": 0}}, "InvalidParameterValue"),
    (100, {}, "NetworkAclEntryAlreadyExists"),
]


def test_what_ec2_refuses_is_refused(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    acl = acl_of(ec2)
    create(ec2, acl)
    before = described(ec2, acl)
    for number, more, code in REFUSED:
        with pytest.raises(ec2.exceptions.ClientError, match=code):
            create(ec2, acl, number, **more)
    assert described(ec2, acl) == before


def test_what_is_not_there_is_refused_by_each_call(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    acl = acl_of(ec2)
    for call, more in ((ec2.replace_network_acl_entry, SSH), (ec2.delete_network_acl_entry, {})):
        with pytest.raises(ec2.exceptions.ClientError, match=r"InvalidNetworkAclEntry\.NotFound"):
            call(NetworkAclId=acl, RuleNumber=1, Egress=False, **more)
        with pytest.raises(ec2.exceptions.ClientError, match=r"InvalidNetworkAclID\.NotFound"):
            call(NetworkAclId=MISSING, RuleNumber=1, Egress=False, **more)
    with pytest.raises(ec2.exceptions.ClientError, match=r"InvalidNetworkAclId\.Malformed"):
        ec2.describe_network_acls(NetworkAclIds=["acl-x"])


def test_a_direction_takes_twenty_entries(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    acl = acl_of(ec2)
    for number in range(1, 21):
        create(ec2, acl, number)
    create(ec2, acl, 21, Egress=True)
    with pytest.raises(ec2.exceptions.ClientError, match="NetworkAclEntryLimitExceeded"):
        create(ec2, acl, 21)


def test_acls_are_listed_in_pages_and_by_filters(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    acls = {acl_of(ec2), acl_of(ec2)}
    pages = list(ec2.get_paginator("describe_network_acls").paginate(PaginationConfig={"PageSize": 5}))
    assert acls <= {each["NetworkAclId"] for page in pages for each in page["NetworkAcls"]}
    by_id = [{"Name": "network-acl-id", "Values": [*acls, MISSING]}, {"Name": "default", "Values": ["false"]}]
    assert {each["NetworkAclId"] for each in ec2.describe_network_acls(Filters=by_id)["NetworkAcls"]} == acls
    (first, *_) = acls
    ec2.create_tags(Resources=[first], Tags=[{"Key": "Name", "Value": "web"}])
    assert described(ec2, first)["Tags"] == [{"Key": "Name", "Value": "web"}]


def test_the_record_of_an_entry_has_cloudtrails_own_names(aws: EmbeddedAws) -> None:
    ec2 = client(aws, "ec2")
    acl = acl_of(ec2)
    create(ec2, acl)
    create(ec2, acl, 7, Protocol="-1", PortRange=None)
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=7, Egress=False)
    details = [each["detail"] for each in aws.events if "NetworkAclEntry" in each["detail"]["eventName"]]
    about = {"networkAclId": acl, "egress": False}
    said = {**about, "ruleAction": "allow", "cidrBlock": "0.0.0.0/0", "icmpTypeCode": {}}
    assert [each["requestParameters"] for each in details] == [
        {**said, "ruleNumber": 100, "aclProtocol": "6", "portRange": {"from": 22, "to": 22}},
        {**said, "ruleNumber": 7, "aclProtocol": "-1", "portRange": {}},
        {**about, "ruleNumber": 7},
    ]
    assert all(each["responseElements"]["_return"] is True for each in details)
