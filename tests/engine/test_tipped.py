"""Which of several rules that are too wide together a mend takes: what the event names, then the youngest known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.model import Ignored, Record
from cloudmend.engine.sweep import sweep
from cloudmend.local.ec2.checks import Ec2Error
from support import Account, event, ingress, ipv4, policy

OLD = "11.0.0.0/12"  # exactly the limit: harmless until something is added
NEW = "8.8.8.8/32"
WORLD = "0.0.0.0/0"


def add(account: Account, group_id: str, cidr: str, port: int = 22) -> str:
    """A rule from this range; its id."""
    answer = account.groups.unhindered(
        "AuthorizeSecurityGroupIngress", {"GroupId": group_id, "IpPermissions": [ipv4(port, cidr)]}
    )
    return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def authorized(group_id: str, *rule_ids: str) -> dict[str, Any]:
    """The event of a call that added these rules."""
    rows = [{"groupId": group_id, "securityGroupRuleId": rule_id} for rule_id in rule_ids]
    return event(group_id, responseElements={"securityGroupRuleSet": {"items": rows}})


def sources(account: Account, group_id: str) -> set[str]:
    return {source for *_, source in ingress(account.rules(group_id))}


def swept(account: Account) -> Record:
    (record,) = sweep(controls=[CONTROL], policy=policy(), world=account.world).records
    return record


def test_a_harmless_rule_beside_a_wide_one_does_not_revoke_the_wide_one_that_was_there() -> None:
    account = Account()
    group_id = account.group(ipv4(22, OLD))
    record = account.respond(authorized(group_id, add(account, group_id, NEW)))
    assert record.status == "mended"
    assert sources(account, group_id) == {OLD}
    assert "the event names this rule, so it goes first" in record.edits[0].why


def test_of_several_rules_that_one_call_adds_only_as_many_go_as_it_takes() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "11.0.0.0/13"))
    added = [add(account, group_id, cidr) for cidr in ("12.0.0.0/13", "13.0.0.0/13")]
    account.respond(authorized(group_id, *added))
    assert len(sources(account, group_id)) == 2
    assert "11.0.0.0/13" in sources(account, group_id)


def test_a_prefix_list_that_grew_costs_the_rule_that_refers_to_it() -> None:
    account = Account()
    made = account.ec2.create_managed_prefix_list(
        PrefixListName="partners", AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": NEW}]
    )["PrefixList"]
    refers = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "PrefixListIds": [{"PrefixListId": made["PrefixListId"]}],
    }
    group_id = account.group(ipv4(22, OLD), refers)
    request = {"ModifyManagedPrefixListRequest": {"PrefixListId": made["PrefixListId"]}}
    record = account.respond(event(group_id, "ModifyManagedPrefixList", requestParameters=request))
    assert record.status == "mended"
    assert sources(account, group_id) == {OLD}


def test_without_an_event_the_widest_goes_and_the_reason_says_why() -> None:
    account = Account()
    group_id = account.group(ipv4(22, OLD, NEW))
    record = swept(account)
    assert sources(account, group_id) == {NEW}
    assert "which of the rules is new is not known, so the widest go first" in record.edits[0].why


def test_a_rule_that_the_last_mend_did_not_see_is_younger_than_one_that_it_saw() -> None:
    account = Account()
    group_id = account.group(ipv4(22, OLD), ipv4(3389, WORLD))
    assert account.mend(group_id).status == "mended"
    add(account, group_id, NEW)
    record = swept(account)
    assert OLD in sources(account, group_id)
    assert NEW not in sources(account, group_id)
    assert "this rule is younger than others, so it goes first" in record.edits[0].why


def test_what_is_opened_while_a_mend_goes_on_is_younger_than_what_was_there() -> None:
    account = Account()
    group_id = account.group(ipv4(22, OLD), ipv4(3389, WORLD))

    def open_meanwhile(_: Mapping[str, Any]) -> None:
        account.groups.after.clear()
        add(account, group_id, NEW)

    account.groups.after["ModifySecurityGroupRules"] = open_meanwhile
    account.mend(group_id)
    assert [record.status for record in account.records] == ["mended", "mended"]
    assert OLD in sources(account, group_id)
    assert NEW not in sources(account, group_id)


def test_a_rule_that_was_narrowed_and_opened_again_is_not_taken_for_an_old_one() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "11.0.0.0/13"))
    mended = add(account, group_id, "8.0.0.0/5")
    account.respond(authorized(group_id, mended))
    row = next(row for row in account.rules(group_id) if row["SecurityGroupRuleId"] == mended)
    fields = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "8.0.0.0/13", "Description": ""}
    assert row["CidrIpv4"] == "10.0.0.0/8"
    update = {"SecurityGroupRuleId": mended, "SecurityGroupRule": fields}
    account.ec2.modify_security_group_rules(GroupId=group_id, SecurityGroupRules=[update])
    add(account, group_id, "9.0.0.0/32")
    swept(account)
    assert "11.0.0.0/13" in sources(account, group_id)


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InternalError"])
def test_where_aws_refuses_to_mend_the_named_rule_nothing_else_goes_and_it_is_not_told_as_mended(code: str) -> None:
    account = Account()
    group_id = account.group(ipv4(22, OLD))

    def refuse(_: Mapping[str, Any]) -> None:
        raise Ec2Error(code, "refused", 403)

    named = add(account, group_id, NEW)
    account.groups.before |= dict.fromkeys(("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"), refuse)
    record = account.respond(authorized(group_id, named))
    assert record.status in ("open", "failed")
    assert [finding.part for finding in record.remaining] == [named]
    assert sources(account, group_id) == {OLD, NEW}


def test_an_event_that_names_a_rule_which_is_gone_names_nothing() -> None:
    account = Account()
    group_id = account.group(ipv4(22, OLD, NEW))
    (record,) = account.handle(authorized(group_id, "sgr-0123456789abcdef0"))
    assert not isinstance(record, Ignored)
    assert sources(account, group_id) == {NEW}
