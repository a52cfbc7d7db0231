"""The checks of doctor in a stack: each reads a part of the stack, and core/doctor judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from msgspec import Struct

from cloudmend.aws import checks
from cloudmend.aws.gateway import Gateway
from cloudmend.controls.catalog import CATALOG
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.doctor import function, records, rule, runs, settings, stack
from cloudmend.core.doctor.check import FUNCTION, NOTICE_RULE, QUEUE, RULE, Answer, Deployment
from cloudmend.core.errors import AwsError, PolicyError
from cloudmend.core.version import CODE_VERSION
from cloudmend.entry.policy_file import read_policy

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)

# More logical ids of template.yaml.
LOG: Final = "RemediationLogGroup"
SWEEP: Final = "SweepFunction"


class Case(Struct, frozen=True):
    """The inputs of every look."""

    gateway: Gateway
    here: Deployment
    now: datetime

    def __getitem__(self, logical_id: str) -> str:
        return self.here.resources[logical_id]

    def since_ms(self, ago: timedelta) -> int:
        return int((self.now - ago).timestamp() * 1000)


class Look(Struct, frozen=True):
    """One check of a deployment, the resources it needs, and whether every stack has them."""

    title: str
    needs: tuple[str, ...]
    look: Callable[[Case], Answer]
    is_optional: bool = False


def _rule(case: Case) -> Answer:
    return rule.rule(checks.rule(case.gateway, case[RULE]), (CONTROL,), case[RULE], case.here)


def _pattern(case: Case) -> Answer:
    described = checks.rule(case.gateway, case[RULE])
    if described is None:
        return Answer.hidden("the rule is gone.")
    pattern = described.get("EventPattern", "")
    matched = {
        call: bool(pattern)
        and checks.matches(case.gateway, pattern, rule.sample(control.event_source, call, case.here))
        for control in (CONTROL,)
        for call in sorted(control.event_names)
    }
    return rule.pattern(matched, (CONTROL,), case[RULE], case.here)


def _target(case: Case) -> Answer:
    return rule.target(checks.targets(case.gateway, case[RULE]), case[RULE], case[FUNCTION], case.here)


def _permission(case: Case) -> Answer:
    if checks.function(case.gateway, case[FUNCTION]) is None:
        return Answer.hidden("the function is gone.")
    policy = checks.resource_policy(case.gateway, case[FUNCTION])
    return rule.permission(policy, case[RULE], case[FUNCTION], case.here)


def _function(case: Case) -> Answer:
    configuration = checks.function(case.gateway, case[FUNCTION])
    concurrency = checks.concurrency(case.gateway, case[FUNCTION])
    return function.function(configuration, concurrency, case[FUNCTION], case.here)


def _runs(logical_id: str, case: Case) -> Answer:
    """Count from the last deployment on, if that was today: what failed before it says nothing of what runs now."""
    name = case[logical_id]
    configuration = checks.function(case.gateway, name)
    if configuration is None:
        return Answer.hidden("the function is gone.")
    deployed = datetime.fromisoformat(configuration["LastModified"]).replace(second=0, microsecond=0)
    since = max(deployed, case.now.replace(second=0, microsecond=0) - _DAY)
    counted = checks.runs(case.gateway, name, since, case.now + timedelta(minutes=1))
    return runs.runs(counted, name, case[LOG], since, case.here)


def _errors(case: Case) -> Answer:
    since_ms = case.since_ms(_DAY)
    lines = checks.log_lines(case.gateway, case[LOG], "ERROR", since_ms)
    return function.errors(lines, since_ms, case[LOG], case.here)


def _dead_letters(case: Case) -> Answer:
    url = case[QUEUE]
    return function.dead_letters(checks.waiting(case.gateway, url), url, case.here)


def _ledger(case: Case) -> Answer:
    name = case["LedgerTable"]
    return function.ledger(checks.table(case.gateway, name), name, case.here)


def _records(case: Case) -> Answer:
    ledger = checks.ledger(case.gateway, case["LedgerTable"])
    try:
        return records.records(ledger.open_intents(), ledger.exemptions(case.now), case.now)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return Answer.hidden("the ledger's table is gone.")
        raise


def _last_sweep(case: Case) -> Answer:
    return function.last_sweep(checks.newest_streams(case.gateway, case[LOG]), case[SWEEP], case.here)


def _switch(case: Case) -> Answer:
    name = case["ModeParameter"]
    return settings.switch(checks.parameter(case.gateway, name), name, case.here)


def _policy(case: Case) -> Answer:
    """The installed policy file under the deployed function's settings: the deployed file cannot be read."""
    configuration = checks.function(case.gateway, case[FUNCTION])
    if configuration is None:
        return Answer.hidden("the function is gone.")
    variables: Mapping[str, str] = configuration.get("Environment", {}).get("Variables", {})
    try:
        return settings.policy(read_policy(variables), case.now, CATALOG)
    except PolicyError as error:
        return Answer("broken", str(error))


def _undo_role(case: Case) -> Answer:
    return stack.undo_role(case.here.parameters.get("UndoPrincipal", ""), case.here)


def _notices(case: Case) -> Answer:
    """What has people told of undos and exemptions: the rule, its target and the permission, up to the first fault."""
    name, here = case[NOTICE_RULE], case.here
    looks: tuple[Callable[[], Answer], ...] = (
        lambda: rule.notice_rule(checks.rule(case.gateway, name), name, here),
        lambda: rule.target(checks.targets(case.gateway, name), name, case[FUNCTION], here),
        lambda: rule.permission(checks.resource_policy(case.gateway, case[FUNCTION]), name, case[FUNCTION], here),
    )
    fault = next((answer for look in looks if (answer := look()).verdict != "ok"), None)
    return fault or Answer("ok", f"Rule {name} has people told of undos and exemptions.")


def _versions(case: Case) -> Answer:
    lines = checks.log_lines(case.gateway, case[LOG], '"code_version"', case.since_ms(_WEEK))
    return settings.version(lines, CODE_VERSION, case.here)


LOOKS: Final = (
    Look("Rule", (RULE, FUNCTION), _rule),
    Look("Pattern", (RULE,), _pattern),
    Look("Target", (RULE, FUNCTION), _target),
    Look("Permission", (RULE, FUNCTION), _permission),
    Look("Function", (FUNCTION,), _function),
    Look("Runs", (FUNCTION, LOG), partial(_runs, FUNCTION)),
    Look("Last errors", (LOG,), _errors),
    Look("Dead-letter queue", (QUEUE, RULE), _dead_letters),
    Look("Ledger", ("LedgerTable",), _ledger, is_optional=True),
    Look("Records", ("LedgerTable",), _records, is_optional=True),
    Look("Last sweep", (SWEEP, LOG), _last_sweep, is_optional=True),
    Look("Sweeps", (SWEEP, LOG), partial(_runs, SWEEP), is_optional=True),
    Look("Switch", ("ModeParameter",), _switch, is_optional=True),
    Look("Policy", (FUNCTION,), _policy),
    Look("Undo role", ("UndoRole",), _undo_role, is_optional=True),
    Look("Undo notices", (NOTICE_RULE, FUNCTION), _notices, is_optional=True),
    Look("Versions", (LOG,), _versions),
)
