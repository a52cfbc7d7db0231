"""`cloudmend doctor`: why is nothing happening? The checks in order, over the user's own AWS."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

import msgspec
from rich.text import Text

from cloudmend.aws.world import Connect, connect, environment_region, identify
from cloudmend.cli import stack as reads
from cloudmend.cli.doctor import check, forwarding, trail
from cloudmend.cli.doctor.check import Answer, Check, Deployment, Verdict, exit_code
from cloudmend.cli.doctor.looks import DoctorContext, looks
from cloudmend.cli.screen import Screen
from cloudmend.cli.stack import DEPLOYMENT_RULE, FUNCTION, NOTICE_RULE, event_rules
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.escaping import plural, terminal

_STYLE: Final[dict[Verdict, str]] = {"ok": "green", "warning": "yellow", "broken": "bold red", "unknown": "magenta"}
_HANG: Final = 9  # characters of a verdict, and a blank


def doctor(name: str, region: str | None, *, as_json: bool) -> int:
    """Tell each check as soon as it is made; return 1 if something is broken or unknown, else 0."""
    made = diagnose(connect(), name, region, datetime.now(UTC))
    told = list(made if as_json else _told(made))
    if as_json:
        sys.stdout.write(f"{msgspec.json.encode({'checks': told}).decode()}\n")
    return exit_code(told)


def _told(made: Iterable[Check]) -> Iterator[Check]:
    screen, counted = Screen(), Counter[Verdict]()
    for each in made:
        verdict = Text(f"{each.verdict:8}", _STYLE[each.verdict])
        screen.say(verdict, Text(f"{each.title}:", "bold"), terminal(each.found), hang=_HANG)
        if each.fix:
            screen.command(f"{'':{_HANG}}fix: ", each.fix)
        counted[each.verdict] += 1
        yield each
    sums = [f"{counted[verdict]} {verdict}" for verdict in _STYLE if counted[verdict]]
    screen.say(Text(f"\n{plural(counted.total(), 'check')}: {', '.join(sums)}.", "bold"))


def diagnose(connect: Connect, name: str, region: str | None, now: datetime) -> Iterator[Check]:
    """Make the checks in order. Without a Region, credentials or a stack the rest cannot be looked for."""
    where = _region(region)
    yield where
    if where.verdict != "ok":
        return
    gateway = connect(where.found)
    try:
        caller = identify(gateway.client("sts"))
    except CloudmendError as error:
        is_set_up = isinstance(error, AwsError) and not error.refused  # there was no answer, whatever is configured
        yield Check("Credentials", "broken", str(error), "" if is_set_up else "aws configure")
        return
    yield Check("Credentials", "ok", f"You are {caller.arn}.")
    rules = event_rules()
    here = Deployment(
        account=caller.account,
        region=where.found,
        partition=caller.arn.split(":")[1],
        stack=name,
        function_id=FUNCTION,
        rule_ids=(*(each.id for each in rules), DEPLOYMENT_RULE, NOTICE_RULE),
    )
    calls = [(each.source, call) for each in rules for call in each.names]
    yield _looked("Trail", lambda: trail.judge(reads.trails(connect, here.region), calls, here))
    yield from _stack(DoctorContext(gateway, here, now), connect)


def _region(region: str | None) -> Check:
    """Return what is found is the Region's name."""
    try:
        found = region or environment_region()
    except CloudmendError as error:
        return Check("Region", "broken", str(error), "aws configure")
    if not found:
        return Check("Region", "broken", "No AWS Region is set.", "export AWS_REGION=REGION")
    return Check("Region", "ok", found)


def _looked(title: str, look: Callable[[], Answer]) -> Check:
    """The check, whose verdict is unknown where AWS does not answer."""
    try:
        return Check.of(title, look())
    except CloudmendError as error:
        return Check.of(title, Answer.hidden(str(error)))


def _stack(case: DoctorContext, connect: Connect) -> Iterator[Check]:
    name = case.here.stack
    try:
        described = reads.stack(case.gateway, name)
        resources = reads.resources(case.gateway, name) if described else {}
    except CloudmendError as error:
        yield Check.of("Stack", Answer.hidden(str(error)))
        return
    if described is None:
        yield _looked("Stack", lambda: check.stack(None, _others(case), case.here))
    elif FUNCTION not in resources:
        yield _looked("Stack", lambda: check.foreign(case.here, _others(case)))
    else:
        parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", ())}
        stack_id = str(described["StackId"])
        here = msgspec.structs.replace(case.here, resources=resources, parameters=parameters, stack_id=stack_id)
        yield Check.of("Stack", check.stack(described, (), here))
        yield _looked("Other stacks", lambda: check.alone(_others(case), here))
        deployed = msgspec.structs.replace(case, here=here)
        yield from _resources(deployed)
        if rules := forwarding.unheard(deployed.rules, here.region):
            yield _looked("Global services", lambda: forwarding.look(connect, rules, here))


def _others(case: DoctorContext) -> list[str]:
    """Return the other stacks of cloudmend's in the Region: those with its function and rules about these calls."""
    rules = event_rules()
    found = reads.rules_about(case.gateway, sorted({call for each in rules for call in each.names}))
    owners = [owner for name in found if (owner := reads.owner(case.gateway, name))]
    stacks = {each.stack for each in owners if each.logical_id in {rule.id for rule in rules}} - {case.here.stack}
    return sorted(stack for stack in stacks if FUNCTION in reads.resources(case.gateway, stack))


def _resources(case: DoctorContext) -> Iterator[Check]:
    for each in looks(case):
        missing = [name for name in each.needs if name not in case.here.resources]
        if not missing:
            yield _looked(each.title, partial(each.look, case))
        elif not each.is_optional:
            found = f"Stack {case.here.stack} has no {missing[0]}."
            yield Check(each.title, "broken", found, case.here.deploy())
