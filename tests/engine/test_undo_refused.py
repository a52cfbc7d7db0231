"""What may not be undone: changed since, of another place, not ended. Nothing is written, and the sentence says why."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cloudmend.core.errors import CloudmendError, LedgerError, UndoIncomplete, UndoRefused, WrongState
from cloudmend.engine.undo import undo
from support import Account, ipv4
from undoing import ALICE, GROUNDS, WORLD, entry, exemptions, mended_group, rule_of, undone


def modify(account: Account, row: dict[str, Any], **fields: Any) -> None:
    kept = {key: row[key] for key in ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "Description") if key in row}
    update = {"SecurityGroupRuleId": row["SecurityGroupRuleId"], "SecurityGroupRule": kept | fields}
    account.ec2.modify_security_group_rules(GroupId=row["GroupId"], SecurityGroupRules=[update])


def edit_source(account: Account, group_id: str) -> None:
    modify(account, rule_of(account, group_id, 22), CidrIpv4="192.168.0.0/16")


def edit_description(account: Account, group_id: str) -> None:
    modify(account, rule_of(account, group_id, 22), Description="closed for good")


def edit_tags(account: Account, group_id: str) -> None:
    rule_id = rule_of(account, group_id, 22)["SecurityGroupRuleId"]
    account.ec2.create_tags(Resources=[rule_id], Tags=[{"Key": "keep", "Value": "closed"}])


def revoke(account: Account, group_id: str) -> None:
    rule_id = rule_of(account, group_id, 22)["SecurityGroupRuleId"]
    account.ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=[rule_id])


def add_again(account: Account, group_id: str) -> None:
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, WORLD)])


def add_the_revoked_one_otherwise(account: Account, group_id: str) -> None:
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(3389, "128.0.0.0/1")])


@pytest.mark.parametrize(
    ("third_party", "difference"),
    [
        (edit_source, 'expected tcp/22 from 10.0.0.0/8, described as "open to all", is tcp/22 from 192.168.0.0/16'),
        (edit_description, 'is tcp/22 from 10.0.0.0/8, described as "closed for good"'),
        (edit_tags, 'is tcp/22 from 10.0.0.0/8, described as "open to all", tagged keep=closed'),
        (revoke, 'expected tcp/22 from 10.0.0.0/8, described as "open to all", is no such rule'),
        (add_again, "expected no rule for tcp/22 from 0.0.0.0/0, is sgr-"),
        (add_the_revoked_one_otherwise, "expected no rule for tcp/3389 from 128.0.0.0/1, is sgr-"),
    ],
)
def test_after_a_third_party_s_edit_it_refuses_with_the_difference_and_changes_nothing(
    third_party: Any, difference: str
) -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    third_party(account, group_id)
    rows = account.rules(group_id)
    with pytest.raises(UndoRefused) as refused:
        undone(account, record_id)
    assert difference in str(refused.value)
    assert account.rules(group_id) == rows
    assert exemptions(account) == ()
    assert entry(account, record_id).state == "DONE"


@pytest.mark.parametrize(
    ("caller", "region", "said"),
    [
        ("arn:aws:iam::123456789012:user/eve", "eu-west-1", "was mended in account 111122223333"),
        (ALICE, "us-east-1", "Pass --region eu-west-1."),
    ],
)
def test_another_account_or_region_than_the_mend_s_is_refused(caller: str, region: str, said: str) -> None:
    account = Account()
    _, record_id = mended_group(account)
    account.world = msgspec.structs.replace(account.world, region=region)
    with pytest.raises(UndoRefused, match=said):
        undone(account, record_id, caller=caller)
    assert exemptions(account) == ()


def test_only_what_has_ended_can_be_undone() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    intent = msgspec.structs.replace(entry(account, record_id).intent)
    under_way = account.ledger.intend(intent)
    with pytest.raises(WrongState, match="is still in progress, or crashed"):
        undone(account, under_way.id)
    with pytest.raises(LedgerError, match="There is no record"):
        undone(account, f"{group_id}/nothing")


def test_a_group_that_was_deleted_is_said_to_be_gone() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    label = account.label(group_id)
    account.ec2.delete_security_group(GroupId=group_id)
    with pytest.raises(UndoRefused) as refused:
        undone(account, record_id)
    assert str(refused.value).startswith(
        f"{label} does not exist in eu-west-1 any more: it was deleted, so there is nothing to restore. "
        "Nothing was changed."
    )
    assert exemptions(account) == ()


def test_a_group_without_any_rule_is_not_called_gone() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    for row in account.rules(group_id):
        way = "egress" if row["IsEgress"] else "ingress"
        revoke = getattr(account.ec2, f"revoke_security_group_{way}")
        revoke(GroupId=group_id, SecurityGroupRuleIds=[row["SecurityGroupRuleId"]])
    with pytest.raises(UndoRefused, match=r"is no longer as cloudmend left it .* is no such rule"):
        undone(account, record_id)


def test_a_group_that_is_deleted_while_it_is_restored_is_told_so() -> None:
    account = Account()
    group_id, record_id = mended_group(account)

    def delete(_: Any) -> None:
        account.groups.before.clear()
        account.groups.unhindered("DeleteSecurityGroup", {"GroupId": group_id})

    account.groups.before["AuthorizeSecurityGroupIngress"] = delete
    with pytest.raises(UndoIncomplete, match="Not restored: the resource, which was deleted"):
        undone(account, record_id)


def test_a_record_of_a_control_that_this_version_lacks_is_refused() -> None:
    account = Account()
    _, record_id = mended_group(account)
    with pytest.raises(CloudmendError, match="is of security_group_ingress, which this cloudmend does not have"):
        undo(record_id, GROUNDS, control_of=lacking, world=account.world, dry_run=False)


def lacking(control_id: str) -> Any:
    raise KeyError(control_id)
