"""What cannot be read of a Region or of one resource costs itself alone: the rest is mended, and the record says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import count
from typing import Any

import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.model import Record
from cloudmend.core.policy.model import Policy
from cloudmend.core.standing import Unit
from cloudmend.local.ec2 import describe
from cloudmend.local.ec2.checks import Ec2Error
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from support import REGION, Account, event, ingress, ipv4, policy

WORLD = "0.0.0.0/0"
CLOSED_SSH = ("tcp", 22, 22, "10.0.0.0/8")
BY_VPC = '[control.security_group_ingress.replacement]\nipv4 = "vpc"\n'

Params = Mapping[str, Any]


def failing(when: Callable[[Params], bool], code: str = "InternalError", status: int = 500) -> Callable[[Params], None]:
    def fail(params: Params) -> None:
        if when(params):
            raise Ec2Error(code, "An internal error has occurred.", status)

    return fail


def beyond_the_first_page(params: Params) -> bool:
    return "NextToken" in params


def about(group_id: str, params: Params) -> bool:
    return any(group_id in each["Values"] for each in params.get("Filters", ()))


def swept(account: Account, by: Policy | None = None) -> dict[str, Record]:
    """The sweep's records, by resource."""
    account.calls.clear()
    records = engine.sweep(controls=[CONTROL], policy=by or policy(), world=account.world).records
    return {record.resource.id: record for record in records}


def test_a_region_s_list_that_breaks_off_leaves_what_came_before_it_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("cloudmend.controls.security_group_ingress.expand"), "_PAGE", 5)
    account = Account()
    groups = [account.group(ipv4(22, WORLD)) for _ in range(8)]
    account.groups.before["DescribeSecurityGroups"] = failing(beyond_the_first_page)
    records = swept(account)
    unread = records.pop(REGION)
    assert (unread.status, unread.severity) == ("failed", "high")
    assert "eu-west-1: not all of its groups were looked at, because ec2:DescribeSecurityGroups" in unread.summary
    assert records
    assert {record.status for record in records.values()} == {"mended"}
    closed = {group for group in groups if ingress(account.rules(group)) == {CLOSED_SSH}}
    assert closed == set(records)
    account.groups.before.clear()
    swept(account)
    assert all(ingress(account.rules(group)) == {CLOSED_SSH} for group in groups)


def test_the_groups_of_a_list_that_came_before_the_failure_are_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "_ASSOCIATION_SIZES", range(5, 6))
    account = Account()
    offices = prefix_list(account, "198.51.100.0/24")
    groups = [account.group(refers(22, offices)) for _ in range(8)]
    account.ec2.modify_managed_prefix_list(PrefixListId=offices, CurrentVersion=1, AddEntries=[{"Cidr": WORLD}])
    account.groups.before["GetManagedPrefixListAssociations"] = failing(beyond_the_first_page)
    parameters = {"ModifyManagedPrefixListRequest": {"PrefixListId": offices}}
    account.handle(event("", "ModifyManagedPrefixList", requestParameters=parameters))
    unread, *mended = account.records
    assert (unread.status, unread.resource.id) == ("failed", offices)
    assert "not all of its groups were looked at" in unread.summary
    assert [record.status for record in mended] == ["mended"] * 5
    assert {record.resource.id for record in mended} < set(groups)


def test_a_group_that_cannot_be_judged_among_the_region_s_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    odd, opened = account.group(ipv4(3389, WORLD)), account.group(ipv4(22, WORLD))
    answer = account.groups.unhindered

    def with_an_odd_one(operation: str, params: Params) -> dict[str, Any]:
        result = answer(operation, params)
        for group in result.get("SecurityGroups", ()):
            if group["GroupId"] == odd:
                group["IpPermissions"][0]["IpRanges"] = [{"CidrIp": "no range"}]
        return result

    monkeypatch.setattr(account.groups, "unhindered", with_an_odd_one)
    records = swept(account)
    assert records[opened].status == "mended"
    assert records[odd].status == "mended", "its rules, read one by one, are well"


@pytest.mark.parametrize(("code", "status"), [("InternalError", 500), ("InvalidParameterValue", 400)])
@pytest.mark.parametrize("operation", ["DescribeSecurityGroupRules", "DescribeSecurityGroups"])
def test_a_read_that_fails_for_one_group_fails_for_that_group_alone(operation: str, code: str, status: int) -> None:
    account = Account()
    groups = sorted(account.group(ipv4(22, WORLD)) for _ in range(5))
    account.groups.before[operation] = failing(lambda params: about(groups[2], params), code, status)
    records = swept(account)
    assert [records[group].status for group in groups] == ["mended", "mended", "failed", "mended", "mended"]


def test_where_aws_answers_nobody_not_every_group_is_asked_for_by_itself() -> None:
    account = Account()
    groups = [account.group(ipv4(22, WORLD)) for _ in range(9)]
    account.groups.before["DescribeSecurityGroupRules"] = failing(lambda _: True, "RequestLimitExceeded", 503)
    records = swept(account)
    assert {records[group].status for group in groups} == {"failed"}
    assert account.calls.count("ec2:DescribeSecurityGroupRules") == 3  # for all, and for two


def test_a_vpc_that_aws_does_not_show_leaves_no_block_so_its_rules_are_revoked() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD, Description="bastion"))
    account.groups.before["DescribeVpcs"] = failing(lambda _: True, "UnauthorizedOperation", 403)
    record = account.mend(group_id, file=BY_VPC)
    assert record.status == "mended"
    assert ingress(account.rules(group_id)) == set()
    assert "revoked because the VPC's blocks cannot be read: ec2:DescribeVpcs in eu-west-1" in record.edits[0].why
    assert len(record.undo) == 1


def test_a_vpc_that_aws_only_fails_to_show_now_is_tried_again() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    times = count()
    account.groups.before["DescribeVpcs"] = failing(lambda _: next(times) == 0)
    assert account.mend(group_id, file=BY_VPC).status == "failed"
    assert account.mend(group_id, file=BY_VPC).status == "mended"


def test_a_vpc_that_cannot_be_read_keeps_no_other_group_open() -> None:
    account = Account()
    groups = [account.group(ipv4(22, WORLD)) for _ in range(3)]
    account.groups.before["DescribeVpcs"] = failing(lambda _: True, "UnauthorizedOperation", 403)
    records = swept(account, policy(BY_VPC))
    assert {records[group].status for group in groups} == {"mended"}
    assert account.calls.count("ec2:DescribeVpcs") == 1


DAY_S = 24 * 3600


def test_a_region_that_cannot_be_listed_is_reported_once_and_again_after_a_week() -> None:
    account = Account()
    account.group(ipv4(22, WORLD))
    denied = failing(lambda _: True, "UnauthorizedOperation", 403)

    def days(count: int) -> list[str]:
        """The notices of a sweep a day."""
        notices: list[str] = []
        for _ in range(count):
            notices.append(swept(account)[REGION].notice)
            account.clock.sleep(DAY_S)
        return notices

    account.groups.before["DescribeSecurityGroups"] = denied
    assert days(9) == ["now", *["held"] * 6, "now", "held"]
    (unit,) = account.ledger.units()
    assert isinstance(unit, Unit)
    assert "not all of its groups were looked at" in unit.unread[0]  # doctor reads that
    assert [
        each.notice for each in account.records if each.resource.id == REGION
    ] == [  # each is in the log, and counts
        "now",
        *["held"] * 6,
        "now",
        "held",
    ]
    account.groups.before.clear()
    swept(account)
    account.groups.before["DescribeSecurityGroups"] = denied
    assert days(2) == ["now", "held"]
