"""Fix, observe or leave open: which line of the policy decides."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from cloudmend.controls import by_id
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.model import RIGHTS, Circumstances, Decision, Modes, Policy, decide, switched_on
from cloudmend.core.policy.parse import parse_policy

GROUP, VPC, ACCOUNT = "sg-0123456789abcdef0", "vpc-0123456789abcdef0", "111122223333"
ROLE = "arn:aws:iam::111122223333:role/Break-Glass"
CONTROL = "security_group_ingress"
MODE = f"control.{CONTROL}.mode"
HERE = Circumstances(
    control=CONTROL,
    account=ACCOUNT,
    vpc=VPC,
    resource=GROUP,
    actor_role=ROLE,
    now=datetime(2026, 11, 24, 7, tzinfo=UTC),
)


def policy(text: str) -> Policy:
    return parse_policy({}, text, catalog=CATALOG)


@pytest.mark.parametrize(
    ("modes", "decision"),
    [
        ("", Decision("fix", "mode.default is fix")),
        ("default = 'observe'", Decision("observe", "mode.default is observe")),
        (f"account.{ACCOUNT} = 'fix'\nvpc.{VPC} = 'observe'", Decision("observe", f"mode.vpc.{VPC} is observe")),
        (f"account.{ACCOUNT} = 'observe'\nvpc.{VPC} = 'fix'", Decision("fix", f"mode.vpc.{VPC} is fix")),
        (f"default = 'observe'\naccount.{ACCOUNT} = 'fix'", Decision("fix", f"mode.account.{ACCOUNT} is fix")),
        ("default = 'off'", Decision("exempt", "mode.default is off")),
        ("account.123456789012 = 'observe'\nvpc.vpc-01234567 = 'observe'", Decision("fix", "mode.default is fix")),
    ],
)
def test_of_the_modes_of_a_place_the_most_specific_counts(modes: str, decision: Decision) -> None:
    assert decide(policy(f"[mode]\n{modes}"), HERE) == decision


def test_a_policy_that_says_no_mode_mends_but_what_the_control_itself_only_reports() -> None:
    silent = msgspec.structs.replace(policy(""), mode=Modes())
    assert decide(silent, HERE) == Decision("fix", "mode.default is fix")
    own = f"{CONTROL} is observe, unless control.{CONTROL}.mode says otherwise"
    assert decide(silent, HERE, default="observe") == Decision("observe", own)


@pytest.mark.parametrize(
    ("of_all", "of_control", "decision"),
    [
        ("", "mode = 'observe'", Decision("observe", f"{MODE} is observe")),
        ("default = 'observe'", "mode = 'fix'", Decision("fix", f"{MODE} is fix")),
        ("default = 'observe'", "mode = 'off'", Decision("exempt", f"{MODE} is off")),
        (f"account.{ACCOUNT} = 'observe'", "mode = 'fix'", Decision("observe", f"mode.account.{ACCOUNT} is observe")),
        (f"account.{ACCOUNT} = 'fix'", "mode = 'observe'", Decision("observe", f"{MODE} is observe")),
        (f"vpc.{VPC} = 'fix'", "mode = 'off'", Decision("exempt", f"{MODE} is off")),
        (f"account.{ACCOUNT} = 'off'", "mode = 'observe'", Decision("exempt", f"mode.account.{ACCOUNT} is off")),
        (
            f"account.{ACCOUNT} = 'observe'",
            f"mode.account.{ACCOUNT} = 'fix'",
            Decision("fix", f"{MODE}.account.{ACCOUNT} is fix"),
        ),
        (
            f"vpc.{VPC} = 'fix'",
            f"mode = {{ default = 'fix', account = {{ {ACCOUNT} = 'off' }} }}",
            Decision("exempt", f"{MODE}.account.{ACCOUNT} is off"),
        ),
        ("", f"mode = {{ default = 'off', vpc = {{ {VPC} = 'fix' }} }}", Decision("fix", f"{MODE}.vpc.{VPC} is fix")),
    ],
)
def test_a_mode_of_control_and_place_counts_and_else_the_more_cautious_of_the_two(
    of_all: str, of_control: str, decision: Decision
) -> None:
    assert decide(policy(f"[mode]\n{of_all}\n[control.{CONTROL}]\n{of_control}"), HERE) == decision


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", f"{CONTROL} is observe, unless {MODE} says otherwise"),
        (f"mode.account.{ACCOUNT} = 'fix'", f"{CONTROL} is observe, unless {MODE} says otherwise"),
        ("mode = 'observe'", "mode.default is observe"),
        (f"mode.account.{ACCOUNT} = 'observe'", f"mode.account.{ACCOUNT} is observe"),
    ],
)
def test_a_control_that_observes_by_itself_mends_only_if_the_policy_says_so_of_it(text: str, why: str) -> None:
    assert decide(policy(text), HERE, default="observe") == Decision("observe", why)
    told = f"\n[control.{CONTROL}]\nmode.account.{ACCOUNT} = 'fix'"
    assert decide(policy(f"{text}{told}"), HERE, default="observe").action == "fix"


@pytest.mark.parametrize("mode", ["fix", "observe"])
def test_a_mode_of_a_control_is_none_of_another_s(mode: str) -> None:
    others = policy(
        f"mode = '{mode}'\n[control.sqs_policy_public]\nmode = {{ default = 'off', vpc = {{ {VPC} = 'off' }} }}"
    )
    assert decide(others, HERE).why == f"mode.default is {mode}"


def test_a_setting_to_observe_stops_what_would_be_written_and_switches_nothing_on() -> None:
    text = f"[control.{CONTROL}]\nmode = {{ default = 'off', vpc = {{ {VPC} = 'fix' }} }}"
    observing = parse_policy({"CLOUDMEND_MODE": "observe"}, text, catalog=CATALOG)
    assert decide(observing, HERE) == Decision("observe", "mode.default is observe")
    elsewhere = msgspec.structs.replace(HERE, vpc="vpc-01234567")
    assert decide(observing, elsewhere) == Decision("exempt", f"{MODE} is off")


@pytest.mark.parametrize(
    ("text", "is_on"),
    [
        ("", True),
        ("mode = 'off'", False),
        (f"mode = {{ default = 'off', account = {{ {ACCOUNT} = 'observe' }} }}", True),
        (f"mode = 'off'\n[control.{CONTROL}]\nmode = 'fix'", True),
        (f"[control.{CONTROL}]\nmode = 'off'", False),
        (f"mode.vpc.{VPC} = 'fix'\n[control.{CONTROL}]\nmode = 'off'", False),
        (f"[control.{CONTROL}]\nmode = {{ default = 'off', vpc = {{ {VPC} = 'fix' }} }}", True),
        (f"[control.{CONTROL}]\nmode.account = {{ {ACCOUNT} = 'off' }}", True),
    ],
)
def test_a_control_is_off_if_it_is_off_wherever_it_could_look(text: str, is_on: bool) -> None:
    assert [control.id for control in switched_on([by_id(CONTROL)], policy(text))] == [CONTROL] * is_on


def test_what_is_not_known_has_the_default_mode() -> None:
    unknown = Circumstances(control="", account="", vpc="", resource="", actor_role="", now=HERE.now)
    assert decide(policy(f"[mode]\nvpc.{VPC} = 'observe'"), unknown).action == "fix"


def exempting(*scopes: str, expires: str = "2026-11-24") -> Policy:
    return policy(
        "\n".join(
            f'[[exemption]]\nowner = "team"\nreason = "No VPN yet"\nexpires = {expires}\n{scope}' for scope in scopes
        )
    )


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (f'resource = "{GROUP}"', f"resource {GROUP}"),
        (f'vpc = "{VPC}"', f"VPC {VPC}"),
        (f'account = "{ACCOUNT}"', f"account {ACCOUNT}"),
        (f'actor_role = "{ROLE}"', f"role {ROLE}"),
        (f'vpc = "{VPC}"\nactor_role = "{ROLE}"', f"VPC {VPC} and role {ROLE}"),
    ],
)
def test_an_exemption_whose_scopes_all_match_leaves_it_open_and_says_whose_it_is(scope: str, words: str) -> None:
    why = f"exempt: {words}, by team until 2026-11-24 23:59 UTC: No VPN yet"
    assert decide(exempting(scope), HERE) == Decision("exempt", why)


@pytest.mark.parametrize(
    "other",
    [
        {"resource": "sg-01234567"},
        {"control": "sqs_policy_public"},
        {"vpc": "vpc-01234567"},
        {"account": "123456789012"},
        {"actor_role": ""},
    ],
)
def test_an_exemption_does_not_hold_where_one_of_its_scopes_differs(other: dict[str, str]) -> None:
    all_four = exempting(f'resource = "{GROUP}"\nvpc = "{VPC}"\naccount = "{ACCOUNT}"\nactor_role = "{ROLE}"')
    assert decide(all_four, HERE).action == "exempt"
    assert decide(all_four, msgspec.structs.replace(HERE, **other)) == Decision("fix", "mode.default is fix")


def test_an_exemption_that_expired_does_not_hold_and_is_told() -> None:
    decision = decide(exempting(f'resource = "{GROUP}"', expires="2026-11-23"), HERE)
    assert decision.action == "fix"
    assert decision.why == (
        f"mode.default is fix; no longer exempt, because it expired: resource {GROUP}, by team until "
        "2026-11-23 23:59 UTC: No VPN yet"
    )


def test_of_exemptions_that_expired_each_is_told() -> None:
    expired = exempting(f'resource = "{GROUP}"', f'vpc = "{VPC}"', expires="2026-11-23")
    told = "; no longer exempt, because it expired: {}, by team until 2026-11-23 23:59 UTC: No VPN yet"
    assert decide(expired, HERE).why == (
        "mode.default is fix" + told.format(f"resource {GROUP}") + told.format(f"VPC {VPC}")
    )


def test_of_several_exemptions_one_that_holds_is_enough() -> None:
    expired = exempting(f'resource = "{GROUP}"', expires="2026-11-23").exemptions
    both = msgspec.structs.replace(
        exempting(f'vpc = "{VPC}"'), exemptions=expired + exempting(f'vpc = "{VPC}"').exemptions
    )
    assert decide(both, HERE).why.startswith(f"exempt: VPC {VPC}")


def test_an_exemption_counts_more_than_a_mode() -> None:
    exempt = exempting(f'resource = "{GROUP}"')
    observing = msgspec.structs.replace(exempt, mode=policy("mode = 'observe'").mode)
    assert decide(observing, HERE).action == "exempt"


PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("control", "account", "vpc", "action"),
    [
        (CONTROL, "444455556666", "", "observe"),
        (CONTROL, "444455556666", VPC, "observe"),
        (CONTROL, "123456789012", VPC, "exempt"),
        (CONTROL, "123456789012", "", "fix"),
        ("ebs_snapshot_public", ACCOUNT, "", "fix"),
        ("ebs_snapshot_public", "123456789012", "", "observe"),
        ("sqs_policy_public", ACCOUNT, "", "exempt"),
    ],
)
def test_the_example_of_the_page_decides_as_the_page_says(control: str, account: str, vpc: str, action: str) -> None:
    (example,) = re.findall(r"## mode\n.*?```toml\n(.*?)```", PAGE, re.DOTALL)
    here = msgspec.structs.replace(HERE, control=control, account=account, vpc=vpc)
    assert decide(policy(example), here).action == action


@pytest.mark.parametrize(
    ("text", "granted", "decision"),
    [
        ("", "observe", Decision("observe", "the stack's parameter SecurityGroupIngressRights is observe")),
        ("", "off", Decision("exempt", "the stack's parameter SecurityGroupIngressRights is off")),
        ("", "fix", Decision("fix", "mode.default is fix")),
        (f"[control.{CONTROL}]\nmode = 'fix'", "observe", Decision("observe", "the stack's parameter SecurityGroup")),
        (f"[control.{CONTROL}]\nmode = 'observe'", "fix", Decision("observe", f"{MODE} is observe")),
        (f"[control.{CONTROL}]\nmode = 'off'", "observe", Decision("exempt", f"{MODE} is off")),
    ],
)
def test_what_the_stack_holds_no_right_to_is_not_done_whatever_the_policy_says(
    text: str, granted: str, decision: Decision
) -> None:
    made = decide(parse_policy({RIGHTS: f"other=fix {CONTROL}={granted}"}, text, catalog=CATALOG), HERE)
    assert made.action == decision.action
    assert made.why.startswith(decision.why)


def test_a_control_that_the_stack_has_off_is_off() -> None:
    stack = parse_policy({RIGHTS: f"{CONTROL}=off"}, catalog=CATALOG)
    assert switched_on([by_id(CONTROL), by_id("sqs_policy_public")], stack) == (by_id("sqs_policy_public"),)


def test_a_right_that_is_none_is_refused_by_its_parameter() -> None:
    with pytest.raises(PolicyError, match=r"SecurityGroupIngressRights.*'sometimes' is not a mode"):
        parse_policy({RIGHTS: f"{CONTROL}=sometimes"}, catalog=CATALOG)
