"""`cloudmend fix`: closes what is open, after it was shown and agreed to, with the user's own credentials."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.progress import track

from cloudmend import engine
from cloudmend.aws.world import anywhere, enabled_regions, gateways, world
from cloudmend.cli.context import LookContext
from cloudmend.cli.fix.plan import FixPlan, RequestedResource, TerminalNotifier, opener_of, plan_of
from cloudmend.cli.help import DECLINED
from cloudmend.cli.ledgers import open_ledger
from cloudmend.cli.scan.report import UnreadableUnit
from cloudmend.cli.scan.run import LookResult, chosen, look_everywhere
from cloudmend.cli.subjects import Subject, subjects
from cloudmend.core.contract import Control
from cloudmend.core.ending import label
from cloudmend.core.errors import InputError
from cloudmend.core.escaping import plural
from cloudmend.core.model import ApiCall, Record
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import Reader
from cloudmend.core.target import Target, region_of
from cloudmend.core.world import World, one_run
from cloudmend.engine.look import Look, look
from cloudmend.engine.stations.resolve import everything

_CLOSED: Final = ("mended", "clean", "gone")

Ask = Callable[[str], bool]
WorldOf = Callable[[str], World]  # by the Region's name
Wanted = Mapping[str, Sequence[Subject]]  # by the resource's id: what it may be, under each control


class FixOptions(Struct, frozen=True, kw_only=True):
    """The user's options: these resources and controls, or all; with a question or without; for a program or a person.

    A resource is named by its id or its ARN.
    """

    resources: Sequence[str] = ()
    controls: Sequence[str] = ()
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


def fix(regions: Sequence[str], context: LookContext, options: FixOptions) -> int:
    """Close what is open in these Regions, or in all that are enabled; return the exit code. Raises CloudmendError.

    0 where all is closed that is not exempt, 1 where something is still open, 3 where the user declined.
    """
    options.check(is_terminal=sys.stdin.isatty())
    controls = chosen(options.controls, context.policy)
    wanted = named(options.resources, controls)
    readers = gateways(regions or enabled_regions())
    looked = asked_for(look_everywhere(readers, controls, context), wanted)
    notifier = TerminalNotifier(options.table, as_json=options.as_json)

    own = None if options.table else open_ledger("", next(iter(regions), None))  # one file, whatever the Regions

    caller = anywhere(next(iter(regions), None)).caller()

    def world_of(region: str) -> World:
        return world(ledger=own or open_ledger(options.table, region), notifier=notifier, region=region, run_by=caller)

    ask = _yes if options.yes else _asked
    at_fault = {found.target.resource.id for each in looked for found in each.survey.found}
    others = {name: each for name, each in wanted.items() if name not in at_fault}
    plan = plan_of(looked, wanted, looked_up(others, readers, context))
    return carry_out(plan, world_of, context.policy, notifier, ask)


def named(texts: Sequence[str], controls: Sequence[Control[Any]]) -> Wanted:
    """Return what the user's words name. Raises InputError for what can be no resource of these controls."""
    found: defaultdict[str, list[Subject]] = defaultdict(list)
    for text in texts:
        resource_id, subjects_ = _named(text, controls)
        found[resource_id] += subjects_
    return dict(found)


def _named(text: str, controls: Sequence[Control[Any]]) -> tuple[str, Sequence[Subject]]:
    found = [each for each in subjects(text) if each.control in controls and not each.part]
    if not found:
        nouns = ", ".join(dict.fromkeys(control.resource.noun for control in controls))
        raise InputError(f"{text!r} is not the id or the ARN of anything that can be mended here: {nouns}.")
    return found[0].resource.id, found


def asked_for(looked: Sequence[LookResult], wanted: Wanted) -> tuple[LookResult, ...]:
    """Return what was looked at, with the findings of the resources that the user named alone; with all if none was.

    A resource of another kind, Region or account than an ARN says may have the same id.
    """
    return tuple(_with_those(each, wanted) for each in looked) if wanted else tuple(looked)


