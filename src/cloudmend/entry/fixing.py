"""`cloudmend fix`: closes what is open, after it was shown and agreed to, with the user's own credentials."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import typer
from msgspec import Struct
from rich.console import Console
from rich.progress import track

from cloudmend import engine
from cloudmend.aws.regions import ec2_gateways, enabled_regions
from cloudmend.aws.world import anywhere, world
from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.controls.security_group_ingress.observe import GROUP, find_groups
from cloudmend.core.ending import Target
from cloudmend.core.errors import CloudmendError, InputError
from cloudmend.core.model import ApiCall, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.ports import Reader
from cloudmend.core.run import one_run
from cloudmend.core.scan import plural
from cloudmend.core.world import World
from cloudmend.entry.fix_plan import FixPlan, Step, plan_of
from cloudmend.entry.fix_told import Teller
from cloudmend.entry.judgement import Brief
from cloudmend.entry.ledgers import open_ledger
from cloudmend.entry.opener import opener_of
from cloudmend.entry.scanning import survey

DECLINED: Final = 3
_CLOSED: Final = ("mended", "clean", "gone")

Ask = Callable[[str], bool]
WorldOf = Callable[[str], World]  # by the Region's name


class Wish(Struct, frozen=True, kw_only=True):
    """The user's options: these groups or all, with a question or without, output for a program or for a person."""

    groups: Sequence[str] = ()
    table: str = ""  # the ledger's; empty: the user's own file
    yes: bool = False
    as_json: bool = False

    def check(self, *, is_terminal: bool) -> None:
        """Raise InputError if nobody could be asked."""
        if not self.yes and (self.as_json or not is_terminal):
            raise InputError(
                "There is no terminal to ask on. Pass --yes to do what the plan says without a question; "
                "cloudmend scan shows what that is."
            )


def fix(regions: Sequence[str], brief: Brief, wish: Wish) -> int:
    """In these Regions, or else in all that are enabled; the exit code. Raises CloudmendError.

    0 where all is closed that is not exempt, 1 where something is still open, 3 where the user declined.
    """
    wish.check(is_terminal=sys.stdin.isatty())
    readers = ec2_gateways(regions or enabled_regions())
    surveyed = survey(readers, brief)
    teller = Teller(wish.table, as_json=wish.as_json)

    own = None if wish.table else open_ledger("", next(iter(regions), None))  # one file, whatever the Regions

    caller = anywhere(next(iter(regions), None)).caller()

    def world_of(region: str) -> World:
        return world(ledger=own or open_ledger(wish.table, region), notifier=teller, region=region, run_by=caller)

    ask = _yes if wish.yes else _asked
    plan = plan_of(surveyed, brief.policy, wish.groups, missing(wish.groups, readers.values()))
    return carry_out(plan, world_of, brief.policy, teller, ask)


def missing(groups: Collection[str], readers: Iterable[Reader]) -> frozenset[str]:
    """Which of these groups none of the readers finds. A Region that cannot be read is told by the survey."""
    left = frozenset(groups)
    for reader in readers:
        if not left:
            break
        with suppress(CloudmendError):
            rows = find_groups([{"Name": "group-id", "Values": sorted(left)}], reader)
            left -= {row["GroupId"] for row in rows}
    return left


def carry_out(plan: FixPlan, world_of: WorldOf, policy: Policy, teller: Teller, ask: Ask) -> int:
    """Tells the plan, asks, mends group by group, and tells what came of it; the exit code.

    No world is made before it is agreed: a user who declines has no ledger of it.
    """
    teller.plan(plan)
    rules = sum(len(step.edits) for step in plan.steps)
    if plan.steps and not ask(f"Change {plural(rules, 'rule')} in {plural(len(plan.steps), 'group')}?"):
        teller.declined()
        return DECLINED
    closed = sum(record.status in _CLOSED for record in _mended(plan.steps, world_of, policy, teller.screen.console))
    teller.end(plan, closed)
    return 1 if plan.leaves_open or closed < len(plan.steps) else 0


def _mended(steps: Sequence[Step], world_of: WorldOf, policy: Policy, console: Console) -> Iterator[Record]:
    """The last record of each."""
    runs = {region: one_run(world_of(region)) for region in {step.found.region for step in steps}}
    for step in track(steps, "Mending", console=console, transient=True, disable=not console.is_terminal):
        yield _mend(step, policy, runs[step.found.region])


def _mend(step: Step, policy: Policy, world: World) -> Record:
    facts, region = step.found.judgement.facts, world.region
    opener = opener_of(facts, [edit.part for edit in step.edits], world.ledger, region)
    cause = ApiCall(
        event_id="", source="cloudmend", name="Fix", time=None, account=facts.account, region=region, actor=opener
    )
    resource = Resource(type=GROUP, id=facts.group_id, account=facts.account, region=region)
    target = Target(control=CONTROL, resource=resource, cause=cause)
    (record,) = engine.mend([target], policy, world, {(CONTROL.id, facts.group_id): step.edits})
    return record


def _yes(_: str) -> bool:
    return True


def _asked(question: str) -> bool:
    """No, where the user goes away instead of answering."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        typer.echo()  # the terminal still stands behind the question
        return False
