"""`cloudmend doctor`: why is nothing happening? The checks in order, over the user's own AWS."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.text import Text

from cloudmend.aws import checks
from cloudmend.aws.checks import Connect
from cloudmend.aws.gateway import Gateway
from cloudmend.controls import CONTROLS
from cloudmend.core.doctor import function, rule, settings, trail
from cloudmend.core.doctor.check import Answer, Check, Deployment, Verdict, is_broken
from cloudmend.core.errors import AwsError, PolicyError
from cloudmend.core.version import CODE_VERSION
from cloudmend.entry.policy_file import read_policy

_STYLE: Final[dict[Verdict, str]] = {"ok": "green", "warning": "yellow", "broken": "bold red", "unknown": "magenta"}
_ERRORS: Final = timedelta(days=1)
_VERSIONS: Final = timedelta(days=7)

# The logical ids of template.yaml.
_FUNCTION: Final = "SecurityGroupRemediationLambda"
_LOG: Final = "RemediationLogGroup"
_RULE: Final = "ScheduledRule"


def doctor(stack: str, region: str | None, *, as_json: bool) -> int:
    """Tells each check as soon as it is made; the exit code: 1 where something is broken, else 0."""
    made = diagnose(checks.connect(), stack, region, datetime.now(UTC))
    told = list(made if as_json else _told(made))
    if as_json:
        sys.stdout.write(f"{msgspec.json.encode({'checks': told}).decode()}\n")
    return 1 if is_broken(told) else 0


def _told(made: Iterable[Check]) -> Iterator[Check]:
    console = Console(highlight=False, soft_wrap=True)
    for check in made:
        verdict = Text(f"{check.verdict:8}", _STYLE[check.verdict])
        console.print(verdict, Text(f"{check.title}:", "bold"), Text(check.found))
        if check.fix:
            console.print(Text(f"{'':9}fix: {check.fix}"))
        yield check


class _Case(Struct, frozen=True):
    """What every look needs."""

    gateway: Gateway
    here: Deployment
    now: datetime

    def __getitem__(self, logical_id: str) -> str:
        return self.here.resources[logical_id]

    def since_ms(self, ago: timedelta) -> int:
        return int((self.now - ago).timestamp() * 1000)


def diagnose(connect: Connect, stack: str, region: str | None, now: datetime) -> Iterator[Check]:
    """The checks in order. Without a Region, credentials or a stack the rest cannot be looked for."""
    where = _region(region)
    yield where
    if where.verdict != "ok":
        return
    gateway = connect(where.found)
    try:
        caller = checks.identity(gateway)
    except AwsError as error:
        yield Check("Credentials", "broken", str(error), "aws configure" if error.refused else "")
        return
    yield Check("Credentials", "ok", f"You are {caller['Arn']}.")
    here = Deployment(account=caller["Account"], region=where.found, partition=caller["Arn"].split(":")[1], stack=stack)
    yield _looked("Trail", lambda: trail.judge(checks.trails(connect, here.region), here))
    yield from _stack(_Case(gateway, here, now))


def _region(region: str | None) -> Check:
    """What is found is the Region's name."""
    try:
        found = checks.region_of(region)
    except AwsError as error:
        return Check("Region", "broken", str(error), "aws configure")
    if not found:
        return Check("Region", "broken", "No AWS Region is set.", "export AWS_REGION=REGION")
    return Check("Region", "ok", found)


def _looked(title: str, look: Callable[[], Answer]) -> Check:
    """The check, whose verdict is unknown where AWS does not answer."""
    try:
        return Check.of(title, look())
    except AwsError as error:
        return Check.of(title, Answer.hidden(str(error)))


def _stack(case: _Case) -> Iterator[Check]:
    try:
        described = checks.stack(case.gateway, case.here.stack)
        resources = checks.resources(case.gateway, case.here.stack) if described else {}
    except AwsError as error:
        yield Check.of("Stack", Answer.hidden(str(error)))
        return
    yield Check.of("Stack", function.stack(described, case.here))
    if described:
        here = msgspec.structs.replace(case.here, resources=resources)
        yield from _resources(msgspec.structs.replace(case, here=here))


class _Look(Struct, frozen=True):
    """One check of a deployment, the resources it needs, and whether every stack has them."""

    title: str
    needs: tuple[str, ...]
    look: Callable[[_Case], Answer]
    is_optional: bool = False