def _with_those(looked: LookResult, wanted: Wanted) -> LookResult:
    found = tuple(each for each in looked.survey.found if _is_wanted(each, wanted))
    return msgspec.structs.replace(looked, survey=msgspec.structs.replace(looked.survey, found=found))


def _is_wanted(found: Look, wanted: Wanted) -> bool:
    control, resource = found.target.control, found.target.resource
    return any(
        each.control.id == control.id
        and each.resource.region in ("", resource.region)
        and (each.resource.account in ("", resource.account) or not resource.account)
        for each in wanted.get(resource.id, ())
    )


def looked_up(wanted: Wanted, readers: Mapping[str, Reader], context: LookContext) -> RequestedResource:
    """Look for these resources in the Regions, one after the other, until each is found."""
    left = dict(wanted)
    unread: defaultdict[str, list[UnreadableUnit]] = defaultdict(list)
    for region, reader in readers.items():
        named = [
            subject for subjects in left.values() for subject in subjects if subject.resource.region in ("", region)
        ]
        for found in _looks(named, region, reader, context) if named else ():
            control, resource = found.target.control, found.target.resource
            if found.state is not None:
                left.pop(resource.id, None)
            elif found.problem:
                error = f"{label(found.target)}: {found.problem}"
                unread[resource.id].append(UnreadableUnit(region=region, control=control.id, error=error))
    return RequestedResource(
        missing=frozenset(left.keys() - unread.keys()),
        unread={name: tuple(unread[name]) for name in left if name in unread},
    )


def _looks(named: Sequence[Subject], region: str, reader: Reader, context: LookContext) -> Sequence[Look]:
    here = one_run(context.world(region, reader))
    return look([_target(each, here) for each in named], context.policy, here)


def _target(named: Subject, world: World) -> Target:
    whole = everything(named.control, world)
    account = named.resource.account or whole.resource.account
    place = region_of(named.control.resource, world.region)
    resource = msgspec.structs.replace(named.resource, account=account, region=place)
    return msgspec.structs.replace(whole, resource=resource)


def carry_out(plan: FixPlan, world_of: WorldOf, policy: Policy, notifier: TerminalNotifier, ask: Ask) -> int:
    """Print the plan, ask, mend resource by resource, and print the results; return the exit code.

    No world is made before it is agreed: a user who declines has no ledger of it.
    """
    notifier.plan(plan)
    if plan.steps and not ask(f"Make {plural(plan.changes, 'change')} to {plan.resources}?"):
        notifier.declined()
        return DECLINED
    mended = _mended(plan.steps, world_of, policy, notifier.screen.console)
    closed = [record.status in _CLOSED for record in mended]
    notifier.end(plan, closed)
    return 0 if all(closed) and not plan.leaves_open else 1


def _mended(steps: Sequence[Look], world_of: WorldOf, policy: Policy, console: Console) -> Iterator[Record]:
    """The last record of each."""
    runs = {region: one_run(world_of(region)) for region in {step.target.resource.region for step in steps}}
    for step in track(steps, "Mending", console=console, transient=True, disable=not console.is_terminal):
        yield _mend(step, policy, runs[step.target.resource.region])


def _mend(step: Look, policy: Policy, world: World) -> Record:
    control, resource = step.target.control, step.target.resource
    cause = ApiCall(
        event_id="",
        source="cloudmend",
        name="Fix",
        time=None,
        account=resource.account,
        region=resource.region,
        actor=opener_of(step, world.ledger),
    )
    target = Target(control=control, resource=resource, cause=cause)
    (record,) = engine.mend([target], policy, world, {(control.id, resource.id): step.edits})
    return record


def _yes(_: str) -> bool:
    return True


def _asked(question: str) -> bool:
    """Ask; the answer is no if the user goes away instead of answering."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        typer.echo()  # the terminal still stands behind the question
        return False
