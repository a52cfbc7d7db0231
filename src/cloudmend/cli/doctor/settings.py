"""The checks of the settings in force, of the deployed version, and of what the ledger holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.cli.doctor.check import Answer, Deployment, Verdict, all_of
from cloudmend.core.contract import Control
from cloudmend.core.escaping import plain, plural
from cloudmend.core.ledger_records import Exemptions, LedgerRecords, StoredRecord
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.explain import explain
from cloudmend.core.policy.model import Policy, mode_of
from cloudmend.core.ports import Rows
from cloudmend.core.standing import Unit, UnitFound

_AS_DEPLOYED: Final = "as-deployed"  # what the switch says when nothing is switched
_VALUES: Final = "^(as-deployed|fix|observe)$"  # template.yaml's AllowedPattern of it
_VERSION: Final = re.compile(r'"code_version": ?"([\w.+-]+)"')
_FORGOTTEN: Final = timedelta(days=1)  # a mend that did not end is completed by the next try, or by a sweep
_OLD: Final = timedelta(days=2)  # a schedule sweeps once a day at least, unless somebody chose otherwise
_TEXT: Final = 400  # characters of a problem


def switch(value: str | None, name: str, deployment: Deployment) -> Answer:
    """The parameter that stops all writes; None where there is no such parameter."""
    put = ("ssm", "put-parameter", "--name", name, "--value", _AS_DEPLOYED, "--overwrite")
    made = (*put[:-1], "--type", "String", "--allowed-pattern", _VALUES)
    found = f"The switch {name} {f'says {value}' if value else 'is gone'}"
    if value in (_AS_DEPLOYED, "fix"):
        return Answer("ok", f"{found}.")
    if value == "observe":  # somebody meant it: no command to paste that has cloudmend write again
        return Answer("warning", f"{found}: what is at fault is only reported until it says {_AS_DEPLOYED} again.")
    if value:
        return Answer("warning", f"{found}, which is not a mode, so it switches nothing.", deployment.aws(*put))
    return Answer("warning", f"{found}: nothing can be switched.", deployment.aws(*made))


def policy(in_force: Policy, now: datetime, catalog: Catalog) -> Answer:
    told = " ".join(explain(in_force, now, catalog))
    if in_force.mode.default == "observe":  # as above
        return Answer("warning", f"{told} Deploy the stack with Mode=fix to mend it.")
    return Answer("ok", told)


class GrantedRights(Struct, frozen=True, kw_only=True):
    """The most that the stack lets a control do, and the template's parameter that says so."""

    control: Control[Any]
    parameter: str
    most: str  # fix, observe or off


def rights(granted: Sequence[GrantedRights], in_force: Policy, deployment: Deployment) -> Answer:
    """Judge whether the stack grants the rights that the policy's modes need, and no others."""
    said = msgspec.structs.replace(in_force, rights={})  # not cut down to what the stack grants
    answers = [_right(each, said, deployment) for each in granted]
    return all_of(answers, "The stack holds the right to write of each control that mends, and of no other.")


def _right(granted: GrantedRights, said: Policy, deployment: Deployment) -> Answer:
    control, parameter, most = granted.control, granted.parameter, granted.most
    mode, why = mode_of(said, control.id, deployment.account, "", control.mode)
    if mode == "fix" and most != "fix":
        found = f"{control.id} is to mend ({why}), and the stack holds no right to, because {parameter} is {most}."
        return Answer("broken", found, deployment.deploy(f"{parameter}=fix"))
    if mode != "fix" and most == "fix" and not said.is_observing:  # Mode=observe takes the rights away by itself
        found = f"The stack holds the right to write of {control.id}, which does not mend ({why})."
        return Answer("warning", found, deployment.deploy(f"{parameter}={mode}"))
    return Answer("ok", f"{control.id}: {why}.")


def version(lines: Rows | None, installed: str, deployment: Deployment) -> Answer:
    """The log lines that name the code that wrote them. Before the first event or sweep there is none."""
    told = [(line["timestamp"], match[1]) for line in lines or () if (match := _VERSION.search(line["message"]))]
    if not told:
        return Answer("ok", f"cloudmend {installed} is installed. The log names no deployed version yet.")
    deployed = max(told)[1]
    if deployed == installed:
        return Answer("ok", f"cloudmend {installed} is installed and deployed.")
    return Answer("warning", f"cloudmend {installed} is installed, {deployed} is deployed.", deployment.deploy())


def records(open_intents: Iterable[StoredRecord], exemptions: Exemptions, now: datetime) -> Answer:
    """Judge the mends that did not end, and the exemptions."""
    entries = LedgerRecords(open_intents)
    left = [entry for entry in entries if entry.opened < now - _FORGOTTEN]
    unread = [*(each.problem for each in entries.unreadable), *exemptions.problems]
    if unread:
        others = f" {len(unread) - 1:,} more cannot be read." if len(unread) > 1 else ""
        verdict: Verdict = "broken" if entries.unreadable else "warning"
        return Answer(verdict, f"{plain(unread[0], _TEXT)}{others}")
    if left:
        return Answer(
            "warning",
            f"{plural(len(left), 'mend')} did not end, and no sweep completed them. The oldest is {left[0].id}. "
            "Check that the sweep looks at its Region, and read the sweep's last errors.",
        )
    return Answer("ok", "All exemptions in the ledger, and all mends that did not end, can be read.")


def units(found: Iterable[UnitFound], now: datetime) -> Answer:
    """Judge the units: a unit is a control in one account and Region."""
    all_of_them = list(found)
    problems = [problem for each in all_of_them if (problem := _problem(each, now))]
    if not all_of_them:
        return Answer("warning", "No sweep has read anything yet: the first one starts with the deployment.")
    if problems:
        others = f" The same holds for {len(problems) - 1:,} more." if len(problems) > 1 else ""
        return Answer("warning", f"{problems[0]}{others}")
    oldest = min(each.read for each in all_of_them if isinstance(each, Unit) and each.read)
    return Answer("ok", f"{plural(len(all_of_them), 'control')} read whole, the first of them {_time(oldest)}.")


def _problem(unit: UnitFound, now: datetime) -> str:
    """Return the problem of a unit; empty if it has none."""
    if not isinstance(unit, Unit):
        return plain(unit.problem, _TEXT)
    where = f"{unit.control} in account {unit.account}, Region {unit.region}"
    read = f"was last read whole {_time(unit.read)}" if unit.read else "was never read whole"
    if unit.unread:
        return f"{where} {read}. Not read: {plain(unit.unread[0], _TEXT)}"
    if unit.baseline is None:
        return f"The first sweep of {where} is not through, so what was there before is not known yet."
    return f"{where} {read}." if unit.read is None or now - unit.read > _OLD else ""


def _time(instant: datetime) -> str:
    return f"at {instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
