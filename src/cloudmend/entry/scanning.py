"""`cloudmend scan`: what is open in the Regions of an account. It reads, and never writes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import Final, Literal

from rich.console import Console
from rich.progress import track

from cloudmend.aws.regions import ec2_gateways, enabled_regions
from cloudmend.controls import CONTROLS
from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.controls.security_group_ingress.explain import public_addresses
from cloudmend.controls.security_group_ingress.observe import GROUP, observe_region
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Edit, Json, Request, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.ports import Reader
from cloudmend.core.run import RunReader
from cloudmend.core.scan import Attached, Report, Row, Unread, as_csv, as_json, as_sarif, attached_to, outcome
from cloudmend.entry.judgement import Judgement, judge
from cloudmend.entry.scan_table import print_table

_AT_ONCE: Final = 8  # Regions; each has its own quota on calls
_FILTER_VALUES: Final = 200  # the most that one filter may hold

Format = Literal["table", "json", "csv", "sarif"]


def scan(regions: Sequence[str], policy: Policy, now: datetime, form: Format, *, fail_on_findings: bool) -> int:
    """Writes the report of these Regions, or else of all that are enabled; the exit code. Raises CloudmendError.

    1 where a Region could not be read, else 3 where findings shall fail and some count, else 0.
    """
    report = read(ec2_gateways(regions or enabled_regions()), policy, now)
    write(report, form)
    if report.unread:
        return 1
    return 3 if fail_on_findings and report.counted else 0


def read(readers: Mapping[str, Reader], policy: Policy, now: datetime) -> Report:
    """What is at fault in each Region; one that cannot be read is reported as such, and the others still are."""
    console = Console(stderr=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(partial(_read_region, policy=policy, now=now), readers, readers.values())
        shown = track(
            answers,
            "Reading Regions",
            total=len(readers),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        results = dict(zip(readers, shown, strict=True))
    return Report(
        regions=tuple(region for region, result in results.items() if not isinstance(result, Unread)),
        rows=tuple(row for result in results.values() if not isinstance(result, Unread) for row in result),
        unread=tuple(result for result in results.values() if isinstance(result, Unread)),
    )


def write(report: Report, form: Format) -> None:
    """To stdout; the Regions that could not be read are told on stderr too, whatever the format."""
    sarif = partial(as_sarif, controls=CONTROLS, code_version=version("cloudmend"))
    formats: dict[str, Callable[[Report], str]] = {"json": as_json, "csv": as_csv, "sarif": sarif}
    if form == "table":
        print_table(report)
    else:
        sys.stdout.write(formats[form](report))
    for unread in report.unread:
        sys.stderr.write(f"cloudmend: {unread.region} could not be read: {unread.error}\n")


def _read_region(region: str, reader: Reader, policy: Policy, now: datetime) -> tuple[Row, ...] | Unread:
    try:
        return tuple(_rows(region, RunReader(reader), policy, now))
    except AwsError as error:
        return Unread(region=region, error=str(error))


def _rows(region: str, reader: Reader, policy: Policy, now: datetime) -> Iterator[Row]:
    at_fault = [facts for facts in observe_region(reader, policy) if CONTROL.detect(facts, policy)]
    attached = attached_to(_interfaces([facts.group_id for facts in at_fault], reader))
    for facts in at_fault:
        groups = CONTROL.surroundings(Resource(type=GROUP, id=facts.group_id), reader)
        judgement = judge(CONTROL.complete(facts, groups, reader, policy), policy, now)
        behind = attached.get(facts.group_id, Attached())
        yield from (_row(region, judgement, edit, behind, policy) for edit in judgement.edits)


def _interfaces(group_ids: Sequence[str], reader: Reader) -> Iterable[Json]:
    """Those of these groups, each once, also where it has several of them."""
    found: dict[str, Json] = {}
    for first in range(0, len(group_ids), _FILTER_VALUES):
        filters = [{"Name": "group-id", "Values": list(group_ids[first : first + _FILTER_VALUES])}]
        rows = reader.rows(Request("ec2:DescribeNetworkInterfaces", {"Filters": filters}), "NetworkInterfaces")
        found.update((row["NetworkInterfaceId"], row) for row in rows)
    return found.values()


def _row(region: str, judgement: Judgement, edit: Edit, behind: Attached, policy: Policy) -> Row:
    facts = judgement.facts
    rule = next(rule for rule in facts.ingress if rule.id == edit.part)
    return Row(
        account=facts.account,
        region=region,
        group=facts.group_id,
        group_name=judgement.group_name,
        vpc=facts.vpc_id,
        rule=rule.id,
        description=str(rule.row.get("Description", "")),
        ports=str(rule.traffic),
        source=rule.source,
        public_addresses=public_addresses(rule, facts, policy),
        interfaces=behind.interfaces,
        attached_addresses=behind.addresses,
        control=CONTROL.id,
        why=edit.why,
        action=judgement.decision.action,
        outcome=outcome(judgement.decision, edit),
    )
