"""`cloudmend scan`: what is at fault in the Regions of an account. It reads, and never writes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import track

from cloudmend.aws.world import enabled_regions, gateways, threads
from cloudmend.cli.context import LookContext
from cloudmend.cli.help import DONE, FOUND, INCOMPLETE
from cloudmend.cli.scan.formats import as_csv, as_json, as_sarif, print_table
from cloudmend.cli.scan.report import Report, Row, UnreadableUnit, outcome
from cloudmend.controls import by_id, every, is_known
from cloudmend.controls import ids as all_ids
from cloudmend.core.contract import Control
from cloudmend.core.ending import why_of
from cloudmend.core.errors import InputError
from cloudmend.core.policy.model import Policy, switched_on
from cloudmend.core.ports import Reader
from cloudmend.core.target import region_of
from cloudmend.core.version import CODE_VERSION
from cloudmend.core.world import one_run
from cloudmend.engine.look import Fate, Look, Survey, survey

_AT_ONCE: Final = 8  # looks; each Region has its own quota on calls
Controls = Sequence[Control[Any]]
Format = Literal["table", "json", "csv", "sarif", "html"]


def rows_of(found: Look) -> Iterator[Row]:
    """Yield a row for each part at fault of a resource."""
    return (_row(found, fate) for fate in found.fates)


def _row(found: Look, fate: Fate) -> Row:
    control, resource, finding = found.target.control, found.target.resource, fate.finding
    return Row(
        account=resource.account,
        region=resource.region,
        control=control.id,
        severity=control.severity,
        type=control.resource.type,
        noun=control.resource.noun,
        scope=control.resource.scope,
        resource=resource.id,
        name=resource.name,
        place=found.state.labels.get("vpc", "") if found.state else "",
        part=finding.part,
        value=fate.before,
        why=why_of([finding], finding.part),
        witness=finding.witness,
        action=fate.decision.action,
        outcome=outcome(fate.decision, fate.edit),
        after=fate.edit.after if fate.edit else "",
        details=fate.details,
        reach=found.reach,
    )


class LookResult(Struct, frozen=True):
    """The result of one control in one Region."""

    control: Control[Any]
    region: str
    survey: Survey


def scan(
    regions: Sequence[str], ids: Sequence[str], context: LookContext, form: Format, *, fail_on_findings: bool
) -> int:
    """Write the report of these Regions and controls, or of all; return the exit code. Raises CloudmendError.

    INCOMPLETE if something could not be read; else FOUND if findings shall fail and some count; else DONE.
    """
    controls = chosen(ids, context.policy)
    report = report_of(look_everywhere(gateways(regions or enabled_regions()), controls, context))
    given = [*(("--region", each) for each in regions), *(("--control", each) for each in ids)]
    options = (*context.options, *(word for option in given for word in option))
    write(report, form, controls, msgspec.structs.replace(context, options=options))
    if report.unread:
        return INCOMPLETE
    return FOUND if fail_on_findings and report.counted else DONE


def chosen(ids: Sequence[str], policy: Policy) -> Controls:
    """Return the controls with these ids, all if none is named, as far as the policy has them on. Raises InputError."""
    if unknown := [each for each in ids if not is_known(each)]:
        raise InputError(f"There is no control {unknown[0]!r}. The controls are {', '.join(all_ids())}.")
    wanted = [by_id(each) for each in all_ids() if each in ids] if ids else every()
    found = switched_on(wanted, policy)
    if ids and (off := [control.id for control in wanted if control not in found]):
        raise InputError(f"The policy has {off[0]} off, so it finds nothing. Switch it on, or leave out --control.")
    if not found:
        raise InputError("The policy has every control off, so there is nothing to look for. Switch one on.")
    return found


def look_everywhere(
    readers: Mapping[str, Reader], controls: Controls, context: LookContext, *, quiet: bool = False
) -> tuple[LookResult, ...]:
    """Look by each control in each Region; what cannot be read costs that look alone. Region by Region, in order.

    Looks at settings come after those at resources. What an account has only once is looked at by way of the first
    Region. On a terminal it shows how far it is, unless `quiet`.
    """
    home = next(iter(readers), "")
    # One control after the other, so that the looks that are under way at once are in several Regions.
    looks = [
        (each, region) for each in controls for region in readers if each.resource.scope != "account" or region == home
    ]
    console = Console(stderr=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(partial(_look, readers=readers, context=context), looks)
        shown = track(
            answers,
            "Looking",
            total=len(looks),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        found = list(shown)
    order = list(readers)
    return tuple(sorted(found, key=lambda each: (each.control.resource.is_setting, order.index(each.region))))


def _look(at: tuple[Control[Any], str], readers: Mapping[str, Reader], context: LookContext) -> LookResult:
    control, region = at
    place = region_of(control.resource, region)
    world = msgspec.structs.replace(context.world(place, readers[region]), begin=threads())
    found = survey(control, context.policy, one_run(world))
    told = {note for each in found.found for note in each.notes} - {*context.inputs.exemptions.problems}
    return LookResult(control, region, msgspec.structs.replace(found, unread=(*found.unread, *sorted(told))))


def report_of(looked: Sequence[LookResult]) -> Report:
    """Return a report with a row for each part at fault."""
    unread = tuple(unread_of(looked))
    troubled = {each.control for each in unread} | {each.control.id for each in looked if each.survey.found}
    return Report(
        controls=tuple(dict.fromkeys(each.control.id for each in looked)),
        regions=tuple(dict.fromkeys(each.region for each in looked)),
        looks=len(looked),
        rows=tuple(row for each in looked for found in each.survey.found for row in rows_of(found)),
        clear={each.control.id: each.survey.clear for each in looked if each.control.id not in troubled},
        unread=unread,
    )


def unread_of(looked: Sequence[LookResult]) -> Iterator[UnreadableUnit]:
    """Yield what could not be read, and why."""
    for each in looked:
        for error in each.survey.unread:
            yield UnreadableUnit(region=each.region, control=each.control.id, error=error)


def write(report: Report, form: Format, controls: Controls, context: LookContext) -> None:
    """Write to stdout. What could not be read stands on stderr too, whatever the format."""
    sarif = partial(as_sarif, controls=controls, code_version=CODE_VERSION)
    page = partial(_page, controls=controls, context=context)
    formats: dict[str, Callable[[Report], str]] = {"json": as_json, "csv": as_csv, "sarif": sarif, "html": page}
    if form == "table":
        print_table(report, controls)
    else:
        sys.stdout.write(formats[form](report))
    for unread in report.unread:
        sys.stderr.write(f"cloudmend: {not_read(unread)}\n")


def not_read(unread: UnreadableUnit) -> str:
    """Return a sentence that says what could not be read, and why."""
    return f"{unread.control} could not look at everything in {unread.region}: {unread.error}"


def _page(report: Report, controls: Controls, context: LookContext) -> str:
    from cloudmend.cli.scan.page import scan_page  # no other format waits for the templates

    ledger = context.inputs.ledger
    return scan_page(report, controls, ledger.entries() if ledger else None, context.now, context.options)
