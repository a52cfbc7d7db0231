"""Do the calls of global services come here? Only their home Region hears them, so a rule there must forward them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from cloudmend.aws.gateway import Gateway
from cloudmend.aws.world import Connect
from cloudmend.cli import stack as reads
from cloudmend.cli.doctor.check import Answer, Deployment
from cloudmend.cli.doctor.rule import sample
from cloudmend.core.event_rules import EventRule, global_rules
from cloudmend.core.model import Request
from cloudmend.core.partitions import partition_of
from cloudmend.template.global_rules import FILE


def unheard(rules: Iterable[EventRule], region: str) -> tuple[EventRule, ...]:
    """Return the rules that match nothing in a Region unless the calls are forwarded to it."""
    return () if region == partition_of(region).home else global_rules(rules)


def look(connect: Connect, rules: Sequence[EventRule], here: Deployment) -> Answer:
    """Judge whether rules of the home Region forward all calls of these rules to this one. Raises AwsError."""
    home, bus = partition_of(here.region).home, here.arn("events", "event-bus/default")
    patterns = list(_patterns(connect(home), bus))
    there = msgspec.structs.replace(here, region=home)
    missed = [
        call
        for rule in rules
        for call in rule.names
        if not any(reads.matches(connect(home), each, sample(rule.source, call, there)) for each in patterns)
    ]
    if not missed:
        return Answer("ok", f"Rules in {home} forward the calls of global services to {here.region}.")
    found = f"No rule in {home} forwards {', '.join(missed)} to {here.region}, and no rule in {here.region} hears them."
    return Answer("broken", found, _deploy(home, bus, here))


def _patterns(gateway: Gateway, bus: str) -> Iterator[str]:
    """Yield the patterns of the enabled rules whose target is a bus."""
    for name in gateway.call(Request("events:ListRuleNamesByTarget", {"TargetArn": bus}))["RuleNames"]:
        described = reads.rule(gateway, name) or {}
        if described.get("State") == "ENABLED" and described.get("EventPattern"):
            yield described["EventPattern"]


def _deploy(home: str, bus: str, here: Deployment) -> str:
    """Return the command that deploys the second stack from the folder of the template that `cloudmend build` wrote."""
    words = ("aws", "cloudformation", "deploy", "--region", home, "--template-file", FILE)
    more = ("--stack-name", f"{here.stack}-global", "--capabilities", "CAPABILITY_IAM")
    return shlex.join([*words, *more, "--parameter-overrides", f"HomeBusArn={bus}"])
