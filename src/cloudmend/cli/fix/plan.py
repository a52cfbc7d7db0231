"""The plan of `cloudmend fix`: the changes, what it leaves as it is and why, and who opened what is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from cloudmend.cli.scan.report import UnreadableUnit, is_short, outcome
from cloudmend.cli.scan.run import LookResult, report_of
from cloudmend.core.contract import Control, Parts
from cloudmend.core.errors import CloudmendError
from cloudmend.core.escaping import counted
from cloudmend.core.ledger import Entries, Entry, Ledger, key_of
from cloudmend.core.model import Actor
from cloudmend.core.planning import same
from cloudmend.engine.look import Fate, Look

_UNKNOWN: Final = Actor()
_EVER: Final = datetime.min.replace(tzinfo=UTC)


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
        return counted(
            (each.target.control.resource.noun, (each.target.resource.region, each.target.resource.id))
            for each in self.steps
        )

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
        entries = list(Entries(ledger.recent(place, _EVER)))
    except CloudmendError:
        return _UNKNOWN
    told = (_opener(control, entry, parts) for entry in reversed(entries) if _is_about(entry, parts))
    return next(told, _UNKNOWN)


def _is_about(entry: Entry, parts: Parts) -> bool:
    restored = entry.undone.record.edits if entry.undone else ()
    named = {finding.part for finding in entry.intent.findings} | {edit.part for edit in restored}
    return not named.isdisjoint(parts)


def _opener(control: Control[Any], entry: Entry, parts: Parts) -> Actor:
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
