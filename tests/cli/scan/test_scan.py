"""`cloudmend scan` over accounts in memory, and what its user may type wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import pytest
from msgspec.structs import replace

from cli.test_main import NOWHERE, cloudmend
from cloudmend.cli.context import NOTHING, DecisionInputs, LookContext
from cloudmend.cli.fix.plan import plan_of
from cloudmend.cli.scan.report import Report
from cloudmend.cli.scan.run import Controls, Format, chosen, look_everywhere, report_of, write
from cloudmend.controls import every
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.contract import Reach
from cloudmend.core.errors import InputError, LedgerError
from cloudmend.core.model import Json, Resource
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import NEVER, Call, Reader, Sent
from cloudmend.core.world import at_need
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.model import Group, Permission, Rule, Source, Traffic
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from support import ACCOUNT, NOW, REGION, VPC, Account, event, ipv4, ipv6, policy

ON = [control.id for control in every() if control.mode != "off"]
BRIEF = LookContext(policy(), NOW)
OPEN_SSH = Permission(Traffic("tcp", 22, 22), Source("CidrIpv4", "0.0.0.0/0"))
OPEN = ipv4(22, "0.0.0.0/0", Description="[red]=1+1")


class WithInterfaces:
    """A Reader over an account in memory, which has groups but no network interfaces."""

    def __init__(self, account: Account, interfaces: Sequence[Json] = ()) -> None:
        self._reader = account.world.reader
        self._interfaces = interfaces
        self.asked: list[Json] = []

    def begin(self, read: Callable[[], Any]) -> Callable[[], Any]:
        return at_need(read)

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        return self._reader.get(call, absent)

    def rows(self, request: Sent, key: str, *, enough: Callable[[Any], bool] = lambda _: True) -> Sequence[Json]:
        if request.action != "ec2:DescribeNetworkInterfaces":
            return self._reader.rows(request, key, enough=enough)
        self.asked.append(request.params)
        return self._interfaces

    def lasting_rows(self, request: Sent, key: str) -> Sequence[Json]:
        return self._reader.lasting_rows(request, key)

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        return self._reader.stream(request, key)


def scanned(
    readers: Mapping[str, Reader],
    policy_: Policy | None = None,
    inputs: DecisionInputs = NOTHING,
    controls: Controls = (CONTROL,),
) -> Report:
    """In memory there are security groups only."""
    return report_of(look_everywhere(readers, controls, LookContext(policy_ or policy(), NOW, inputs)))


def report_on(
    account: Account,
    policy_: Policy | None = None,
    interfaces: Sequence[Json] = (),
    inputs: DecisionInputs = NOTHING,
) -> Report:
    return scanned({REGION: WithInterfaces(account, interfaces)}, policy_, inputs)


def test_each_rule_at_fault_is_a_row_with_what_would_be_done() -> None:
    account = Account()
    account.group(ipv4(443, "0.0.0.0/0"), ipv4(22, "10.0.0.0/8"))
    group_id = account.group(OPEN, ipv6(3389, "2000::/3"))
    interface = {
        "NetworkInterfaceId": "eni-0123456789abcdef0",
        "Groups": [{"GroupId": group_id}],
        "Association": {"PublicIp": "54.1.2.3"},
    }
    report = report_on(account, interfaces=[interface])
    first, second = sorted(report.rows, key=lambda row: row.value)
    assert (first.resource, first.place, first.value) == (group_id, VPC.id, "tcp/22 from 0.0.0.0/0")
    assert (first.control, first.severity, first.noun) == (CONTROL.id, "high", "security group")
    assert first.details["public_addresses"] == 3_702_258_688
    assert first.reach == Reach(users=1, noun="interface", addresses=("54.1.2.3",))
    assert first.outcome == "would become tcp/22 from 10.0.0.0/8 (mode.default is fix)"
    assert (second.details["source"], second.outcome) == ("2000::/3", "would be removed (mode.default is fix)")
    assert "revoked because fd00::/8 does not lie inside 2000::/3" in second.why
    assert report.regions == (REGION,)


def test_it_would_do_what_the_engine_then_does() -> None:
    account = Account()
    group_id = account.group(OPEN, ipv4(3389, "0.0.0.0/0"))
    told = {row.outcome for row in report_on(account).rows}
    record = account.respond(event(group_id))
    assert told == {f"would become {edit.after} (mode.default is fix)" for edit in record.edits}


def test_all_groups_of_a_region_are_read_at_once_and_nothing_is_written() -> None:
    account = Account()
    for _ in range(3):
        account.group(ipv4(443, "0.0.0.0/0"))
    account.group(OPEN)
    account.calls.clear()
    report_on(account)
    asked = ["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroups"]
    assert sorted(account.calls) == asked


def test_without_findings_no_interface_is_asked_for() -> None:
    account = Account()
    account.group(ipv4(443, "0.0.0.0/0"))
    reader = WithInterfaces(account)
    assert not scanned({REGION: reader}).rows
    assert not reader.asked


def test_what_is_exempt_is_a_row_that_does_not_count() -> None:
    account = Account()
    group_id = account.group(OPEN)
    exemption = f"[[exemption]]\ngroup = '{group_id}'\nowner = 'us'\nreason = 'No VPN yet'\nexpires = 2030-06-30"
    report = report_on(account, policy(exemption))
    assert (report.rows[0].action, report.counted) == ("exempt", 0)
    assert "by us until 2030-06-30 23:59 UTC: No VPN yet" in report.rows[0].outcome


def test_a_region_that_cannot_be_read_is_reported_and_the_others_still_are() -> None:
    well, ill = Account(), Account()
    well.group(OPEN)

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)

    ill.groups.before["DescribeSecurityGroups"] = refuse
    report = scanned({"us-east-1": WithInterfaces(ill), REGION: WithInterfaces(well)})
    assert (report.regions, report.looks, len(report.rows)) == (("us-east-1", REGION), 2, 1)
    assert [(each.region, each.control) for each in report.unread] == [("us-east-1", CONTROL.id)]
    assert "UnauthorizedOperation" in report.unread[0].error


def test_a_region_that_breaks_off_is_reported_with_what_came_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("cloudmend.controls.security_group_ingress.expand"), "_PAGE", 5)
    account = Account()
    groups = {account.group(OPEN) for _ in range(8)}

    def fail(params: Mapping[str, Any]) -> None:
        if "NextToken" in params:
            raise Ec2Error("InternalError", "An internal error has occurred.", 500)

    account.groups.before["DescribeSecurityGroups"] = fail
    report = report_on(account)
    assert 0 < len(report.rows) < len(groups)
    assert [unread.region for unread in report.unread] == [REGION]
    assert report.summary.endswith("1 of 1 look, each at one control in one Region, could not be finished.")


@pytest.mark.parametrize("form", ["table", "json", "csv", "sarif", "html"])
def test_what_is_behind_the_groups_may_be_unknown_and_is_then_no_zero(
    form: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    account.group(OPEN)
    report = scanned({REGION: account.world.reader})  # which knows no interfaces
    assert report.rows[0].reach is None
    assert "what is behind the findings is not known: ec2:DescribeNetworkInterfaces" in report.unread[0].error
    write(report, form, [CONTROL], BRIEF)
    assert "0 interfaces" not in capsys.readouterr().out


def test_a_group_that_cannot_be_judged_hides_no_other() -> None:
    account = Account()
    well, ill = account.group(OPEN), account.group(OPEN)

    def refuse(params: Mapping[str, Any]) -> None:
        if any(ill in each["Values"] for each in params.get("Filters", ())):
            raise Ec2Error("InternalError", "An internal error has occurred.", 500)

    account.groups.before["DescribeSecurityGroups"] = refuse
    report = report_on(account)
    assert [row.resource for row in report.rows] == [well]
    assert report.unread[0].error.startswith(f"{ill}: ec2:DescribeSecurityGroups in {REGION}: AWS answered")


def test_a_rule_whose_prefix_list_cannot_be_read_is_a_row_whose_addresses_are_not_known() -> None:
    account = Account()
    offices = prefix_list(account, "198.51.100.0/24")
    account.group(refers(22, offices))
    account.groups.unshare(offices)
    (row,) = report_on(account).rows
    assert (row.action, row.details["public_addresses"], row.after) == ("observe", None, "")
    assert row.outcome.startswith("is only reported (unreadable_prefix_lists is report")
    assert "it is not known whom tcp/22" in row.why


def test_a_group_of_another_account_is_only_reported_and_its_owner_named() -> None:
    account = Account()
    shared = Rule("sgr-0123456789abcdef0", "sg-0123456789abcdef0", False, OPEN_SSH)
    account.groups.share(Group("sg-0123456789abcdef0", "shared", "of another", VPC, (shared,), owner="444455556666"))
    looked = look_everywhere({REGION: WithInterfaces(account)}, [CONTROL], LookContext(policy(), NOW, account=ACCOUNT))
    (row,) = report_of(looked).rows
    assert (row.account, row.action, row.after) == ("444455556666", "observe", "")
    assert row.outcome.startswith("is only reported (account 444455556666 owns it, and only its owner can change it")
    assert not plan_of(looked).steps


def test_settings_are_looked_at_in_each_region_and_come_after_the_resources() -> None:
    """The reader knows no setting: a look that could not be finished has its place in the order, too."""
    settings = [each for each in every() if each.resource.is_setting][:2]
    account = Account()
    readers = {"us-east-1": WithInterfaces(account), REGION: WithInterfaces(account)}
    looked = look_everywhere(readers, [*settings, CONTROL], LookContext(policy(), NOW))
    first, second = (each.id for each in settings)
    assert [(each.control.id, each.region) for each in looked] == [
        (CONTROL.id, "us-east-1"),
        (CONTROL.id, REGION),
        (first, "us-east-1"),
        (second, "us-east-1"),
        (first, REGION),
        (second, REGION),
    ]


def test_a_crash_in_one_region_hides_no_other() -> None:
    class Broken(WithInterfaces):
        def stream(self, *_: Any, **__: Any) -> Iterator[Json]:
            raise ZeroDivisionError("a bug")

    account = Account()
    account.group(OPEN)
    report = scanned({"us-east-1": Broken(account), REGION: WithInterfaces(account)})
    assert [row.region for row in report.rows] == [REGION]
    assert [(each.region, each.error) for each in report.unread] == [
        ("us-east-1", "cloudmend crashed: ZeroDivisionError: a bug")
    ]


@pytest.mark.parametrize("form", ["table", "json", "csv", "sarif", "html"])
def test_every_format_tells_of_the_rule_and_makes_foreign_text_inert(
    form: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account()
    account.group(OPEN)
    report = report_on(account)
    write(replace(report, rows=(replace(report.rows[0], name="\x1b[31mred"),)), form, [CONTROL], BRIEF)
    told = capsys.readouterr()
    assert report.rows[0].part in told.out
    assert "\x1b" not in told.out
    assert not told.err


def test_a_table_takes_foreign_text_for_no_markup_and_ends_with_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    account.group(OPEN, ipv6(3389, "::/0"))
    write(report_on(account), "table", [CONTROL], BRIEF)
    told = capsys.readouterr().out
    assert "[red]=1+1" in told
    assert "3,702,258,688" in told
    assert "more than 2^124" in told
    assert told.startswith(f"{CONTROL.id}: {CONTROL.title} (high)\n")
    assert told.endswith("2 findings in 1 security group; 1 control looked at in 1 Region.\n")


def test_the_help_shows_an_example() -> None:
    assert "Example: cloudmend scan --region" in cloudmend("scan", "--help").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "xml"], "'xml' is not one of"),
        (["--region", "nowhere/?"], "is not the name of a Region"),
        (["--control", "nothing"], "There is no control 'nothing'. The controls are security_group_ingress, "),
        (["--policy", "no-such.toml"], "no-such.toml cannot be read"),
        (["--stack-name", "cloudmend"], "Stack cloudmend is in one Region. Pass exactly that Region"),
    ],
)
def test_bad_input_is_exit_2(words: list[str], said: str) -> None:
    done = cloudmend("scan", *words, **NOWHERE)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_an_unreachable_region_is_exit_1_also_with_fail_on_findings() -> None:
    words = ("scan", "--region", "eu-west-1", "--format", "json", "--fail-on-findings")
    done = cloudmend(*words, AWS_MAX_ATTEMPTS="1", **NOWHERE)
    assert done.returncode == 1
    assert "cloudmend: security_group_ingress could not look at everything in eu-west-1: not all of its" in done.stderr
    assert "cloudmend: sqs_policy_public could not look at everything in eu-west-1: sqs:ListQueues in " in done.stderr
    report = json.loads(done.stdout)
    assert {(each["region"], each["control"]) for each in report["unread"]} == {("eu-west-1", each) for each in ON}
    assert report["summary"].startswith(f"{len(ON)} of {len(ON)} looks, each at one control in one Region, could not")


def test_the_controls_are_those_that_the_policy_has_on_or_those_that_are_named() -> None:
    assert [each.id for each in chosen((), policy())] == ON
    off = policy('[control.sqs_policy_public]\nmode = "off"')
    assert "sqs_policy_public" not in [each.id for each in chosen((), off)]
    assert [each.id for each in chosen(["ebs_snapshot_public"], off)] == ["ebs_snapshot_public"]


@pytest.mark.parametrize(
    ("ids", "mode", "said"),
    [
        (["nothing"], "fix", "There is no control 'nothing'. The controls are security_group_ingress, "),
        (["sqs_policy_public"], "off", "The policy has sqs_policy_public off, so it finds nothing."),
        ([], "off", "The policy has every control off, so there is nothing to look for."),
    ],
)
def test_what_no_control_could_look_for_is_bad_input(ids: list[str], mode: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        chosen(ids, policy(f'[mode]\ndefault = "{mode}"'))


def test_what_an_account_has_once_is_looked_at_once() -> None:
    once = replace(CONTROL, resource=replace(CONTROL.resource, scope="account"), every=None, read=lambda *_: None)
    readers = {region: WithInterfaces(Account()) for region in ("eu-west-1", "us-east-1")}
    assert scanned(readers, controls=[once]).looks == 1


def test_what_an_account_has_once_is_looked_at_by_way_of_any_region() -> None:
    seen = []

    def read(resource: Resource, *_: object) -> None:
        seen.append(resource.region)

    once = replace(CONTROL, resource=replace(CONTROL.resource, scope="account"), every=None, read=read, read_many=None)
    scanned({"eu-west-1": WithInterfaces(Account())}, controls=[once])
    assert seen == ["us-east-1"]


def test_a_ledger_that_cannot_be_read_is_told_and_what_is_at_fault_is_a_row_all_the_same() -> None:
    class Broken:
        def recent(self, *_: object) -> None:
            raise LedgerError("The ledger cannot be used.")

    account = Account()
    account.group(OPEN)
    report = report_on(account, inputs=DecisionInputs(ledger=Broken()))  # type: ignore[arg-type]
    assert len(report.rows) == 1
    assert [each.error for each in report.unread] == ["The ledger cannot be used."]
