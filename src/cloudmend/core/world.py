"""All the ports, for one account and Region."""

from __future__ import annotations

from msgspec import Struct

from cloudmend.core.ledger import Ledger
from cloudmend.core.ports import Clock, Notifier, Reader, Switch, Writer


class NoSwitch:
    """A Switch for where there is none, as on a laptop."""

    def mode(self) -> None:
        return None


class World(Struct, frozen=True, kw_only=True):
    """The ports of one account and Region."""

    region: str
    reader: Reader
    writer: Writer
    ledger: Ledger
    notifier: Notifier
    clock: Clock
    switch: Switch = NoSwitch()
