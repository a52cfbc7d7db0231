"""Judge the settings of the deployed function, and its version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.cli.doctor.check import Answer, Deployment, all_of
from cloudmend.core.contract import Control
from cloudmend.core.decide import mode_of
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.explain import explain
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import Rows

_AS_DEPLOYED: Final = "as-deployed"  # what the switch says when nothing is switched
_VALUES: Final = "^(as-deployed|fix|observe)$"  # template.yaml's AllowedPattern of it
_VERSION: Final = re.compile(r'"code_version": ?"([\w.+-]+)"')


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
