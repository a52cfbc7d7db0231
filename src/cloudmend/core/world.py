"""The ports of one account and Region, as one value."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from msgspec import Struct

from cloudmend.core.ledger import Ledger
from cloudmend.core.ports import Begin, Clock, Later, Notifier, Reader, Switch, Writer
from cloudmend.core.put_off import PutOff


class NoSwitch:
    """A Switch for a place that has none, such as a laptop."""

    def mode(self) -> None:
        return None


class NoLater:
    """A Later for a place that nothing runs at later, such as a laptop."""

    def put_off(self, task: PutOff) -> bool:  # noqa: ARG002 - it is nobody's
        return False


at_need: Begin = cache  # a Begin that reads when the answer is asked for, one read after the other


class World(Struct, frozen=True, kw_only=True):
    """The ports of one account and Region. `account` returns the id; it may call AWS, and raises AwsError."""

    account: Callable[[], str]
    region: str
    reader: Reader
    writer: Writer
    ledger: Ledger
    notifier: Notifier
    clock: Clock
    switch: Switch = NoSwitch()
    later: Later = NoLater()
    begin: Begin = at_need
    keeps_baseline: bool = False  # a stack is there: what was there before it is only reported (decision 34)
    run_by: str = ""  # ARN of the person who runs cloudmend by hand; empty in a function
