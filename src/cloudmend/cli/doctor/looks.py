"""The checks of doctor in a stack: each reads a part of the stack, and another module judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.aws.gateway import Gateway
from cloudmend.cli import stack as reads
from cloudmend.cli.doctor import check, function, rule, settings
from cloudmend.cli.doctor.check import QUEUE, Answer, Deployment, all_of
from cloudmend.cli.stack import DEPLOYMENT_RULE, FUNCTION, LOG, NOTICE_RULE, SWEEP, event_rules
from cloudmend.controls import IDS, every, ids
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import AwsError, PolicyError
from cloudmend.core.event_rules import EventRule
from cloudmend.core.ledger import Ledger
from cloudmend.core.model import Json
from cloudmend.core.policy.model import Policy, rights_parameter
from cloudmend.core.version import CODE_VERSION
from cloudmend.disk.policy_file import read_policy

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)

JudgeRule = Callable[[Json | None, str, Deployment], Answer]


class DoctorContext(Struct, frozen=True):
    """The inputs of every look."""

    gateway: Gateway
    here: Deployment
    now: datetime

    def __getitem__(self, logical_id: str) -> str:
        return self.here.resources[logical_id]

    @property
    def rules(self) -> tuple[EventRule, ...]:
        """The rules of the stack. A control that the parameters switch off has no rule."""
        return event_rules(off=[each for each in ids() if self.most(each) == "off"])

    def most(self, control_id: str) -> str:
        """Return the most that the stack lets a control do, empty if its template does not say.

        An installed control with which the stack was not built is off in it.
        """
        return self.here.parameters.get(rights_parameter(control_id), "" if control_id in IDS else "off")

    @property
    def all_rules(self) -> str:
        return f"all {len(self.rules)} event rules"

    def since_ms(self, ago: timedelta) -> int:
        return int((self.now - ago).timestamp() * 1000)


class Look(Struct, frozen=True):
    """A check of a deployment, the resources it needs, and whether every stack has them."""

    title: str
    needs: tuple[str, ...]
    look: Callable[[DoctorContext], Answer]
    is_optional: bool = False


def _rules(case: DoctorContext) -> Answer:
    answers = [
        rule.rule(reads.rule(case.gateway, case[each.id]), each, case[each.id], case.here) for each in case.rules
    ]
    return all_of(answers, f"The state of {case.all_rules} is ENABLED.")


def _patterns(case: DoctorContext) -> Answer:
    count = sum(len(each.names) for each in case.rules)
    told = f"The patterns of {case.all_rules} match a sample event of each of the {count} calls that controls watch."
    return all_of([_pattern(each, case) for each in case.rules], told)


def _pattern(expected: EventRule, case: DoctorContext) -> Answer:
    name = case[expected.id]
    described = reads.rule(case.gateway, name)
    if described is None:
        return Answer.hidden(f"rule {name} is gone.")
    pattern = described.get("EventPattern", "")
    matched = {
        call: bool(pattern) and reads.matches(case.gateway, pattern, rule.sample(expected.source, call, case.here))
        for call in expected.names
    }
    return rule.pattern(matched, expected, name, case.here)


def _targets(case: DoctorContext) -> Answer:
    function_ = case[FUNCTION]
    names = [case[each.id] for each in case.rules]
    answers = [rule.target(reads.targets(case.gateway, name), name, function_, case.here) for name in names]
    return all_of(answers, f"Function {function_} is a target of {case.all_rules}.")


def _permissions(case: DoctorContext) -> Answer:
    function_ = case[FUNCTION]
    if reads.function(case.gateway, function_) is None:
        return Answer.hidden("the function is gone.")
    policy = reads.resource_policy(case.gateway, function_)
    answers = [rule.permission(policy, case[each.id], function_, case.here) for each in case.rules]
    return all_of(answers, f"EventBridge can invoke function {function_} for {case.all_rules}.")


def _function(case: DoctorContext) -> Answer:
    configuration = reads.function(case.gateway, case[FUNCTION])
    concurrency = reads.concurrency(case.gateway, case[FUNCTION])
    return function.function(configuration, concurrency, case[FUNCTION], case.here)


def _runs(logical_id: str, case: DoctorContext) -> Answer:
    """Count from the last deployment on, if that was today: what failed before it says nothing of what runs now."""
    name = case[logical_id]
    configuration = reads.function(case.gateway, name)
    if configuration is None:
        return Answer.hidden("the function is gone.")
    deployed = datetime.fromisoformat(configuration["LastModified"]).replace(second=0, microsecond=0)
    since = max(deployed, case.now.replace(second=0, microsecond=0) - _DAY)
    counted = reads.runs(case.gateway, name, since, case.now + timedelta(minutes=1))
    return function.runs(counted, name, case[LOG], since, case.here)


def _errors(case: DoctorContext) -> Answer:
    since_ms = case.since_ms(_DAY)
    lines = reads.log_lines(case.gateway, case[LOG], "ERROR", since_ms)
    return function.errors(lines, since_ms, case[LOG], case.here)


def _dead_letters(case: DoctorContext) -> Answer:
    url = case[QUEUE]
    return function.dead_letters(reads.waiting(case.gateway, url), url, case.here)


def _ledger(case: DoctorContext) -> Answer:
    name = case["LedgerTable"]
    return function.ledger(reads.table(case.gateway, name), name, case.here)


def _records(case: DoctorContext) -> Answer:
    return _by_ledger(case, lambda read: settings.records(read.open_intents(), read.exemptions(case.now), case.now))


def _units(case: DoctorContext) -> Answer:
    return _by_ledger(case, lambda read: settings.units(read.units(), case.now))


def _by_ledger(case: DoctorContext, judge: Callable[[Ledger], Answer]) -> Answer:
    """Judge what the ledger holds."""
    try:
        return judge(reads.ledger(case.gateway, case["LedgerTable"]))
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return Answer.hidden("the ledger's table is gone.")
        raise


def _last_sweep(case: DoctorContext) -> Answer:
    return function.last_sweep(reads.newest_streams(case.gateway, case[LOG]), case[SWEEP], case.here)


def _switch(case: DoctorContext) -> Answer:
    name = case["ModeParameter"]
    return settings.switch(reads.parameter(case.gateway, name), name, case.here)


def _policy(case: DoctorContext) -> Answer:
    return _by_policy(case, lambda policy: settings.policy(policy, case.now, CATALOG))


def _rights(case: DoctorContext) -> Answer:
    """Judge the rights to write of each control, which a parameter of the template grants."""
    granted = [
        settings.GrantedRights(control=each, parameter=rights_parameter(each.id), most=case.most(each.id) or each.mode)
        for each in every()
        if each.writes
    ]
    return _by_policy(case, lambda policy: settings.rights(granted, policy, case.here))


def _by_policy(case: DoctorContext, judge: Callable[[Policy], Answer]) -> Answer:
    """Judge the installed policy file under the deployed function's settings: the deployed file cannot be read."""
    configuration = reads.function(case.gateway, case[FUNCTION])
    if configuration is None:
        return Answer.hidden("the function is gone.")
    variables: Mapping[str, str] = configuration.get("Environment", {}).get("Variables", {})
    try:
        return judge(read_policy(variables))
    except PolicyError as error:
        return Answer("broken", str(error))


