"""The basis of a judgement: a policy file, a ledger, and a stack, each if it is named. It only reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cloudmend.aws.gateway import SystemClock
from cloudmend.aws.switch import ModeSwitch
from cloudmend.aws.world import anywhere, connection
from cloudmend.core.errors import InputError
from cloudmend.core.escaping import terminal
from cloudmend.core.ledger import Exemptions, Ledger
from cloudmend.entry.deployed import LEDGER_TABLE, MODE_PARAMETER
from cloudmend.entry.ledgers import known_ledger
from cloudmend.entry.policy_file import PACKAGED, read_policy
from cloudmend.entry.stack import find_stack
from cloudmend.entry.standing import Brief, Standing, Switched

STACK_NAME: Final = "--stack-name"


def brief_of(policy_file: Path, *, ledger: str, stack: str, region: str | None) -> Brief:
    """Return the brief of a command. With a stack, it judges as the stack's function would. Raises CloudmendError.

    A named ledger takes precedence over the stack's. Without either, the user's own file is the ledger.
    """
    settings = find_stack(stack, region).settings() if stack else {}
    policy, now = read_policy(settings, policy_file), datetime.now(UTC)
    known = known_ledger(ledger or settings.get(LEDGER_TABLE, ""), region)
    switch = _switch(settings.get(MODE_PARAMETER, ""), region)
    standing = Standing(exemptions=_exemptions(known, now), switch=switch, ledger=known, keeps_baseline=bool(stack))
    account = anywhere(region).known_account()  # empty where it is not known: then all counts as the account's own
    return Brief(policy, now, standing, _options(policy_file, ledger, stack), account)


def _options(policy_file: Path, ledger: str, stack: str) -> tuple[str, ...]:
    chosen = "" if policy_file == PACKAGED else str(policy_file)
    given = [("--policy", chosen), ("--ledger", ledger), (STACK_NAME, stack)]
    return tuple(word for option, value in given if value for word in (option, value))


def only(regions: Sequence[str], bound: str = "") -> str | None:
    """Return the Region if `regions` names exactly one, otherwise None.

    `bound` names a thing that is in one Region. Raises InputError if that thing is given without exactly one Region.
    """
    if bound and len(regions) != 1:
        raise InputError(f"{bound} is in one Region. Pass exactly that Region as --region.")
    return regions[0] if len(regions) == 1 else None


def _switch(parameter: str, region: str | None) -> Switched:
    return ModeSwitch(connection(region).gateway, parameter, SystemClock(), _tell).mode() if parameter else None


def _exemptions(ledger: Ledger | None, now: datetime) -> Exemptions:
    """Return the active exemptions. One that cannot be read exempts nothing, as in the engine, and is reported."""
    found = ledger.exemptions(now) if ledger else Exemptions(())
    for problem in found.unreadable:
        _tell(problem)
    return found


def _tell(problem: str) -> None:
    sys.stderr.write(f"cloudmend: {terminal(problem)}\n")
