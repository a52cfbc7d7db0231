"""The context of the pages: one account, as somebody's credentials show it, and a ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from cloudmend.aws.regions import gateways, own_region
from cloudmend.aws.world import connection, world
from cloudmend.cli.context import DecisionInputs, LookContext, is_of_stack
from cloudmend.cli.ledgers import StackNotifier, open_ledger
from cloudmend.cli.scan.report import Report
from cloudmend.cli.scan.run import Controls, chosen, look_everywhere, report_of
from cloudmend.cli.undo.run import TerminalNotifier
from cloudmend.core.ledger import Ledger
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import Clock, Reader
from cloudmend.core.world import World


class ConsoleContext(Struct, frozen=True, kw_only=True):
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
    stack: StackNotifier
    account: Callable[[], str]


def console_context(regions: Sequence[str], table: str, policy: Policy) -> ConsoleContext:
    """With the environment's credentials, and its Region where none is given. Raises CloudmendError."""
    named = regions or [own_region()]
    home = connection(named[0])
    ledger = open_ledger(table, named[0])
    return ConsoleContext(
        readers=gateways(named),
        controls=chosen((), policy),
        policy=policy,
        ledger=ledger,
        clock=home.clock,
        world=partial(_world, ledger),
        caller=home.caller,
        stack=StackNotifier(table, named[0]),
        account=home.known_account,
    )


def _world(ledger: Ledger, region: str) -> World:
    """Write what is undone in the browser to the terminal as well."""
    return world(ledger=ledger, notifier=TerminalNotifier(), region=region)


class CurrentFindings(Struct, frozen=True, kw_only=True):
    """The findings as they were at one moment. `unreadable` are exemptions that exempt nothing, each as a sentence."""

    at: datetime
    report: Report
    controls: Controls
    unreadable: tuple[str, ...]


def current_findings(context: ConsoleContext) -> CurrentFindings:
    """Ask AWS and the ledger. Raises CloudmendError if the ledger cannot be read."""
    now = context.clock.now()
    exemptions = context.ledger.exemptions(now)
    is_stacks = is_of_stack(context.stack.table, context.ledger)
    inputs = DecisionInputs(exemptions=exemptions, ledger=context.ledger, keeps_baseline=is_stacks)
    look = LookContext(context.policy, now, inputs, account=context.account())
    report = report_of(look_everywhere(context.readers, context.controls, look, quiet=True))
    return CurrentFindings(at=now, report=report, controls=context.controls, unreadable=exemptions.problems)