def _undo_role(case: DoctorContext) -> Answer:
    return check.undo_role(case.here.parameters.get("UndoPrincipal", ""), case.here)


def _notices(case: DoctorContext) -> Answer:
    """Check the rule that reports undos and exemptions."""
    told = "reports undos and exemptions to people"
    return _own_rule(case, NOTICE_RULE, FUNCTION, rule.notice_rule, told)


def _deployments(case: DoctorContext) -> Answer:
    """Check the rule that starts a sweep when the stack was deployed or updated."""
    told = "starts a sweep when the stack is deployed or updated"
    return _own_rule(case, DEPLOYMENT_RULE, SWEEP, rule.deployment_rule, told)


def _own_rule(case: DoctorContext, rule_id: str, function_id: str, judge: JudgeRule, told: str) -> Answer:
    """Check a rule of the template, its target, and its permission, up to the first fault."""
    name, woken = case[rule_id], case[function_id]
    here = msgspec.structs.replace(case.here, function_id=function_id)
    looks: tuple[Callable[[], Answer], ...] = (
        lambda: judge(reads.rule(case.gateway, name), name, here),
        lambda: rule.target(reads.targets(case.gateway, name), name, woken, here),
        lambda: rule.permission(reads.resource_policy(case.gateway, woken), name, woken, here),
    )
    fault = next((answer for look in looks if (answer := look()).verdict != "ok"), None)
    return fault or Answer("ok", f"Rule {name} {told}.")


def _versions(case: DoctorContext) -> Answer:
    lines = reads.log_lines(case.gateway, case[LOG], '"code_version"', case.since_ms(_WEEK))
    return settings.version(lines, CODE_VERSION, case.here)


def looks(case: DoctorContext) -> tuple[Look, ...]:
    """Return the looks at a stack, in order."""
    rules = tuple(each.id for each in case.rules)
    return (
        Look("Rule", (*rules, FUNCTION), _rules),
        Look("Pattern", rules, _patterns),
        Look("Target", (*rules, FUNCTION), _targets),
        Look("Permission", (*rules, FUNCTION), _permissions),
        Look("Function", (FUNCTION,), _function),
        Look("Runs", (FUNCTION, LOG), partial(_runs, FUNCTION)),
        Look("Last errors", (LOG,), _errors),
        Look("Dead-letter queue", (QUEUE, *rules), _dead_letters),
        Look("Ledger", ("LedgerTable",), _ledger, is_optional=True),
        Look("Records", ("LedgerTable",), _records, is_optional=True),
        Look("Last reads", ("LedgerTable",), _units, is_optional=True),
        Look("Last sweep", (SWEEP, LOG), _last_sweep, is_optional=True),
        Look("Sweeps", (SWEEP, LOG), partial(_runs, SWEEP), is_optional=True),
        Look("Deployment rule", (DEPLOYMENT_RULE, SWEEP), _deployments, is_optional=True),
        Look("Switch", ("ModeParameter",), _switch, is_optional=True),
        Look("Policy", (FUNCTION,), _policy),
        Look("Rights", (FUNCTION,), _rights),
        Look("Undo role", ("UndoRole",), _undo_role, is_optional=True),
        Look("Undo notices", (NOTICE_RULE, FUNCTION), _notices, is_optional=True),
        Look("Versions", (LOG,), _versions),
    )
