"""`cloudmend scan`: what is open in the Regions of an account. It reads, and never writes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Literal

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import track

from cloudmend.aws.regions import ec2_gateways, enabled_regions
from cloudmend.controls.security_group_ingress.explain import public_addresses
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.controls.security_group_ingress.observe import observe_region
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import Json, Request
from cloudmend.core.policy import Policy
from cloudmend.core.ports import Reader
from cloudmend.core.run import RunReader
from cloudmend.core.scan import Attached, Report, Row, Unread, as_csv, as_json, as_sarif, attached_to, outcome
from cloudmend.core.version import CODE_VERSION
from cloudmend.entry.exit_codes import DONE, FOUND, INCOMPLETE
from cloudmend.entry.judgement import Brief, Fate, Judgement, complete_and_judge
from cloudmend.entry.scan_table import print_table

_AT_ONCE: Final = 8  # Regions; each has its own quota on calls
_FILTER_VALUES: Final = 200  # the most that one filter may hold

Format = Literal["table", "json", "csv", "sarif", "html"]


class Found(Struct, frozen=True):
    """A group at fault in a Region, what would become of it, and what is behind it."""

    region: str
    judgement: Judgement
    behind: Attached | None  # None: not known


class Look(Struct, frozen=True):
    """The findings in a Region, as far as it could be read, and what could not be read."""

    found: tuple[Found, ...] = ()
    unread: tuple[Unread, ...] = ()


Survey = Mapping[str, Look]  # by the Region's name


def scan(regions: Sequence[str], brief: Brief, form: Format, *, fail_on_findings: bool) -> int:
    """Write the report of these Regions, or else of all that are enabled; the exit code. Raises CloudmendError.

    INCOMPLETE if a Region could not be read; else FOUND if findings shall fail and some count; else DONE.
    """
    report = report_of(survey(ec2_gateways(regions or enabled_regions()), brief), brief.policy)
    named = [word for region in regions for word in ("--region", region)]
    write(report, form, msgspec.structs.replace(brief, options=(*brief.options, *named)))
    if report.unread:
        return INCOMPLETE
    return FOUND if fail_on_findings and report.counted else DONE


def survey(readers: Mapping[str, Reader], brief: Brief, *, quiet: bool = False) -> Survey:
    """Return what is at fault in each Region; one that cannot be read is told as such, and the others still are read.

    On a terminal it shows how far it is, unless `quiet`.
    """
    console = Console(stderr=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(partial(_look, brief=brief), readers, readers.values())
        shown = track(
            answers,
            "Reading Regions",
            total=len(readers),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        return dict(zip(readers, shown, strict=True))


def report_of(surveyed: Survey, policy: Policy) -> Report:
    """A row for each rule at fault."""
    return Report(
        regions=tuple(region for region, look in surveyed.items() if not look.unread),
        rows=tuple(row for look in surveyed.values() for found in look.found for row in _rows(found, policy)),
        all_clear=CONTROL.all_clear(None, policy),
        unread=tuple(unread for look in surveyed.values() for unread in look.unread),
    )


def write(report: Report, form: Format, brief: Brief) -> None:
    """To stdout; the Regions that could not be read are told on stderr too, whatever the format."""
    sarif = partial(as_sarif, controls=(CONTROL,), code_version=CODE_VERSION)
    page = partial(_page, brief=brief)
    formats: dict[str, Callable[[Report], str]] = {"json": as_json, "csv": as_csv, "sarif": sarif, "html": page}
    if form == "table":
        print_table(report)
    else:
        sys.stdout.write(formats[form](report))
    for unread in report.unread:
        sys.stderr.write(f"cloudmend: {unread.region} could not be read in full: {unread.error}\n")


def _page(report: Report, brief: Brief) -> str:
    from cloudmend.entry.pages.scan_page import scan_page  # no other format waits for the templates

    ledger = brief.standing.ledger
    return scan_page(report, ledger.entries() if ledger else None, brief.now, brief.options)


def _look(region: str, reader: Reader, brief: Brief) -> Look:
    try:
        return _judged(region, RunReader(reader), brief)
    except CloudmendError as error:
        return Look(unread=(Unread(region=region, error=str(error)),))
    except Exception as error:  # noqa: BLE001 - one odd Region must not hide the others
        told = f"cloudmend crashed: {type(error).__name__}: {error}"
        return Look(unread=(Unread(region=region, error=told),))


def _judged(region: str, reader: Reader, brief: Brief) -> Look:
    """Return what cannot be read of one group, or of what is behind the groups, hides nothing else."""
    observed, problem = observe_region(reader, brief.policy.settings_of(CONTROL))
    at_fault = [facts for facts in observed if CONTROL.detect(facts, brief.policy)]
    behind, unknown = _behind(at_fault, reader)
    each = [_found(region, facts, behind, reader, brief) for facts in at_fault]
    problems = [problem, unknown, *(found for found in each if isinstance(found, str))]
    return Look(
        found=tuple(found for found in each if isinstance(found, Found)),
        unread=tuple(Unread(region=region, error=told) for told in problems if told),
    )


def _behind(at_fault: Sequence[GroupFacts], reader: Reader) -> tuple[Mapping[str, Attached] | None, str]:
    """By the group's id; None where it is not known, and why."""
    try:
        return attached_to(_interfaces([facts.group_id for facts in at_fault], reader)), ""
    except CloudmendError as error:
        return None, f"the groups' network interfaces are not known: {error}"


def _found(
    region: str, facts: GroupFacts, behind: Mapping[str, Attached] | None, reader: Reader, brief: Brief
) -> Found | str:
    """A group at fault; or why it is not known what would become of it."""
    attached = None if behind is None else behind.get(facts.group_id, Attached())
    try:
        return Found(region, complete_and_judge(facts, reader, brief), attached)
    except CloudmendError as error:
        return f"{facts.group_id} is at fault, and what would become of it is not known: {error}"


def _interfaces(group_ids: Sequence[str], reader: Reader) -> Iterable[Json]:
    """Return those of these groups, each once, also where it has several of them."""
    found: dict[str, Json] = {}
    for first in range(0, len(group_ids), _FILTER_VALUES):
        filters = [{"Name": "group-id", "Values": list(group_ids[first : first + _FILTER_VALUES])}]
        rows = reader.rows(Request("ec2:DescribeNetworkInterfaces", {"Filters": filters}), "NetworkInterfaces")
        found.update((row["NetworkInterfaceId"], row) for row in rows)
    return found.values()


def _rows(found: Found, policy: Policy) -> Iterator[Row]:
    return (_row(found, fate, policy) for fate in found.judgement.fates)


def _row(found: Found, fate: Fate, policy: Policy) -> Row:
    judgement, edit = found.judgement, fate.edit
    facts = judgement.facts
    rule = next(rule for rule in facts.ingress if rule.id == edit.part)
    return Row(
        account=facts.account,
        region=found.region,
        group=facts.group_id,
        group_name=judgement.group_name,
        vpc=facts.vpc_id,
        rule=rule.id,
        description=str(rule.row.get("Description", "")),
        ports=str(rule.traffic),
        source=rule.source,
        public_addresses=public_addresses(rule, facts, policy.settings_of(CONTROL)),
        interfaces=found.behind.interfaces if found.behind else None,
        attached_addresses=found.behind.addresses if found.behind else (),
        control=CONTROL.id,
        why=edit.why,
        action=fate.decision.action,
        outcome=outcome(fate.decision, edit),
        after=edit.after,
    )
