"""What the control of security groups asks AWS, and what it makes of the answers: the group, its lists, its VPC."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.expand import PREFIX_LIST
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Unread
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import State
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.model import Request, Resource
from controls.security_group_ingress.test_contract import OTHER, SG, Answers, row, view
from support import ACCOUNT


def test_groups_are_read_together_each_with_its_rules_name_vpc_and_owner() -> None:
    described = {"GroupId": SG.id, "GroupName": "web", "VpcId": "vpc-1", "OwnerId": "123456789012"}
    empty = {**described, "GroupId": OTHER.id}
    gone = replace(SG, id="sg-0aaaaaaaaaaaaaaaa")
    rule, egress = row(1), row(2, IsEgress=True)
    reader: Any = Answers(DescribeSecurityGroupRules=[egress, rule], DescribeSecurityGroups=[empty, described])
    assert CONTROL.read_many
    found = CONTROL.read_many([SG, OTHER, gone], reader, Settings())
    assert list(found) == [SG.id, OTHER.id]
    labels = {"name": "web", "vpc": "vpc-1"}
    assert found[SG.id] == State({"sgr-1": rule}, context=found[SG.id].context, owner=ACCOUNT, labels=labels)
    assert found[OTHER.id] == State({}, context=found[OTHER.id].context, owner="123456789012", labels=labels)
    facts: GroupFacts = found[SG.id].context
    assert facts.group_id == SG.id
    assert facts.image == {
        "SecurityGroupRules": [rule, egress],
        "PrefixLists": [],
        "PrefixListEntries": {},
        "SecurityGroups": [described],
    }
    assert [each.id for each in facts.rules] == ["sgr-1", "sgr-2"]
    filters = [{"Name": "group-id", "Values": sorted([SG.id, OTHER.id, gone.id])}]
    assert [(asked.action, asked.params["Filters"], key) for asked, key in reader.asked] == [
        ("ec2:DescribeSecurityGroupRules", filters, "SecurityGroupRules"),
        ("ec2:DescribeSecurityGroups", filters, "SecurityGroups"),
    ]


def test_a_group_that_an_event_names_stands_for_itself() -> None:
    reader: Any = Answers()
    assert CONTROL.every
    assert list(CONTROL.every(SG, reader, Settings())) == [SG]


def test_a_list_that_an_event_names_stands_for_the_groups_that_refer_to_it() -> None:
    rows: list[Any] = [
        {"ResourceId": OTHER.id, "ResourceOwner": "123456789012"},
        {"ResourceId": SG.id},
        {"ResourceId": "tgw-1", "ResourceOwner": ACCOUNT},
        {},
    ]
    groups = [
        replace(OTHER, account="123456789012", region="", parts=("pl-1",)),
        replace(SG, account="", region="", parts=("pl-1",)),
    ]
    listed = Resource(type=PREFIX_LIST, id="pl-1")
    reader: Any = Answers(GetManagedPrefixListAssociations=rows)
    assert CONTROL.every
    assert list(CONTROL.every(listed, reader, Settings())) == sorted(groups, key=lambda group: group.id)
    asked = Request("ec2:GetManagedPrefixListAssociations", {"PrefixListId": "pl-1"})
    assert reader.asked == [(asked, "PrefixListAssociations")]
    failed = AwsError("No answer.", action="", code="", refused=False)
    failed.rows = rows[:1]
    reader.refusals["GetManagedPrefixListAssociations"] = failed
    partly = iter(CONTROL.every(listed, reader, Settings()))
    assert next(partly) == groups[0]
    with pytest.raises(CloudmendError, match=r"^not all of its groups were looked at, because No answer\.$"):
        next(partly)


def test_a_group_whose_rules_alone_are_shown_has_no_labels() -> None:
    """A read may come between the two answers."""
    part = replace(SG, parts=("sgr-1",))
    reader: Any = Answers(DescribeSecurityGroupRules=[row(1)], DescribeSecurityGroups=[])
    found = CONTROL.read(part, reader, Settings())
    assert found is not None
    assert (found.labels, found.owner, found.context.name) == ({}, ACCOUNT, "")
    bare: Any = Answers(DescribeSecurityGroupRules=[], DescribeSecurityGroups=[{"GroupId": SG.id}])
    of_nobody = CONTROL.read(SG, bare, Settings())
    assert of_nobody is not None
    assert (of_nobody.owner, of_nobody.labels) == ("", {"name": "", "vpc": ""})
    assert found.context.recency.named == {"sgr-1"}
    assert found.context.image["SecurityGroups"] == []


def test_a_proof_reads_the_rules_and_their_lists_and_keeps_the_rest() -> None:
    kept = {"GroupId": SG.id, "GroupName": "web", "VpcId": "vpc-1"}
    first: Any = Answers(DescribeSecurityGroupRules=[row(1)], DescribeSecurityGroups=[kept])
    before = CONTROL.read(SG, first, Settings())
    assert before
    entries = [{"Cidr": "0.0.0.0/0"}]
    listed = {"PrefixListId": "pl-1", "OwnerId": ACCOUNT}
    now = {**row(2), "PrefixListId": "pl-1"}
    del now["CidrIpv4"]
    again: Any = Answers(
        DescribeSecurityGroupRules=[now], DescribeManagedPrefixLists=[listed], GetManagedPrefixListEntries=entries
    )
    assert CONTROL.read_again
    found = CONTROL.read_again([SG], {SG.id: before}, again, Settings())[SG.id]
    assert found.parts == {"sgr-2": now}
    assert (found.owner, found.labels) == (before.owner, before.labels)
    facts: GroupFacts = found.context
    assert (facts.name, facts.vpc_id, facts.image) == ("web", "vpc-1", before.context.image)
    assert list(map(str, facts.prefix_lists["pl-1"])) == ["0.0.0.0/0"]
    assert [each.id for each in facts.rules] == ["sgr-2"]


def test_the_lists_of_a_group_are_read_with_it() -> None:
    rule = {key: value for key, value in row(1, PrefixListId="pl-1").items() if key != "CidrIpv4"}
    reader: Any = Answers(
        DescribeSecurityGroupRules=[rule],
        DescribeSecurityGroups=[],
        DescribeManagedPrefixLists=[{"PrefixListId": "pl-1", "OwnerId": ACCOUNT}],
        GetManagedPrefixListEntries=[{"Cidr": "8.8.8.8/32"}],
    )
    found = CONTROL.read(SG, reader, Settings())
    assert found is not None
    assert list(map(str, found.context.prefix_lists["pl-1"])) == ["8.8.8.8/32"]


def test_a_list_that_a_proof_cannot_read_is_not_read() -> None:
    entry = {"PrefixListId": "pl-1", "OwnerId": ACCOUNT}
    rule = {key: value for key, value in row(1, PrefixListId="pl-1").items() if key != "CidrIpv4"}
    reader: Any = Answers(DescribeSecurityGroupRules=[rule], DescribeManagedPrefixLists=[entry])
    denied = AwsError("No.", action="ec2:GetManagedPrefixListEntries", code="UnauthorizedOperation", refused=True)
    reader.refusals["GetManagedPrefixListEntries"] = denied
    assert CONTROL.read_again
    found = CONTROL.read_again([SG], {SG.id: view(row(1)).state}, reader, Settings())[SG.id]
    assert found.context.unread_lists == {"pl-1": Unread("No.", lasts=True)}


def test_a_narrowing_to_the_vpcs_own_block_reads_the_vpc() -> None:
    described = {"GroupId": SG.id, "VpcId": "vpc-1"}
    vpc = {"CidrBlockAssociationSet": [{"CidrBlock": "172.31.0.0/16"}]}
    settings = Settings(replacement={4: "vpc", 6: "vpc"})
    reader: Any = Answers(DescribeSecurityGroupRules=[row(1)], DescribeSecurityGroups=[described], DescribeVpcs=[vpc])
    found = CONTROL.read(SG, reader, settings)
    assert found is not None
    assert list(map(str, found.context.vpc_blocks)) == ["172.31.0.0/16"]
    denied = AwsError("No.", action="ec2:DescribeVpcs", code="UnauthorizedOperation", refused=True)
    reader.refusals["DescribeVpcs"] = denied
    without = CONTROL.read(SG, reader, settings)
    assert without is not None
    assert (without.context.unread_vpc, without.context.vpc_blocks) == ("No.", ())
    reader.refusals["DescribeVpcs"] = AwsError("Later.", action="ec2:DescribeVpcs", code="Throttling", refused=True)
    with pytest.raises(AwsError, match="Later"):
        CONTROL.read(SG, reader, settings)


def test_rules_that_an_event_names_are_waited_for_by_their_ids_or_their_lists() -> None:
    named = [replace(SG, parts=("sgr-1",)), replace(OTHER, parts=("pl-1",))]
    reader: Any = Answers(DescribeSecurityGroupRules=[], DescribeSecurityGroups=[])
    assert CONTROL.read_many
    CONTROL.read_many(named, reader, Settings())
    (enough,) = reader.enough
    listed = {"SecurityGroupRuleId": "sgr-2", "PrefixListId": "pl-1"}
    assert [enough([row(1)]), enough([listed]), enough([row(1), listed]), enough([])] == [False, False, True, False]
