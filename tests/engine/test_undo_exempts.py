"""An undo exempts exactly what it restores, by what the rules say; everything else of the group is mended as before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import UndoIncomplete, UndoRefused
from cloudmend.core.exempting import Where
from cloudmend.core.model import Record
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from properties.test_promises import without_ids
from random_groups import groups, make
from support import Account, ingress, ipv4, ipv6, policy
from undoing import GROUNDS, WORLD, entry, exemptions, mended_group, refuse, rule_of, undone


def sweep(account: Account) -> tuple[Record, ...]:
    return engine.sweep(controls=[CONTROL], policy=policy(), world=account.world).records


def test_another_opening_of_the_group_is_mended_while_what_was_restored_stays() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    account.ec2.authorize_security_group_ingress(
        GroupId=group_id, IpPermissions=[ipv4(23, WORLD), ipv6(22, "::/0"), ipv4(3389, WORLD)]
    )
    record = account.mend(group_id, guarded_ports="22,23,3389")
    assert record.status == "mended"
    assert ingress(account.rules(group_id)) == {
        ("tcp", 22, 22, WORLD),
        ("tcp", 3389, 3389, "128.0.0.0/1"),
        ("tcp", 23, 23, "10.0.0.0/8"),
        ("tcp", 22, 22, "fd00::/8"),
        ("tcp", 3389, 3389, "10.0.0.0/8"),
    }


def test_the_sweep_leaves_open_what_was_restored_and_mends_the_rest() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    (left_open,) = sweep(account)
    assert left_open.status == "exempt"
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv6(22, "::/0")])
    (mended,) = sweep(account)
    assert (mended.status, [edit.before for edit in mended.edits]) == ("mended", ["tcp/22 from ::/0"])
    assert ("tcp", 22, 22, WORLD) in ingress(account.rules(group_id))


def test_a_rule_that_says_the_same_stays_exempt_under_another_id() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    old = rule_of(account, group_id, 22)["SecurityGroupRuleId"]
    account.ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=[old])
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, WORLD)])
    assert rule_of(account, group_id, 22)["SecurityGroupRuleId"] != old
    assert account.mend(group_id).status == "exempt"


def test_an_exempt_rule_that_is_widened_keeps_its_id_and_is_mended() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    row = rule_of(account, group_id, 22)
    update = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "CidrIpv4": WORLD}
    account.ec2.modify_security_group_rules(
        GroupId=group_id,
        SecurityGroupRules=[{"SecurityGroupRuleId": row["SecurityGroupRuleId"], "SecurityGroupRule": update}],
    )
    assert account.mend(group_id).status == "mended"
    assert ("tcp", 0, 65535, "10.0.0.0/8") in ingress(account.rules(group_id))


def test_a_prefix_list_that_grows_after_the_undo_is_not_exempt_and_is_mended() -> None:
    account = Account()
    offices = prefix_list(account, "16.0.0.0/8")
    group_id = account.group(refers(22, offices))
    undone(account, account.mend(group_id).entry_id)
    assert exemptions(account)[0].parts == (f"tcp/22 from {offices} in version 1",)
    assert account.mend(group_id).status == "exempt"
    account.ec2.modify_managed_prefix_list(PrefixListId=offices, CurrentVersion=1, AddEntries=[{"Cidr": "0.0.0.0/1"}])
    assert account.mend(group_id).status == "mended"
    assert ingress(account.rules(group_id)) == set()


def test_who_exempts_a_prefix_list_whatever_it_becomes_says_so_without_a_version() -> None:
    account = Account()
    offices = prefix_list(account, "16.0.0.0/8")
    group_id = account.group(refers(22, offices))
    exemption = GROUNDS.exemption(
        "exempt-1a2b3c4d", Where(group=group_id), account.clock.now(), (f"tcp/22 from {offices}",)
    )
    account.ledger.exempt(exemption)
    account.ec2.modify_managed_prefix_list(PrefixListId=offices, CurrentVersion=1, AddEntries=[{"Cidr": "0.0.0.0/1"}])
    assert account.mend(group_id).status == "exempt"


def test_the_same_rule_of_another_group_is_not_exempt() -> None:
    account = Account()
    _, record_id = mended_group(account)
    undone(account, record_id)
    assert account.mend(account.group(ipv4(22, WORLD))).status == "mended"


@given(groups)
def test_whatever_is_undone_the_next_look_leaves_it_as_it_is_and_nothing_more(
    permissions: list[dict[str, Any]],
) -> None:
    account = Account()
    group_id = make(account, permissions)
    before = account.rules(group_id)
    record_id = account.mend(group_id).entry_id
    if not record_id:
        return  # nothing was at fault
    undone(account, record_id)
    assert account.mend(group_id).status == "exempt"
    assert without_ids(account.rules(group_id)) == without_ids(before)
    (exemption,) = exemptions(account)
    assert len(exemption.parts or ()) == len(entry(account, record_id).ended.record.edits)  # type: ignore[union-attr]
    account.ledger.remove_exemption(record_id)
    assert account.mend(group_id).status == "mended"


def test_where_nothing_is_restored_nothing_is_exempt() -> None:
    account = Account()
    group_id = account.group(ipv4(3389, "128.0.0.0/1"))
    rule_id = rule_of(account, group_id, 3389)["SecurityGroupRuleId"]

    def first(_: Mapping[str, Any]) -> None:
        account.groups.before.clear()
        account.groups.unhindered(
            "RevokeSecurityGroupIngress", {"GroupId": group_id, "SecurityGroupRuleIds": [rule_id]}
        )

    account.groups.before["RevokeSecurityGroupIngress"] = first
    record_id = account.mend(group_id).entry_id
    with pytest.raises(UndoRefused, match=r"There is nothing to undo for sg-.*because somebody else had revoked it"):
        undone(account, record_id)
    assert exemptions(account) == ()
    assert entry(account, record_id).state == "DONE"


def test_whoever_exempts_the_whole_group_exempts_every_rule_of_it() -> None:
    account = Account()
    group_id, _ = mended_group(account)
    account.ledger.exempt(GROUNDS.exemption("exempt-1a2b3c4d", Where(group=group_id), account.clock.now()))
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv6(22, "::/0")])
    assert account.mend(group_id).status == "exempt"


def test_an_exemption_that_stands_after_a_failure_is_told_with_the_way_to_end_it() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    refuse(account, "DescribeSecurityGroupRules", times=9, after=1)
    with pytest.raises(UndoIncomplete, match="may be as it was, which could not be read or recorded") as incomplete:
        undone(account, record_id)
    assert f"Exemption {record_id} stands until 2026-11-24 09:00 UTC; cloudmend exempt remove, with the" in str(
        incomplete.value
    )
    assert len(exemptions(account)) == 1
    account.groups.before.clear()
    undone(account, record_id)
    account.clock.time += timedelta(hours=3)
    assert account.mend(group_id).status == "mended"
