"""The inputs of a decision beside the policy: exemptions, the switch, recent mends. For commands that only look."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, cast

from msgspec import Struct

from cloudmend.aws.gateway import SystemClock
from cloudmend.aws.stack import ModeSwitch
from cloudmend.aws.world import anywhere, connection
from cloudmend.cli.ledgers import known_ledger
from cloudmend.cli.stack import find_stack
from cloudmend.core.errors import CloudmendError, InputError
from cloudmend.core.escaping import terminal
from cloudmend.core.ledger import History, Ledger
from cloudmend.core.ledger_records import Exemptions, StoredRecord
from cloudmend.core.model import Record
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import Reader, Sent
from cloudmend.core.standing import UnitFound
from cloudmend.core.world import World
from cloudmend.disk.policy_file import PACKAGED, read_policy
from cloudmend.lambda_.world import LEDGER_TABLE, MODE_PARAMETER

STACK_NAME: Final = "--stack-name"

Switched = Literal["fix", "observe"] | None  # None: nothing is switched


class DecisionInputs(Struct, frozen=True, kw_only=True):
    """The active exemptions, the switch's mode, and the ledger, if one is known.

    `keeps_baseline`: whether findings from before a stack's first look stay as they are, as in the stack itself.
    """

    exemptions: Exemptions = Exemptions(())
    switch: Switched = None
    ledger: Ledger | None = None
    keeps_baseline: bool = False

    def world(self, *, region: str, reader: Reader, account: str, now: datetime) -> World:
        """Return the world of who only looks: as it is at one moment, and nothing can be written."""
        closed = _Closed()
        return World(
            account=lambda: account,
            region=region,
            reader=reader,
            writer=closed,
            ledger=cast("Ledger", _Known(self)),
            notifier=closed,
            clock=_Stopped(now),
            switch=_Set(self.switch),
            keeps_baseline=self.keeps_baseline,
        )


class _Known:
    """The part of a ledger that a look reads."""

    def __init__(self, inputs: DecisionInputs) -> None:
        self._inputs = inputs

    def exemptions(self, _: datetime) -> Exemptions:
        return self._inputs.exemptions

    def recent(self, place: str, since: datetime) -> tuple[StoredRecord, ...]:
        ledger = self._inputs.ledger
        return ledger.recent(place, since) if ledger else ()

    def history(self, place: str, since: datetime) -> History:
        inputs = self._inputs
        if inputs.keeps_baseline and inputs.ledger:
            return inputs.ledger.history(place, since)
        return History(self.recent(place, since))

    def unit(self, unit: str) -> UnitFound | None:
        return self._inputs.ledger.unit(unit) if self._inputs.ledger else None


class _Stopped(Struct, frozen=True):
    """A clock at one moment."""

    time: datetime

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _Set(Struct, frozen=True):
    """A switch as it was read."""

    to: Switched

    def mode(self) -> Switched:
        return self.to


class _Closed:
    """A Writer and Notifier of who only looks."""

    def write(self, request: Sent) -> None:
        raise CloudmendError(f"A look does not write, and this one would send {request}.")

    def publish(self, record: Record) -> None:
        raise CloudmendError(f"A look tells nobody, and this one would tell: {record.summary}")


NOTHING: Final = DecisionInputs()


class LookContext(Struct, frozen=True):
    """The basis of a judgement."""

    policy: Policy
    now: datetime
    inputs: DecisionInputs = NOTHING
    options: tuple[str, ...] = ()  # of the command line: with these, another command judges by the same
    account: str = ""  # whose resources may be changed; empty: not known

    def world(self, region: str, reader: Reader, account: str = "") -> World:
        """Return a world that can only be read. `account` counts if the context knows no account."""
        return self.inputs.world(region=region, reader=reader, account=self.account or account, now=self.now)


def look_context(
    policy_file: Path, *, ledger: str, stack: str, region: str | None, keeps_baseline: bool = True
) -> LookContext:
    """Return the context of a command. With a stack, it judges as the stack's function would. Raises CloudmendError.

    A named ledger takes precedence over the stack's. Without either, the user's own file is the ledger. The baseline of
    a stack stays as it is, unless `keeps_baseline` is false: then it is judged like anything else.
    """
    settings = find_stack(stack, region).settings() if stack else {}
    policy, now = read_policy(settings, policy_file), datetime.now(UTC)
    known = known_ledger(ledger or settings.get(LEDGER_TABLE, ""), region)
    switch = _switch(settings.get(MODE_PARAMETER, ""), region)
    inputs = DecisionInputs(
        exemptions=_exemptions(known, now),
        switch=switch,
        ledger=known,
        keeps_baseline=keeps_baseline and (bool(stack) or is_of_stack(ledger, known)),
    )
    account = anywhere(region).known_account()  # empty where it is not known: then all counts as the account's own
    return LookContext(policy, now, inputs, _options(policy_file, ledger, stack), account)


def is_of_stack(table: str, ledger: Ledger | None) -> bool:
    """Return whether a ledger is the table of a stack, whose sweeps write there, so that it has a baseline."""
    return bool(table and ledger and ledger.units())


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
    for problem in found.problems:
        _tell(problem)
    return found


def _tell(problem: str) -> None:
    sys.stderr.write(f"cloudmend: {terminal(problem)}\n")
