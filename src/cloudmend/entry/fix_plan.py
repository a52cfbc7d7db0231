"""The plan of `cloudmend fix`: the changes, and what it leaves as it is, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.core.scan import Unread, counted, is_short, outcome
from cloudmend.engine.look import Fate, Look
from cloudmend.entry.scanning import Looked, report_of


class Left(Struct, frozen=True):
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
    left: tuple[Left, ...] = ()
    unread: tuple[Unread, ...] = ()
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


class LookedUp(Struct, frozen=True, kw_only=True):
    """The named resources that are in no Region, and those that could not be read, with the reasons."""

    missing: frozenset[str] = frozenset()
    unread: Mapping[str, Sequence[Unread]] = {}


_ALL_THERE: Final = LookedUp()


def plan_of(looked: Sequence[Looked], resources: Collection[str] = (), looked_up: LookedUp = _ALL_THERE) -> FixPlan:
    """Return the plan for all that is at fault, or for these resources alone.

    `looked_up` are those of them that are not at fault.
    """
    everything = [found for each in looked for found in each.survey.found]
    found = [each for each in everything if not resources or each.target.resource.id in resources]
    report, missing, unknown = report_of(looked), looked_up.missing, looked_up.unread
    is_known = not (resources or found or report.unread)
    return FixPlan(
        steps=tuple(each for each in found if each.edits),
        left=tuple(Left(each, fate) for each in found for fate in each.fates if fate.decision.action != "fix"),
        unread=(*report.unread, *(each for name in sorted(unknown) for each in unknown[name])),
        unlisted=tuple(sorted(set(resources) - {each.target.resource.id for each in found} - missing - unknown.keys())),
        missing=tuple(sorted(missing)),
        all_clear=report.summary if is_known else "",
    )
