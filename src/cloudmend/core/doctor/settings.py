"""What the function was told to do, and in which version it is deployed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from cloudmend.core.doctor.check import Answer, Deployment
from cloudmend.core.policy import Policy
from cloudmend.core.policy.explain import explain
from cloudmend.core.ports import Rows

_AS_DEPLOYED: Final = "as-deployed"  # what the switch says when nothing is switched
_VERSION: Final = re.compile(r'"code_version": ?"([\w.+-]+)"')


def switch(value: str | None, name: str, deployment: Deployment) -> Answer:
    """The parameter that stops all writes; None where there is no such parameter."""
    put = ("ssm", "put-parameter", "--name", name, "--overwrite", "--value", _AS_DEPLOYED)
    found = f"The switch {name} {f'says {value}' if value else 'is gone'}"
    if value in (_AS_DEPLOYED, "fix"):
        return Answer("ok", f"{found}.")
    if value == "observe":
        return Answer("warning", f"{found}: what is at fault is only reported.", deployment.aws(*put))
    if value:
        return Answer("warning", f"{found}, which is no mode: nothing is switched.", deployment.aws(*put))
    return Answer("warning", f"{found}: nothing can be switched.", deployment.deploy_anew())


def policy(in_force: Policy, now: datetime, deployment: Deployment) -> Answer:
    told = " ".join(explain(in_force, now))
    if in_force.mode.default == "observe":
        return Answer("warning", told, deployment.deploy("Mode=fix"))
    return Answer("ok", told)


def version(lines: Rows | None, installed: str, deployment: Deployment) -> Answer:
    """The log lines that tell which code mended. Before the first mend nothing does."""
    told = [(line["timestamp"], match[1]) for line in lines or () if (match := _VERSION.search(line["message"]))]
    if not told:
        return Answer("ok", f"cloudmend {installed} is installed; no mend is logged that would name the deployed one.")
    deployed = max(told)[1]
    if deployed == installed:
        return Answer("ok", f"cloudmend {installed} is installed and deployed.")
    return Answer("warning", f"cloudmend {installed} is installed, {deployed} is deployed.", deployment.deploy())
