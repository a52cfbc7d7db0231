"""The output of `cloudmend fix`, for a person or a program: the plan, each mend as it ends, and how to undo it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import msgspec
from rich.text import Text

from cloudmend.cli.fix.plan import FixPlan
from cloudmend.cli.messages import STATUS_STYLE
from cloudmend.cli.scan.report import is_short
from cloudmend.cli.scan.run import not_read
from cloudmend.cli.screen import Screen
from cloudmend.core.ending import label
from cloudmend.core.escaping import cut, terminal
from cloudmend.core.model import Edit, Record
from cloudmend.core.undo import undo_command
from cloudmend.engine.look import Look

_VERSION: Final = 2  # of the JSON
_FOREIGN: Final = 300  # characters of an id with its name


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
        for error in (each for each in record.errors if each not in record.summary):
            self.screen.say(Text(f"  {terminal(error)}", "dim"))

    def declined(self) -> None:
        self.screen.say("Nothing was changed.")

    def end(self, plan: FixPlan, closed: int) -> None:
        """At how many resources the plan came true, and how to take back what was done."""
        if plan.steps:
            self.screen.say(Text(f"\n{closed:,} of {plan.resources} proved closed.", "bold"))
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
