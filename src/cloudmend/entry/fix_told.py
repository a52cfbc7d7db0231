"""The output of `cloudmend fix`, for a person or a program: the plan, each mend as it ends, and how to undo it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import msgspec
from rich.text import Text

from cloudmend.core.escaping import cut, terminal
from cloudmend.core.model import Edit, Record
from cloudmend.core.scan import plural
from cloudmend.core.undo import undo_command
from cloudmend.entry.fix_plan import FixPlan, Left
from cloudmend.entry.scanning import Found
from cloudmend.entry.screen import Screen
from cloudmend.entry.wording import STATUS_STYLE

_VERSION: Final = 1  # of the JSON
_FOREIGN: Final = 60  # characters of a name


class Teller:
    """A notifier, and the words before and after; `table` is the ledger's, empty for the user's own file."""

    def __init__(self, table: str, *, as_json: bool) -> None:
        self.screen = Screen(quiet=as_json)
        self._table = table
        self._as_json = as_json
        self._records: list[Record] = []

    def plan(self, plan: FixPlan) -> None:
        """Every change as before -> after; then what is left as it is, and why."""
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
        """In how many groups the plan came true, and how to take back what was done."""
        if plan.steps:
            self.screen.say(Text(f"\n{closed:,} of {plural(len(plan.steps), 'group')} proved closed.", "bold"))
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
        yield _group(step.found)
        for edit in step.edits:
            yield _change(edit)
            yield Text(f"      {edit.why}", "dim")
        yield Text()


def _left_as_it_is(plan: FixPlan) -> Iterator[Text]:
    for found, left in groupby(plan.left, key=lambda each: each.found):
        yield _group(found)
        yield from (Text(f"    = {terminal(each.told)}", "yellow") for each in left)
        yield Text()


def _remarks(plan: FixPlan) -> Iterator[Text]:
    unread = (f"{each.region} could not be read in full: {terminal(each.error)}" for each in plan.unread)
    missing = (f"There is no security group {group} in what was read of these Regions." for group in plan.missing)
    unlisted = (f"{group} is not at fault." for group in plan.unlisted)
    yield from (Text(remark, "yellow") for remark in (*unread, *missing, *unlisted))


def _group(found: Found) -> Text:
    facts = found.judgement.facts
    name = cut(terminal(found.judgement.group_name), _FOREIGN)
    return Text(f"  {facts.group_id} ({name}) in {found.region}, {facts.vpc_id}")


def _change(edit: Edit) -> Text:
    """As a plan of infrastructure code has it: ~ is changed in place, - is removed."""
    if edit.after:
        return Text(f"    ~ {edit.part}  {edit.before} -> {edit.after}", "green")
    return Text(f"    - {edit.part}  {edit.before} -> revoked", "red")


def _document(plan: FixPlan, records: list[Record], undo: list[str]) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "plan": [{**_place(step.found), **_told(edit)} for step in plan.steps for edit in step.edits],
        "left": [_left(each) for each in plan.left],
        "unread": msgspec.to_builtins(plan.unread),
        "missing": plan.missing,
        "records": msgspec.to_builtins(records),
        "undo": undo,
    }


def _left(left: Left) -> dict[str, str]:
    edit = left.fate.edit
    return {**_place(left.found), "rule": edit.part, "told": left.told}


def _place(found: Found) -> dict[str, str]:
    facts = found.judgement.facts
    name = found.judgement.group_name
    return {"account": facts.account, "region": found.region, "group": facts.group_id, "name": name}


def _told(edit: Edit) -> dict[str, str]:
    return {"rule": edit.part, "before": edit.before, "after": edit.after, "why": edit.why}
