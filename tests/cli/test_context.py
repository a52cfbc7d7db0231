"""What scan and explain are told of a stack and of a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.doctor.patient import STACK, Patient
from cloudmend.cli.context import look_context, only
from cloudmend.cli.ledgers import open_ledger
from cloudmend.core.errors import InputError
from cloudmend.core.exempting import ExemptionRequest, Where
from cloudmend.core.ledger_records import TimedExemption
from cloudmend.core.policy.model import Policy
from cloudmend.disk.policy_file import PACKAGED
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import unheard
from support import settings_in

GROUP = "sg-05fe30eb67c909f27"


def exemption(name: str) -> TimedExemption:
    grounds = ExemptionRequest(owner="net", reason="No VPN yet", duration=timedelta(hours=2), caller="arn")
    return grounds.exemption(name, Where(group=GROUP), datetime.now(UTC))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Patient]:
    with EmbeddedAws(log=unheard) as embedded:
        for name, value in embedded.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        yield Patient(embedded)


def ports(policy: Policy) -> list[str]:
    return [str(traffic) for traffic in settings_in(policy).guarded]


def test_a_stack_gives_its_settings_its_switch_and_its_ledger(patient: Patient) -> None:
    patient.deploy(GuardedPorts="5432", Mode="observe")
    table = patient["LedgerTable"]
    patient.client("ssm").put_parameter(Name=patient["ModeParameter"], Value="fix", Overwrite=True)
    open_ledger(table, None).exempt(exemption("exempt-of-the-stack"))
    context = look_context(PACKAGED, ledger="", stack=STACK, region=patient.aws.region)
    assert (ports(context.policy), context.policy.mode.default) == (["tcp/5432"], "observe")
    assert context.inputs.switch == "fix"
    assert [each.id for each in context.inputs.exemptions.held] == ["exempt-of-the-stack"]


def test_a_stack_gives_the_keys_of_the_policy_that_it_sets(patient: Patient) -> None:
    patient.deploy(Settings="control.security_group_ingress.guarded=5432,80;control.sqs_policy_public.mode=off")
    policy = look_context(PACKAGED, ledger="", stack=STACK, region=patient.aws.region).policy
    assert ports(policy) == ["tcp/80", "tcp/5432"]
    assert policy.modes["sqs_policy_public"].default == "off"


def test_a_stack_and_a_table_that_sweeps_write_have_a_baseline_which_fix_does_not_keep(patient: Patient) -> None:
    patient.deploy()
    table, region = patient["LedgerTable"], patient.aws.region

    def keeps(ledger: str, stack: str = "", **more: bool) -> bool:
        return look_context(PACKAGED, ledger=ledger, stack=stack, region=region, **more).inputs.keeps_baseline

    assert (keeps(table), keeps("", STACK), keeps("")) == (False, True, False)
    patient.read_whole()
    assert (keeps(table), keeps(table, keeps_baseline=False)) == (True, False)


def test_a_stack_that_is_not_there_is_bad_input(patient: Patient) -> None:
    with pytest.raises(InputError, match=r"There is no stack nowhere in us-east-1\. Pass another"):
        look_context(PACKAGED, ledger="", stack="nowhere", region="us-east-1")


@pytest.mark.usefixtures("patient")
def test_without_a_name_the_user_s_own_file_counts_and_is_not_made_by_a_look(tmp_path: Path) -> None:
    assert look_context(PACKAGED, ledger="", stack="", region=None).inputs.ledger is None
    assert not list(tmp_path.iterdir())
    open_ledger("", None).exempt(exemption("exempt-of-my-own"))
    inputs = look_context(PACKAGED, ledger="", stack="", region=None).inputs
    assert [each.id for each in inputs.exemptions.held] == ["exempt-of-my-own"]
    assert inputs.switch is None


@pytest.mark.parametrize("regions", [[], ["us-east-1", "eu-west-1"]])
def test_a_stack_needs_the_one_region_that_it_mends(regions: list[str]) -> None:
    with pytest.raises(InputError, match="Pass exactly that Region as --region"):
        only(regions, "Stack cloudmend")


def test_one_region_is_that_of_the_ledger_and_several_are_none() -> None:
    assert only(["us-east-1"], "Stack cloudmend") == "us-east-1"
    assert only(["us-east-1"]) == "us-east-1"
    assert only([]) is None
    assert only(["us-east-1", "eu-west-1"]) is None
