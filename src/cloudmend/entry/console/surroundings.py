"""The context of the pages: one account, as somebody's credentials show it, and a ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from cloudmend.aws.regions import gateways, own_region
from cloudmend.aws.world import connection, world
from cloudmend.core.ledger import Ledger
from cloudmend.core.policy import Policy
from cloudmend.core.ports import Clock, Reader
from cloudmend.core.world import World
from cloudmend.entry.ledgers import open_ledger
from cloudmend.entry.notifying import Stack
from cloudmend.entry.scanning import Controls, chosen
from cloudmend.entry.undoing import Voice


class Surroundings(Struct, frozen=True, kw_only=True):
    """`readers` are those of the Regions in which findings of the `controls` are looked for.

    `world` gives that of any Region, `caller` the ARN of whoever the credentials are of; both raise CloudmendError.
    `account` is that of the credentials, empty where it is not known.
    """

    readers: Mapping[str, Reader]
    controls: Controls
    policy: Policy
    ledger: Ledger
    clock: Clock
    world: Callable[[str], World]
    caller: Callable[[], str]
    stack: Stack
    account: Callable[[], str]


def surroundings(regions: Sequence[str], table: str, policy: Policy) -> Surroundings:
    """With the environment's credentials, and its Region where none is given. Raises CloudmendError."""
    named = regions or [own_region()]
    home = connection(named[0])
    ledger = open_ledger(table, named[0])
    return Surroundings(
        readers=gateways(named),
        controls=chosen((), policy),
        policy=policy,
        ledger=ledger,
        clock=home.clock,
        world=partial(_world, ledger),
        caller=home.caller,
        stack=Stack(table, named[0]),
        account=home.known_account,
    )


def _world(ledger: Ledger, region: str) -> World:
    """Write what is undone in the browser to the terminal as well."""
    return world(ledger=ledger, notifier=Voice(), region=region)
