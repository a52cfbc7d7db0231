"""`cloudmend fix` over accounts in memory: what is shown is what is done, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from cli.scan.test_scan import WithInterfaces
from cloudmend.cli.context import DecisionInputs, LookContext
from cloudmend.cli.fix.plan import FixPlan, TerminalNotifier, plan_of
from cloudmend.cli.fix.run import carry_out
from cloudmend.cli.help import DECLINED
from cloudmend.cli.scan.run import look_everywhere
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.policy.model import Policy
from cloudmend.local.ec2.checks import Ec2Error
from ledgers.values import exemption
from support import NOW, REGION, Account, ingress, ipv4, policy

SSH = ipv4(22, "0.0.0.0/0", Description="[red]for the vendor")
RDP = ipv4(3389, "0.0.0.0/0")
HALF = ipv4(3389, "128.0.0.0/1")
Meanwhile = Callable[[], object]


def planned(account: Account, policy_: Policy | None = None, *groups: str) -> FixPlan:
    inputs = DecisionInputs(exemptions=account.ledger.exemptions(NOW), ledger=account.ledger)
    context = LookContext(policy_ or policy(), NOW, inputs)
    return plan_of(look_everywhere({REGION: WithInterfaces(account)}, [CONTROL], context), groups)


def fixed(
    account: Account,
    *groups: str,
    policy_: Policy | None = None,
    meanwhile: Meanwhile = lambda: None,
    agrees: bool = True,
    table: str = "",
    as_json: bool = False,
) -> int:
    """The exit code; `meanwhile` happens while the question waits for its answer."""
    notifier = TerminalNotifier(table, as_json=as_json)

    def ask(_: str) -> bool:
        meanwhile()
        return agrees

    world = replace(account.world, notifier=notifier)
    return carry_out(planned(account, policy_, *groups), lambda _: world, policy_ or policy(), notifier, ask)


def test_every_change_is_shown_before_and_after_then_done_and_proved(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    group_id = account.group(SSH, HALF)
    assert fixed(account) == 0
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "10.0.0.0/8")}
    told = capsys.readouterr().out
    assert "tcp/22 from 0.0.0.0/0 -> tcp/22 from 10.0.0.0/8" in told
    assert "tcp/3389 from 128.0.0.0/1 -> removed" in told
    assert "Plan: 1 to change, 1 to remove, in 1 security group (1 in eu-west-1).\n" in told
    assert (
        told.index("Plan: ")
        < told.index(f"mended {account.label(group_id)}: ")
        < told.index("1 of 1 security group proved closed.")
    )


def test_the_command_to_take_it_back_names_the_record_the_region_and_the_ledger(
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = Account()
    account.group(SSH)
    assert fixed(account, table="cloudmend-Ledger") == 0
    (entry,) = account.ledger.entries()
    told = capsys.readouterr().out.splitlines()
    assert told[-1].strip() == (
        f'cloudmend undo {entry.id} --region {REGION} --ledger cloudmend-Ledger --for 2h --reason "..."'
    )


def test_who_says_no_changes_nothing_and_keeps_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    group_id = account.group(SSH)
    assert fixed(account, agrees=False) == DECLINED
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "0.0.0.0/0")}
    assert not account.intents
    assert capsys.readouterr().out.endswith("Nothing was changed.\n")


def test_what_was_opened_since_the_plan_was_shown_is_not_touched_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    group_id, other = account.group(SSH), account.group(SSH)

    def open_more() -> None:
        account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[RDP])

    assert fixed(account, meanwhile=open_more) == 1
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 3389, 3389, "0.0.0.0/0")}
    assert ingress(account.rules(other)) == {("tcp", 22, 22, "10.0.0.0/8")}
    told = capsys.readouterr().out
    assert f"failed {account.label(group_id)}: The plan is out of date. Now it would need: narrowed tcp/3389" in told
    assert "1 of 2 security groups proved closed." in told


def test_what_somebody_widened_since_is_another_plan_and_not_clobbered() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "0.0.0.0/1"))
    (rule,) = [row for row in account.rules(group_id) if not row["IsEgress"]]

    def widen() -> None:
        update = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "0.0.0.0/0"}
        account.ec2.modify_security_group_rules(
            GroupId=group_id,
            SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": update}],
        )

    assert fixed(account, meanwhile=widen) == 1
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "0.0.0.0/0")}


def test_what_somebody_closed_since_is_left_and_the_rest_is_closed() -> None:
    account = Account()
    group_id = account.group(SSH, RDP)

    def close() -> None:
        account.ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=[RDP])

    assert fixed(account, meanwhile=close) == 0
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "10.0.0.0/8")}


def test_a_group_that_is_gone_by_then_is_closed() -> None:
    account = Account()
    group_id = account.group(SSH)
    assert fixed(account, meanwhile=lambda: account.ec2.delete_security_group(GroupId=group_id)) == 0


def test_a_group_that_was_exempted_since_stays_open_and_that_is_no_success() -> None:
    account = Account()
    group_id = account.group(SSH)
    exempt = exemption("exempt-1a2b3c4d", group=group_id, owner="net", reason="No VPN \x1b[31myet")
    assert fixed(account, meanwhile=lambda: account.ledger.exempt(exempt)) == 1
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "0.0.0.0/0")}


def test_what_is_exempt_is_left_open_with_the_reason_and_that_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    group_id = account.group(SSH)
    account.ledger.exempt(exemption("exempt-1a2b3c4d", group=group_id, owner="net", reason="No VPN \x1b[31myet"))
    assert fixed(account) == 0
    told = capsys.readouterr().out
    assert "tcp/22 from 0.0.0.0/0 is left open (exempt: exempt-1a2b3c4d, by net until" in told
    assert told.endswith("Plan: nothing to do.\n")
    assert "\x1b" not in told


def test_what_the_policy_only_reports_is_left_open_with_the_reason_and_that_is_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    account = Account()
    group_id = account.group(SSH)
    assert fixed(account, policy_=policy(mode="observe")) == 1
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "0.0.0.0/0")}
    assert "is only reported (mode.default is observe), otherwise would become" in capsys.readouterr().out


def test_beyond_the_budget_of_the_hour_nothing_is_changed_and_that_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    for _ in range(2):
        account.group(SSH)
    account.world = replace(account.world, ledger=account.process(budget=1))
    assert fixed(account) == 1
    assert "nothing here tries it again by itself. Try again after 08:00 UTC." in capsys.readouterr().out


def test_what_aws_refuses_stays_open_and_that_is_1() -> None:
    account = Account()
    account.group(SSH)

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)

    account.groups.before["ModifySecurityGroupRules"] = refuse
    account.groups.before["RevokeSecurityGroupIngress"] = refuse
    assert fixed(account) == 1


def test_where_aws_refuses_to_narrow_a_rule_it_is_not_revoked_instead_for_that_was_not_shown() -> None:
    account = Account()
    group_id = account.group(SSH, RDP)

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)

    account.groups.before["ModifySecurityGroupRules"] = refuse
    assert fixed(account) == 1
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 3389, 3389, "0.0.0.0/0")}


def test_only_the_groups_that_are_named_are_changed(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    chosen, other = account.group(SSH), account.group(SSH)
    nothing = account.group()
    assert fixed(account, chosen, nothing) == 0
    assert ingress(account.rules(chosen)) == {("tcp", 22, 22, "10.0.0.0/8")}
    assert ingress(account.rules(other)) == {("tcp", 22, 22, "0.0.0.0/0")}
    assert f"{nothing} is not at fault in these Regions." in capsys.readouterr().out


def test_a_region_that_cannot_be_read_is_told_and_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)

    account.groups.before["DescribeSecurityGroups"] = refuse
    assert fixed(account) == 1
    assert f"{CONTROL.id} could not look at everything in {REGION}: not all of its" in capsys.readouterr().out


def test_json_is_one_document_with_the_plan_the_records_and_the_way_back(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    group_id = account.group(SSH, HALF)
    assert fixed(account, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == 2
    assert {(each["resource"], each["before"], each["after"]) for each in told["plan"]} == {
        (group_id, "tcp/22 from 0.0.0.0/0", "tcp/22 from 10.0.0.0/8"),
        (group_id, "tcp/3389 from 128.0.0.0/1", ""),
    }
    assert [record["status"] for record in told["records"]] == ["mended"]
    assert told["undo"][0].startswith(f"cloudmend undo {told['records'][0]['entry_id']} ")
