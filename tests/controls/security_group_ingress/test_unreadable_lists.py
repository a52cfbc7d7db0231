"""A prefix list that cannot be read costs itself alone: all else is mended, and it is told that it was not judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from itertools import islice
from typing import Any

import pytest

from cli.explain.test_explain import explained
from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.model import Record
from cloudmend.core.notice.finding import import_findings
from cloudmend.core.notice.wording import headline, why_unchanged
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.model import Entry, PrefixList
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from support import NOW, REGION, Account, ingress, ipv4, policy

WORLD = "0.0.0.0/0"
CLOSED_SSH = ("tcp", 22, 22, "10.0.0.0/8")
OTHER = "444455556666"
OFFICES = PrefixList("pl-0123456789abcdef0", "offices", "IPv4", OTHER, 5, ((Entry("198.51.100.0/24"),),))
REVOKE = 'control.security_group_ingress.unreadable_prefix_lists = "revoke"\n'
WRITES = ("ec2:ModifySecurityGroupRules", "ec2:RevokeSecurityGroupIngress")


def answering(code: str, status: int = 400, when: Callable[[Mapping[str, Any]], bool] = lambda _: True) -> Any:
    def refuse(params: Mapping[str, Any]) -> None:
        if when(params):
            raise Ec2Error(code, "refused by the test", status)

    return refuse


def no_longer_shared(*permissions: Mapping[str, Any]) -> tuple[Account, str]:
    """A group with these permissions, and one of tcp/3389 from a list that its owner does not share any more."""
    account = Account()
    account.groups.share(OFFICES)
    group_id = account.group(*permissions, refers(3389, OFFICES.id))
    account.groups.unshare(OFFICES.id)
    return account, group_id


def denied(account: Account) -> None:
    account.groups.before["GetManagedPrefixListEntries"] = answering("UnauthorizedOperation", 403)


def not_described(account: Account) -> None:
    account.groups.before["DescribeManagedPrefixLists"] = answering("UnauthorizedOperation", 403)


def unshared(account: Account) -> None:
    account.groups.unshare(OFFICES.id)


UNREADABLE = [unshared, denied, not_described]


@pytest.mark.parametrize("become_unreadable", UNREADABLE)
def test_the_other_rules_of_its_group_are_mended_at_once(become_unreadable: Callable[[Account], None]) -> None:
    account = Account()
    account.groups.share(OFFICES)
    group_id = account.group(ipv4(22, WORLD), refers(3389, OFFICES.id))
    become_unreadable(account)
    record = account.mend(group_id)
    assert record.status == "mended"
    assert ingress(account.rules(group_id)) == {CLOSED_SSH, ("tcp", 3389, 3389, OFFICES.id)}
    assert "Besides, it is not known whom tcp/3389 from pl-0123456789abcdef0 admits" in record.summary
    (left,) = record.remaining
    assert "unreadable_prefix_lists is report" in left.restraint
    assert account.clock.now() == NOW, "the proof waited for what it cannot read"


@pytest.mark.parametrize("become_unreadable", UNREADABLE)
def test_a_group_whose_list_cannot_be_read_is_reported_and_never_clean(
    become_unreadable: Callable[[Account], None],
) -> None:
    account = Account()
    account.groups.share(OFFICES)
    group_id = account.group(refers(3389, OFFICES.id))
    become_unreadable(account)
    record = account.mend(group_id)
    assert (record.status, record.edits, account.intents) == ("observed", (), [])
    assert "it is not known whom tcp/3389 from pl-0123456789abcdef0 admits, because the prefix" in record.summary
    assert "Nothing was changed: unreadable_prefix_lists is report; revoke the rule" in record.summary
    assert headline(record) == f"cloudmend reports {account.label(group_id)}"
    assert "whatever the mode: unreadable_prefix_lists is report" in why_unchanged(record)


def test_people_and_security_hub_are_told_that_it_may_be_open() -> None:
    account, group_id = no_longer_shared()
    (request,) = import_findings(account.mend(group_id), REGION, NOW)
    (finding,) = request.params["Findings"]
    assert finding["Compliance"]["Status"] == "WARNING"
    assert finding["Title"].startswith(f"{account.label(group_id)} may be open to the world")


def test_the_reason_is_aws_s_own() -> None:
    account, group_id = no_longer_shared()
    (finding,) = account.mend(group_id).findings
    told = "AWS answered InvalidPrefixListID.NotFound (The prefix list (pl-0123456789abcdef0) does not exist)"
    assert finding.why.endswith(told)


def test_one_list_of_several_does_not_hide_the_others() -> None:
    account = Account()
    account.groups.share(OFFICES)
    world, harmless = prefix_list(account, WORLD), prefix_list(account, "10.0.0.0/8")
    group_id = account.group(refers(22, world, OFFICES.id, harmless))
    account.groups.unshare(OFFICES.id)
    record = account.mend(group_id)
    assert record.status == "mended"
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, OFFICES.id), ("tcp", 22, 22, harmless)}


def test_where_the_policy_says_so_its_rule_is_revoked_and_can_be_given_back() -> None:
    account, group_id = no_longer_shared(ipv4(22, WORLD))
    record = account.mend(group_id, file=REVOKE)
    assert record.status == "mended"
    assert ingress(account.rules(group_id)) == {CLOSED_SSH}
    assert any(OFFICES.id in command and "authorize" in command for command in record.undo)


def test_a_list_that_holds_the_world_as_far_as_it_was_read_costs_its_rule() -> None:
    account = Account(rule_quota=300)
    entries = [str(each) for each in islice(IPv4Network("11.0.0.0/8").subnets(new_prefix=20), 99)]
    world = prefix_list(account, WORLD, *entries)
    account.ec2.modify_managed_prefix_list(PrefixListId=world, MaxEntries=200)
    account.ec2.modify_managed_prefix_list(PrefixListId=world, AddEntries=[{"Cidr": "12.0.0.0/8"}], CurrentVersion=1)
    group_id = account.group(refers(22, world))
    second_page = answering("InternalError", 500, when=lambda params: "NextToken" in params)
    account.groups.before["GetManagedPrefixListEntries"] = second_page
    assert account.mend(group_id).status == "mended"
    assert ingress(account.rules(group_id)) == set()


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError"])
@pytest.mark.parametrize("file", ["", REVOKE])
def test_a_list_that_aws_only_fails_to_show_now_is_tried_again_and_costs_no_rule(code: str, file: str) -> None:
    account = Account()
    offices = prefix_list(account, "198.51.100.0/24")
    group_id = account.group(ipv4(22, WORLD), refers(3389, offices))
    account.groups.before["GetManagedPrefixListEntries"] = answering(code, 503)
    record = account.mend(group_id, file=file)
    assert record.status == "failed"
    assert "narrowed tcp/22 from 0.0.0.0/0" in record.summary
    assert record.summary.endswith("It is tried again.")
    assert ingress(account.rules(group_id)) == {CLOSED_SSH, ("tcp", 3389, 3389, offices)}
    assert account.mend(group_id, file=file).status == "failed"
    account.groups.before.clear()
    assert account.mend(group_id, file=file).status == "clean"


def test_an_exemption_of_the_group_holds_for_it() -> None:
    account, group_id = no_longer_shared()
    exemption = f'[[exemption]]\nresource = "{group_id}"\nowner = "us"\nreason = "a vendor"\nexpires = 2026-12-01\n'
    assert account.mend(group_id, file=exemption).status == "exempt"


def test_the_before_image_says_what_was_not_read() -> None:
    account, group_id = no_longer_shared(ipv4(22, WORLD))
    account.mend(group_id)
    (intent,) = account.intents
    assert "InvalidPrefixListID.NotFound" in intent.before["UnreadPrefixLists"][OFFICES.id]


def sweep(account: Account) -> dict[str, Record]:
    account.calls.clear()
    swept = engine.sweep(controls=[CONTROL], policy=policy(), world=account.world)
    return {record.resource.id: record for record in swept.records}


def test_a_sweep_mends_the_rest_of_the_region_and_reports_it() -> None:
    account, unjudged = no_longer_shared()
    opened = [account.group(ipv4(22, WORLD)) for _ in range(3)]
    records = sweep(account)
    assert {group: records[group].status for group in opened} == dict.fromkeys(opened, "mended")
    assert (records[unjudged].status, records[unjudged].missed) == ("observed", False)
    assert REGION not in records, "the Region was called clean"


def test_a_list_that_many_groups_refer_to_is_asked_for_once() -> None:
    account = Account()
    account.groups.share(OFFICES)
    groups = [account.group(refers(3389, OFFICES.id)) for _ in range(5)]
    account.groups.unshare(OFFICES.id)
    assert set(sweep(account)) == set(groups)
    assert account.calls.count("ec2:GetManagedPrefixListEntries") == 1


def test_it_is_explained() -> None:
    account, group_id = no_longer_shared(ipv4(22, WORLD))
    told = explained(account, group_id, policy())
    assert "tcp/3389 from pl-0123456789abcdef0: may admit anybody, because ec2:GetManagedPrefix" in told
    assert "is only reported (unreadable_prefix_lists is report; revoke the rule" in told
    assert "AWS itself owns" not in told