def _resources(case: _Case) -> Iterator[Check]:
    for each in _LOOKS:
        missing = [name for name in each.needs if name not in case.here.resources]
        if not missing:
            yield _looked(each.title, partial(each.look, case))
        elif not each.is_optional:
            found = f"Stack {case.here.stack} has no {missing[0]}."
            yield Check(each.title, "broken", found, case.here.deploy())


def _rule(case: _Case) -> Answer:
    return rule.rule(checks.rule(case.gateway, case[_RULE]), case[_RULE], case.here)


def _pattern(case: _Case) -> Answer:
    described = checks.rule(case.gateway, case[_RULE])
    if described is None:
        return Answer.hidden("the rule is gone.")
    pattern = described.get("EventPattern", "")
    matched = {
        call: bool(pattern)
        and checks.matches(case.gateway, pattern, rule.sample(control.event_source, call, case.here))
        for control in CONTROLS
        for call in sorted(control.event_names)
    }
    sources = sorted({control.event_source for control in CONTROLS})
    return rule.pattern(matched, sources, case[_RULE], case.here)


def _target(case: _Case) -> Answer:
    return rule.target(checks.targets(case.gateway, case[_RULE]), case[_RULE], case[_FUNCTION], case.here)


def _permission(case: _Case) -> Answer:
    if checks.function(case.gateway, case[_FUNCTION]) is None:
        return Answer.hidden("the function is gone.")
    policy = checks.resource_policy(case.gateway, case[_FUNCTION])
    return rule.permission(policy, case[_RULE], case[_FUNCTION], case.here)


def _function(case: _Case) -> Answer:
    configuration = checks.function(case.gateway, case[_FUNCTION])
    concurrency = checks.concurrency(case.gateway, case[_FUNCTION])
    return function.function(configuration, concurrency, case[_FUNCTION], case.here)


def _errors(case: _Case) -> Answer:
    since_ms = case.since_ms(_ERRORS)
    lines = checks.log_lines(case.gateway, case[_LOG], "ERROR", since_ms)
    return function.errors(lines, since_ms, case[_LOG], case.here)


def _dead_letters(case: _Case) -> Answer:
    url = case["DeadLetterQueue"]
    return function.dead_letters(checks.waiting(case.gateway, url), url, case.here)


def _ledger(case: _Case) -> Answer:
    name = case["LedgerTable"]
    return function.ledger(checks.table(case.gateway, name), name, case.here)


def _last_sweep(case: _Case) -> Answer:
    return function.last_sweep(checks.newest_streams(case.gateway, case[_LOG]), case["SweepFunction"], case.here)


def _switch(case: _Case) -> Answer:
    name = case["ModeParameter"]
    return settings.switch(checks.parameter(case.gateway, name), name, case.here)


def _policy(case: _Case) -> Answer:
    """The installed policy file under the deployed function's settings: the deployed file cannot be read."""
    configuration = checks.function(case.gateway, case[_FUNCTION])
    if configuration is None:
        return Answer.hidden("the function is gone.")
    variables: Mapping[str, str] = configuration.get("Environment", {}).get("Variables", {})
    try:
        return settings.policy(read_policy(variables), case.now, case.here)
    except PolicyError as error:
        return Answer("broken", str(error), case.here.deploy())


def _versions(case: _Case) -> Answer:
    lines = checks.log_lines(case.gateway, case[_LOG], '"code_version"', case.since_ms(_VERSIONS))
    return settings.version(lines, CODE_VERSION, case.here)


_LOOKS: Final = (
    _Look("Rule", (_RULE,), _rule),
    _Look("Pattern", (_RULE,), _pattern),
    _Look("Target", (_RULE, _FUNCTION), _target),
    _Look("Permission", (_RULE, _FUNCTION), _permission),
    _Look("Function", (_FUNCTION,), _function),
    _Look("Last errors", (_LOG,), _errors),
    _Look("Dead-letter queue", ("DeadLetterQueue",), _dead_letters),
    _Look("Ledger", ("LedgerTable",), _ledger, is_optional=True),
    _Look("Last sweep", ("SweepFunction", _LOG), _last_sweep, is_optional=True),
    _Look("Switch", ("ModeParameter",), _switch, is_optional=True),
    _Look("Policy", (_FUNCTION,), _policy),
    _Look("Versions", (_LOG,), _versions),
)
