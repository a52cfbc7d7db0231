"""Fix, observe or leave open: which line of the policy decides."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.decide import Circumstances, Decision, decide
from cloudmend.core.policy import Policy, parse_policy

GROUP, VPC, ACCOUNT = "sg-0123456789abcdef0", "vpc-0123456789abcdef0", "111122223333"
ROLE = "arn:aws:iam::111122223333:role/Break-Glass"
CONTROL = "security_group_ingress"
HERE = Circumstances(
    control=CONTROL, account=ACCOUNT, vpc=VPC, group=GROUP, actor_role=ROLE, now=datetime(2026, 11, 24, 7, tzinfo=UTC)
)


def policy(text: str) -> Policy:
    return parse_policy({}, text, catalog=CATALOG)


@pytest.mark.parametrize(
    ("modes", "decision"),
    [
        ("", Decision("fix", "mode.default is fix")),
        ("default = 'observe'", Decision("observe", "mode.default is observe")),
        (f"control.{CONTROL} = 'observe'", Decision("observe", f"mode.control.{CONTROL} is observe")),
        (
            f"control.{CONTROL} = 'observe'\naccount.{ACCOUNT} = 'fix'",
            Decision("fix", f"mode.account.{ACCOUNT} is fix"),
        ),
        (
            f"control.{CONTROL} = 'fix'\naccount.{ACCOUNT} = 'fix'\nvpc.{VPC} = 'observe'",
            Decision("observe", f"mode.vpc.{VPC} is observe"),
        ),
        ("account.123456789012 = 'observe'\nvpc.vpc-01234567 = 'observe'", Decision("fix", "mode.default is fix")),
    ],
)
def test_the_most_specific_mode_counts(modes: str, decision: Decision) -> None:
    assert decide(policy(f"[mode]\n{modes}"), HERE) == decision


def test_what_is_not_known_has_the_default_mode() -> None:
    unknown = Circumstances(control="", account="", vpc="", group="", actor_role="", now=HERE.now)
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
        (f'group = "{GROUP}"', f"group {GROUP}"),
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
    "other", [{"group": "sg-01234567"}, {"vpc": "vpc-01234567"}, {"account": "123456789012"}, {"actor_role": ""}]
)
def test_an_exemption_does_not_hold_where_one_of_its_scopes_differs(other: dict[str, str]) -> None:
    all_four = exempting(f'group = "{GROUP}"\nvpc = "{VPC}"\naccount = "{ACCOUNT}"\nactor_role = "{ROLE}"')
    assert decide(all_four, HERE).action == "exempt"
    assert decide(all_four, msgspec.structs.replace(HERE, **other)) == Decision("fix", "mode.default is fix")


def test_an_exemption_that_expired_does_not_hold_and_is_told() -> None:
    decision = decide(exempting(f'group = "{GROUP}"', expires="2026-11-23"), HERE)
    assert decision.action == "fix"
    assert decision.why == (
        f"mode.default is fix; no longer exempt, because it expired: group {GROUP}, by team until "
        "2026-11-23 23:59 UTC: No VPN yet"
    )


def test_of_exemptions_that_expired_each_is_told() -> None:
    expired = exempting(f'group = "{GROUP}"', f'vpc = "{VPC}"', expires="2026-11-23")
    told = "; no longer exempt, because it expired: {}, by team until 2026-11-23 23:59 UTC: No VPN yet"
    assert decide(expired, HERE).why == (
        "mode.default is fix" + told.format(f"group {GROUP}") + told.format(f"VPC {VPC}")
    )


def test_of_several_exemptions_one_that_holds_is_enough() -> None:
    expired = exempting(f'group = "{GROUP}"', expires="2026-11-23").exemptions
    both = msgspec.structs.replace(
        exempting(f'vpc = "{VPC}"'), exemptions=expired + exempting(f'vpc = "{VPC}"').exemptions
    )
    assert decide(both, HERE).why.startswith(f"exempt: VPC {VPC}")


def test_an_exemption_counts_more_than_a_mode() -> None:
    exempt = exempting(f'group = "{GROUP}"')
    observing = msgspec.structs.replace(exempt, mode=policy("[mode]\ndefault = 'observe'").mode)
    assert decide(observing, HERE).action == "exempt"
