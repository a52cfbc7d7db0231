"""A stored mend of a group, read back rule by rule: trusted whole, or refused with what contradicts what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.mended import MendedRule, mended_rules
from cloudmend.controls.security_group_ingress.recorded import ListState
from cloudmend.core.errors import UndoRefused
from cloudmend.core.model import Edit, Intent, Record, Request, Resource
from ledgers.values import intent, record
from support import ACCOUNT, REGION

SG = "sg-0ce22d5f105b9f34f"
TYPE = "AWS::EC2::SecurityGroup"
TAGS = [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]
PORTS = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


def row(rule_id: str, **fields: Any) -> dict[str, Any]:
    own = {"SecurityGroupRuleId": rule_id, "GroupId": SG, "GroupOwnerId": ACCOUNT, "IsEgress": False}
    return {**own, **PORTS, **fields}


NARROWED = row("sgr-1", CidrIpv4="0.0.0.0/0", Description="all", Tags=TAGS)
REVOKED = row("sgr-2", CidrIpv4="128.0.0.0/2", Description="half", Tags=TAGS)
LISTED = row("sgr-3", PrefixListId="pl-1")
OTHER = row("sgr-4", CidrIpv4="8.8.8.8/32")
LEFT = {**NARROWED, "CidrIpv4": "10.0.0.0/8"}
LISTS = [{"PrefixListId": "pl-1", "Version": 3}]
BEFORE = {
    "SecurityGroupRules": [NARROWED, REVOKED, LISTED, OTHER],
    "PrefixLists": LISTS,
    "PrefixListEntries": {"pl-1": [{"Cidr": "0.0.0.0/0"}]},
}


def said(each: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "Description")
    return {key: each[key] for key in fields if key in each}


def modify(each: Mapping[str, Any]) -> Request:
    update = {"SecurityGroupRuleId": each["SecurityGroupRuleId"], "SecurityGroupRule": said(each)}
    return Request("ec2:ModifySecurityGroupRules", {"GroupId": SG, "SecurityGroupRules": [update]})


def authorize(*, tags: bool = True, **source: Any) -> Request:
    tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": TAGS}]} if tags else {}
    permission = {**PORTS, **source}
    return Request("ec2:AuthorizeSecurityGroupIngress", {"GroupId": SG, "IpPermissions": [permission], **tagged})


def revoke(*ids: str) -> Request:
    return Request("ec2:RevokeSecurityGroupIngress", {"GroupId": SG, "SecurityGroupRuleIds": list(ids)})


BACK = (
    modify(NARROWED),
    authorize(IpRanges=[{"CidrIp": "128.0.0.0/2", "Description": "half"}]),
    authorize(tags=False, PrefixListIds=[{"PrefixListId": "pl-1"}]),
)
UNDO = tuple(request.command(REGION) for request in BACK)
EDITS = (
    Edit(part="sgr-1", before="tcp/22 from 0.0.0.0/0", after="tcp/22 from 10.0.0.0/8", did="narrowed", why=""),
    Edit(part="sgr-2", before="tcp/22 from 128.0.0.0/2", after="", did="revoked", why=""),
    Edit(part="sgr-3", before="tcp/22 from pl-1", after="", did="revoked", why=""),
)
INTENT = intent(SG, before=BEFORE, requests=(modify(LEFT), revoke("sgr-2", "sgr-3")), undo=UNDO)
RECORD = replace(record(group_id=SG), edits=EDITS, undo=UNDO)


def compared(each: Mapping[str, Any], *, tags: bool = True) -> Rule:
    kept = {key: value for key, value in each.items() if key not in ("GroupId", "GroupOwnerId", "Tags")}
    return Rule({**kept, "Tags": TAGS[::-1]} if tags else kept)


MENDED = (
    MendedRule(before=compared(NARROWED), left=Rule(LEFT), elsewhere=False, has_tags=True, prefix_list=None),
    MendedRule(before=compared(REVOKED), left=None, elsewhere=False, has_tags=True, prefix_list=None),
    MendedRule(
        before=compared(LISTED, tags=False),
        left=None,
        elsewhere=False,
        has_tags=True,
        prefix_list=ListState(3, frozenset({"0.0.0.0/0"})),
    ),
)


def bare(mended: MendedRule) -> MendedRule:
    """The same, with of the rule that was left only what a Modify says."""
    return replace(mended, left=mended.left and Rule({**said(mended.left.row)}))


def test_each_rule_is_read_with_what_was_left_of_it_its_tags_and_its_list() -> None:
    assert [bare(each) for each in mended_rules(INTENT, RECORD)] == [bare(each) for each in MENDED]


def test_tags_that_the_ledger_had_no_room_for_are_not_known() -> None:
    assert {each.has_tags for each in mended_rules(replace(INTENT, tags_left_out=True), RECORD)} == {False}


def test_a_rule_without_an_edit_was_removed_by_somebody_else_if_the_record_claims_all_that_was_done() -> None:
    partly = replace(RECORD, edits=EDITS[:1], undo=UNDO[:1])
    assert [each.elsewhere for each in mended_rules(INTENT, partly)] == [False, True, True]
    failed = mended_rules(INTENT, replace(partly, status="failed"))
    assert [(each.elsewhere, each.left and str(each.left)) for each in failed] == [
        (False, "tcp/22 from 10.0.0.0/8"),
        (False, None),
        (False, None),
    ]
    later = Edit(part="sgr-9", before="", after="", did="", why="")
    of_two = mended_rules(INTENT, replace(partly, edits=(later, *EDITS[:1])))
    assert [each.elsewhere for each in of_two] == [False, False, False]


def test_a_rule_that_was_to_be_narrowed_may_have_been_revoked_instead() -> None:
    instead = (replace(EDITS[0], after=""), *EDITS[1:])
    back = authorize(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "all"}]).command(REGION)
    found = mended_rules(INTENT, replace(RECORD, edits=instead, undo=(back, *UNDO[1:])))
    assert [each.left for each in found] == [None, None, None]


def test_commands_of_a_later_mend_are_not_this_one_s() -> None:
    other = authorize(IpRanges=[{"CidrIp": "1.0.0.0/8"}]).command(REGION)
    assert len(mended_rules(INTENT, replace(RECORD, undo=(*UNDO, other)))) == 3


def changed(**fields: Any) -> Intent:
    return replace(INTENT, **fields)


def image(*rows: Any) -> Intent:
    return changed(before={**BEFORE, "SecurityGroupRules": list(rows)})


NOT_SAME = "and the rules in its before-image are not the same"
SHAPE = "a part of it does not have the shape that cloudmend stores"


@pytest.mark.parametrize(
    ("of", "told", "problem"),
    [
        (
            changed(resource=Resource(type="AWS::SQS::Queue", id=SG)),
            RECORD,
            f"it is about AWS::SQS::Queue {SG}, which is not a security group",
        ),
        (
            changed(resource=Resource(type=TYPE, id="sg-x")),
            RECORD,
            f"it is about {TYPE} sg-x, which is not a security group",
        ),
        (image(NARROWED, NARROWED), RECORD, "its before-image holds a rule twice"),
        (
            changed(requests=(replace(modify(LEFT), params={**modify(LEFT).params, "GroupId": "sg-9"}),)),
            RECORD,
            f"it changed sg-9, and is about {SG}",
        ),
        (
            image({**NARROWED, "GroupId": "sg-9"}, REVOKED, LISTED),
            RECORD,
            f"sgr-1 is a rule of sg-9, and the record is about {SG}",
        ),
        (
            image({**NARROWED, "GroupOwnerId": "1"}, REVOKED, LISTED),
            RECORD,
            f"sgr-1 belongs to account 1, and the record belongs to {ACCOUNT}",
        ),
        (changed(undo=UNDO[:2]), RECORD, f"the commands that take it back {NOT_SAME}"),
        (changed(undo=(*UNDO, UNDO[1])), RECORD, f"the commands that take it back {NOT_SAME}"),
        (INTENT, replace(RECORD, undo=UNDO[:2]), f"the record's commands {NOT_SAME}"),
        (INTENT, replace(RECORD, edits=EDITS[:2]), f"the record's commands {NOT_SAME}"),
        (
            INTENT,
            replace(RECORD, edits=(*EDITS, EDITS[0])),
            ("its edit of sgr-1 says tcp/22 from 0.0.0.0/0 -> tcp/22 from 10.0.0.0/8, it was tcp/22 from 0.0.0.0/0"),
        ),
        (
            INTENT,
            replace(RECORD, edits=(EDITS[0], replace(EDITS[1], after="XXXX"), EDITS[2])),
            "its edit of sgr-2 says tcp/22 from 128.0.0.0/2 -> XXXX, it was tcp/22 from 128.0.0.0/2",
        ),
        (
            INTENT,
            replace(RECORD, edits=(EDITS[0], replace(EDITS[1], before="x"), EDITS[2])),
            "its edit of sgr-2 says x -> revoked, it was tcp/22 from 128.0.0.0/2",
        ),
        (
            INTENT,
            replace(RECORD, edits=(replace(EDITS[0], after="x"), *EDITS[1:])),
            "its edit of sgr-1 says tcp/22 from 0.0.0.0/0 -> x, it was tcp/22 from 0.0.0.0/0",
        ),
        (
            changed(requests=(modify({**REVOKED, "CidrIpv4": "0.0.0.0/0"}),)),
            RECORD,
            "its requests are not those that a mend makes from its before-image",
        ),
        (
            changed(requests=(revoke("sgr-9"),)),
            RECORD,
            "its requests are not those that a mend makes from its before-image",
        ),
        (image({**NARROWED, "FromPort": True}, REVOKED, LISTED), RECORD, f"{SHAPE} (TypeError: True in a rule)"),
        (
            replace(
                image({**NARROWED, "FromPort": 1, "ToPort": 1}, REVOKED, LISTED),
                requests=(modify({**LEFT, "FromPort": True, "ToPort": 1}),),
            ),
            RECORD,
            f"{SHAPE} (TypeError: True in a rule)",
        ),
        (changed(before={}), RECORD, f"{SHAPE} (KeyError: 'SecurityGroupRules')"),
        (
            changed(undo=("ls -l a b c d e", *UNDO[1:])),
            RECORD,
            "it holds a command that is not cloudmend's: ls -l a b c d e",
        ),
        (
            changed(undo=(UNDO[0].replace("aws ec2", "aws s3"), *UNDO[1:])),
            RECORD,
            f"it holds a command that is not cloudmend's: {UNDO[0].replace('aws ec2', 'aws s3')[:80]}",
        ),
        (
            changed(undo=(UNDO[0].replace(REGION, "us-east-1"), *UNDO[1:])),
            RECORD,
            f"it belongs to {REGION}, and one of its commands is for us-east-1",
        ),
        (
            changed(undo=(UNDO[0].replace("modify-security-group-rules", "delete-security-group"), *UNDO[1:])),
            RECORD,
            "its undo would call delete-security-group",
        ),
        (
            changed(undo=("aws ec2", *UNDO[1:])),
            RECORD,
            f"{SHAPE} (ValueError: not enough values to unpack (expected 7, got 2))",
        ),
    ],
)
def test_a_mend_that_contradicts_itself_is_refused_with_the_contradiction(
    of: Intent, told: Record, problem: str
) -> None:
    with pytest.raises(UndoRefused) as refused:
        mended_rules(of, told)
    assert str(refused.value) == (
        f"The record of this mend cannot be trusted: {problem}. It may have been changed in the ledger. Nothing was "
        f"changed. Look up in CloudTrail what was done to {of.resource.label}, and restore it by hand."
    )


def test_an_empty_description_is_none() -> None:
    back = authorize(IpRanges=[{"CidrIp": "128.0.0.0/2"}]).command(REGION)
    undo = (UNDO[0], back, UNDO[2])
    without = image(NARROWED, {**REVOKED, "Description": ""}, LISTED)
    assert len(mended_rules(replace(without, undo=undo), replace(RECORD, undo=undo))) == 3


def test_a_rule_without_an_owner_is_the_account_s() -> None:
    rows = [
        {key: value for key, value in each.items() if key != "GroupOwnerId"} for each in (NARROWED, REVOKED, LISTED)
    ]
    assert len(mended_rules(image(*rows), RECORD)) == 3


def test_an_account_that_the_ledger_does_not_have_contradicts_none() -> None:
    assert len(mended_rules(changed(account=""), RECORD)) == 3
