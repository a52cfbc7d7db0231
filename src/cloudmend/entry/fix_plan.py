"""The plan of `cloudmend fix`: the changes, and what it leaves as it is, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from msgspec import Struct

from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.model import Edit
from cloudmend.core.policy import Policy
from cloudmend.core.scan import Unread, outcome, plural
from cloudmend.entry.judgement import Fate
from cloudmend.entry.scanning import Found, Survey


class Step(Struct, frozen=True):
    """A group to be mended, and what was planned for it: no more may be done."""

    found: Found
    edits: tuple[Edit, ...]


class Left(Struct, frozen=True):
    """A rule at fault that is left as it is: it is exempt, or the policy says that it is only reported."""

    found: Found
    fate: Fate

    @property
    def told(self) -> str:
        return f"{self.fate.edit.before} {outcome(self.fate.decision, self.fate.edit)}"


class FixPlan(Struct, frozen=True, kw_only=True):
    """Of all Regions that were looked at. Of the groups that were asked for, `unlisted` are not at fault, and `missing`
    are in none of these Regions.
    """

    steps: tuple[Step, ...]
    left: tuple[Left, ...] = ()
    unread: tuple[Unread, ...] = ()
    unlisted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    all_clear: str = ""  # what holds where nothing is at fault in all that was read; empty if that is not known

    @property
    def leaves_open(self) -> bool:
        """Whether something stays open that is not exempt, or may be: a Region, or a group, could not be found."""
        return bool(self.unread or self.missing) or any(left.fate.decision.action == "observe" for left in self.left)

    @property
    def summary(self) -> str:
        """One line."""
        edits = [edit for step in self.steps for edit in step.edits]
        if not edits:
            return f"Plan: nothing to do: {self.all_clear}." if self.all_clear else "Plan: nothing to do."
        narrowed = sum(bool(edit.after) for edit in edits)
        regions = Counter(step.found.region for step in self.steps)
        where = ", ".join(f"{count} in {region}" for region, count in sorted(regions.items()))
        done = f"{plural(narrowed, 'rule')} to narrow, {len(edits) - narrowed:,} to revoke"
        return f"Plan: {done}, in {plural(len(self.steps), 'group')} ({where})."


def plan_of(surveyed: Survey, policy: Policy, groups: Collection[str] = (), missing: Collection[str] = ()) -> FixPlan:
    """The plan for all that is at fault, or for these groups alone, of which some may be `missing`."""
    found = [each for each in _found(surveyed) if not groups or each.judgement.facts.group_id in groups]
    steps = (Step(each, _to_be_fixed(each)) for each in found)
    is_known = not groups and not found and not any(look.unread for look in surveyed.values())
    return FixPlan(
        steps=tuple(step for step in steps if step.edits),
        left=tuple(
            Left(each, fate) for each in found for fate in each.judgement.fates if fate.decision.action != "fix"
        ),
        unread=tuple(unread for look in surveyed.values() for unread in look.unread),
        unlisted=tuple(sorted(set(groups) - {each.judgement.facts.group_id for each in found} - set(missing))),
        missing=tuple(sorted(missing)),
        all_clear=CONTROL.all_clear(None, policy) if is_known else "",
    )


def _found(surveyed: Survey) -> Iterator[Found]:
    return (found for look in surveyed.values() for found in look.found)


def _to_be_fixed(found: Found) -> tuple[Edit, ...]:
    return tuple(fate.edit for fate in found.judgement.fates if fate.decision.action == "fix")
