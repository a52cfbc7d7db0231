"""The plan of `cloudmend fix`, and its output for a person or a program.

The plan holds the changes, what stays as it is and why, and who opened what is changed. The output shows it, each mend
as it ends, and how to undo it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.text import Text

from cloudmend.cli.messages import STATUS_STYLE, not_kept
from cloudmend.cli.scan.report import UnreadableUnit, is_short, outcome
from cloudmend.cli.scan.run import LookResult, not_read, report_of
from cloudmend.cli.screen import Screen
from cloudmend.core.contract import Control, Parts
from cloudmend.core.ending import label
from cloudmend.core.errors import CloudmendError
from cloudmend.core.escaping import counted, cut, shares, terminal
from cloudmend.core.ledger import Ledger
from cloudmend.core.ledger_records import LedgerRecord, LedgerRecords, key_of
from cloudmend.core.model import Actor, Edit, Record
from cloudmend.core.notice.wording import undo_command
from cloudmend.core.planning import same
from cloudmend.engine.look import Fate, Look

_UNKNOWN: Final = Actor()
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_VERSION: Final = 2  # of the JSON
_FOREIGN: Final = 300  # characters of an id with its name


class SkippedResource(Struct, frozen=True):
    """A finding that is left as it is: it is exempt, or it is only reported."""

    found: Look
    fate: Fate

    @property
    def told(self) -> str:
        """A sentence that says what is so, and why it stays."""
        value = self.fate.before if is_short(self.fate.before) else f"{self.fate.finding.why}: it"
        return f"{value} {outcome(self.fate.decision, self.fate.edit)}"


class FixPlan(Struct, frozen=True, kw_only=True):
    """A plan for all that was looked at.

    Of the resources that were asked for, `unlisted` are not at fault, and `missing` are in none of these Regions.
    """

    steps: tuple[Look, ...]  # no more than their edits may be done
    left: tuple[SkippedResource, ...] = ()
    unread: tuple[UnreadableUnit, ...] = ()
    unlisted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    all_clear: str = ""  # what holds where nothing is at fault in all that was looked at; empty if that is not known

    @property
    def leaves_open(self) -> bool:
        """True if something stays open that is not exempt, or may be: something could not be read, or found."""
        return bool(self.unread or self.missing) or any(left.fate.decision.action == "observe" for left in self.left)

    @property
    def changes(self) -> int:
        """The number of parts that are changed."""
        return sum(len(step.edits) for step in self.steps)

    @property
    def resources(self) -> str:
        """The number of resources of each kind that are changed, in words."""
        return counted(_counted(step) for step in self.steps)

    def proved(self, closed: Sequence[bool]) -> str:
        """Return how many of the resources of each kind are proved closed, from whether each step is."""
        return shares((*_counted(step), is_closed) for step, is_closed in zip(self.steps, closed, strict=True))

    @property
    def summary(self) -> str:
        """A line that sums it up."""
        if not self.steps:
            return f"Plan: nothing to do. {self.all_clear}".rstrip()
        removed = sum(not edit.after for step in self.steps for edit in step.edits)
        regions = Counter(step.target.resource.region for step in self.steps)
        where = ", ".join(f"{count} in {region}" for region, count in sorted(regions.items()))
        return f"Plan: {self.changes - removed:,} to change, {removed:,} to remove, in {self.resources} ({where})."


class RequestedResource(Struct, frozen=True, kw_only=True):
    """The named resources that are in no Region, and those that could not be read, with the reasons."""

    missing: frozenset[str] = frozenset()
    unread: Mapping[str, Sequence[UnreadableUnit]] = {}


_ALL_THERE: Final = RequestedResource()


def plan_of(
    looked: Sequence[LookResult], resources: Collection[str] = (), looked_up: RequestedResource = _ALL_THERE
) -> FixPlan:
    """Return the plan for all that is at fault, or for these resources alone.

    `looked_up` are those of them that are not at fault.
    """
    everything = [found for each in looked for found in each.survey.found]
    found = [each for each in everything if not resources or each.target.resource.id in resources]
    report, missing, unknown = report_of(looked), looked_up.missing, looked_up.unread
    is_known = not (resources or found or report.unread)
    return FixPlan(
        steps=tuple(each for each in found if each.edits),
        left=tuple(
            SkippedResource(each, fate) for each in found for fate in each.fates if fate.decision.action != "fix"
        ),
        unread=(*report.unread, *(each for name in sorted(unknown) for each in unknown[name])),
        unlisted=tuple(sorted(set(resources) - {each.target.resource.id for each in found} - missing - unknown.keys())),
        missing=tuple(sorted(missing)),
        all_clear=report.summary if is_known else "",
    )


def opener_of(found: Look, ledger: Ledger) -> Actor:
    """Whoever undid the last mend of one of the parts that are mended; or else opened it before a mend that failed.

    Nobody where the part was changed since, or where the ledger cannot be read: then it is not known.
    """
    control, resource = found.target.control, found.target.resource
    mended = {edit.part for edit in found.edits}
    parts = {part: found.state.parts.get(part) for part in mended} if found.state else {}
    try:
        place = key_of(resource.account, resource.region, control.id, resource.id)
        entries = list(LedgerRecords(ledger.recent(place, _EVER)))
    except CloudmendError:
        return _UNKNOWN
    told = (_opener(control, entry, parts) for entry in reversed(entries) if _is_about(entry, parts))
    return next(told, _UNKNOWN)


def _is_about(entry: LedgerRecord, parts: Parts) -> bool:
    restored = entry.undone.record.edits if entry.undone else ()
    named = {finding.part for finding in entry.intent.findings} | {edit.part for edit in restored}
    return not named.isdisjoint(parts)


def _opener(control: Control[Any], entry: LedgerRecord, parts: Parts) -> Actor:
    if entry.undone:
        restored = {(edit.part, edit.after) for edit in entry.undone.record.edits}
        is_still_so = not restored.isdisjoint((part, control.said(value)) for part, value in parts.items())
        return entry.undone.record.actor if is_still_so else _UNKNOWN
    if entry.state == "DONE":  # it was closed, and somebody opened it again since
        return _UNKNOWN
    closed = {edit.part for edit in entry.ended.record.edits} if entry.ended else set()
    left = {step.part: step.before for step in entry.intent.steps if step.part not in closed}
    was_never_closed = any(same(control, parts[part], left[part]) for part in parts.keys() & left.keys())
    return entry.intent.actor if was_never_closed else _UNKNOWN


class TerminalNotifier:
    """A notifier, and the words before and after; `table` is the ledger's, empty for the user's own file."""

    def __init__(self, table: str, *, as_json: bool) -> None:
        self.screen = Screen(quiet=as_json)
        self._table = table
        self._as_json = as_json
        self._records: list[Record] = []

    def plan(self, plan: FixPlan) -> None:
        """Print every change as before -> after; then what is left as it is, and why."""
        for line in (*_changes(plan), *_left_as_it_is(plan), *_remarks(plan)):
            self.screen.say(line)
        self.screen.say(Text(plan.summary, "bold"))

    def publish(self, record: Record) -> None:
        self._records.append(record)
        self.screen.say(Text(record.status, STATUS_STYLE[record.status]), terminal(record.summary), hang=4)
        for told in (*record.taken, *(each for each in record.errors if each not in record.summary)):
            self.screen.say(Text(f"  {terminal(told)}", "dim"))
        for line in record.look if record.taken else ():
            self.screen.command("  ", line)

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        sys.stderr.write(not_kept(keys, problem))

    def declined(self) -> None:
        self.screen.say("Nothing was changed.")

    def end(self, plan: FixPlan, closed: Sequence[bool]) -> None:
        """At how many resources the plan came true, and how to take back what was done.

        `closed` says of each step of the plan whether it is proved closed.
        """
        if plan.steps:
            self.screen.say(Text(f"\n{plan.proved(closed)} proved closed.", "bold"))
        undo = [
            undo_command(record.entry_id, region=record.region, ledger=self._table)
            for record in self._records
            if record.entry_id and record.edits
        ]
        if undo:
            self.screen.say("To undo one, and leave what it restores open for as long as you say:")
        for line in undo:
            self.screen.command("  ", line)
        if self._as_json:
            sys.stdout.write(f"{json.dumps(_document(plan, self._records, undo))}\n")


def _counted(step: Look) -> tuple[str, tuple[str, str, str]]:
    """Return the noun and the key with which the resource of a step is counted."""
    kind, resource = step.target.control.resource, step.target.resource
    return kind.counted_as, (kind.type, resource.region, resource.id)


def _changes(plan: FixPlan) -> Iterator[Text]:
    for step in plan.steps:
        yield _resource(step)
        for edit in step.edits:
            yield _change(edit)
            yield Text(f"      {terminal(edit.why)}", "dim")
        yield Text()


def _left_as_it_is(plan: FixPlan) -> Iterator[Text]:
    for found, left in groupby(plan.left, key=lambda each: each.found):
        yield _resource(found)
        yield from (Text(f"    = {terminal(each.fate.finding.part)}  {terminal(each.told)}", "yellow") for each in left)
        yield Text()


def _remarks(plan: FixPlan) -> Iterator[Text]:
    unread = (terminal(not_read(each)) for each in plan.unread)
    missing = (f"There is no resource {name} in what was read of these Regions." for name in plan.missing)
    unlisted = (f"{name} is not at fault in these Regions." for name in plan.unlisted)
    yield from (Text(remark, "yellow") for remark in (*unread, *missing, *unlisted))


def _resource(found: Look) -> Text:
    places = [found.target.resource.region]
    if found.state and (vpc := found.state.labels.get("vpc")):
        places.append(vpc)
    return Text(f"  {cut(terminal(label(found.target)), _FOREIGN)} in {', '.join(places)}")


def _change(edit: Edit) -> Text:
    """Return a change in one line: ~ is changed, - is removed. Of a long value it says what is done."""
    sign, style = ("~", "green") if edit.after else ("-", "red")
    if is_short(edit.before) and is_short(edit.after):
        what = f"{terminal(edit.before)} -> {terminal(edit.after) or 'removed'}"
    else:
        what = terminal(edit.did)
    return Text(f"    {sign} {terminal(edit.part)}  {what}", style)


def _document(plan: FixPlan, records: list[Record], undo: list[str]) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "plan": [{**_place(step), **_told(edit)} for step in plan.steps for edit in step.edits],
        "left": [{**_place(each.found), "part": each.fate.finding.part, "told": each.told} for each in plan.left],
        "unread": msgspec.to_builtins(plan.unread),
        "missing": plan.missing,
        "records": msgspec.to_builtins(records),
        "undo": undo,
    }


def _place(found: Look) -> dict[str, str]:
    control, resource = found.target.control, found.target.resource
    return {
        "account": resource.account,
        "region": resource.region,
        "control": control.id,
        "type": control.resource.type,
        "resource": resource.id,
        "name": resource.name,
    }


def _told(edit: Edit) -> dict[str, str]:
    return {"part": edit.part, "before": edit.before, "after": edit.after, "why": edit.why}
