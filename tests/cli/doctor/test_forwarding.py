"""Doctor says so if a control hears a global service, the stack is elsewhere, and nothing forwards the calls."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from cloudmend.aws.gateway import Gateway, SystemClock
from cloudmend.cli.doctor import forwarding
from cloudmend.cli.doctor.check import Deployment
from cloudmend.core.event_rules import EventRule, event_rules
from cloudmend.local.server import EmbeddedAws
from cloudmend.template.global_rules import global_template
from cloudmend.template.rules import wakes
from local.embedded.helpers import ACCOUNT, client
from template.test_global_rules import control as control

HOME = "eu-west-1"
BUS = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default"
HERE = Deployment(account=ACCOUNT, region=HOME, partition="aws", stack="cloudmend")


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(region=HOME) as embedded:
        yield embedded


def looked(aws: EmbeddedAws, rules: tuple[EventRule, ...]) -> Any:
    def connect(region: str) -> Gateway:
        return Gateway(region, lambda service: client(aws, service, region=region), SystemClock())

    return forwarding.look(connect, rules, HERE)


def test_it_is_broken_until_the_second_stack_is_there_and_while_its_rule_is_disabled(
    aws: EmbeddedAws, control: Any
) -> None:
    rules = forwarding.unheard(event_rules(wakes([control]), ""), HOME)
    missing = looked(aws, rules)
    assert (missing.verdict, missing.found) == (
        "broken",
        "No rule in us-east-1 forwards UpdateAccountPasswordPolicy to eu-west-1, and no rule in eu-west-1 hears them.",
    )
    assert shlex.split(missing.fix) == [
        *("aws", "cloudformation", "deploy", "--region", "us-east-1", "--template-file", "global-rules.yaml"),
        *("--stack-name", "cloudmend-global", "--capabilities", "CAPABILITY_IAM"),
        *("--parameter-overrides", f"HomeBusArn={BUS}"),
    ]
    client(aws, "cloudformation", region="us-east-1").create_stack(
        StackName="cloudmend-global",
        TemplateBody=global_template([control]),
        Parameters=[{"ParameterKey": "HomeBusArn", "ParameterValue": BUS}],
        Capabilities=["CAPABILITY_IAM"],
    )
    assert (looked(aws, rules).verdict, looked(aws, rules).fix) == ("ok", "")
    events = client(aws, "events", region="us-east-1")
    (name,) = events.list_rule_names_by_target(TargetArn=BUS)["RuleNames"]
    events.disable_rule(Name=name)
    assert looked(aws, rules).verdict == "broken"


def test_in_the_region_of_global_services_and_without_such_a_control_nothing_is_looked_at(control: Any) -> None:
    rules = event_rules(wakes([control]), "")
    assert forwarding.unheard(rules, HOME) == rules
    assert forwarding.unheard(rules, "us-east-1") == ()
    assert forwarding.unheard([EventRule("Ec2", "ec2.amazonaws.com", ("StopInstances",))], HOME) == ()
