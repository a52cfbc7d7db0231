"""The result of a mend whose process died: each rule that it was about, before the mend and now."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.mended import intended_rules
from cloudmend.controls.security_group_ingress.plan import authorize, modify
from cloudmend.core.left_behind import Traces
from cloudmend.core.model import Edit, Intent, Request


class _Planned(Struct, frozen=True, kw_only=True):
    """A rule before the mend, what it was to become (None: revoked), and what it is now (None: gone)."""

    before: Rule
    after: Rule | None
    now: Rule | None

    @property
    def is_done(self) -> bool:
        """What is gone was revoked: where AWS refuses to narrow, that is the second way."""
        return self.now is None or (self.after is not None and self.now.place == self.after.place)

    @property
    def is_untouched(self) -> bool:
        return self.now is not None and self.now.place == self.before.place

    def edit(self, why: str) -> Edit:
        before, after = self.before, str(self.after) if self.after and self.now else ""
        return Edit(part=before.id, before=str(before), after=after, did=self._did(), why=why)

    def _did(self) -> str:
        if self.after is None:
            return f"revoked {self.before}"
        if self.now is None:
            return f"{self.before} is gone, revoked by this mend or by somebody since"
        return f"narrowed {self.before} to {self.after.source}"

    def inverse(self, group_id: str) -> Request:
        return modify(group_id, self.before) if self.now else authorize(group_id, self.before)


def trace(intent: Intent, facts: GroupFacts) -> Traces:
    """Compares the before-image and the planned requests with what is now.

    Raises UndoRefused for an intent that contradicts itself: people would be told of it as a way to take a mend back.
    """
    planned = tuple(_planned(intent, facts))
    why = {finding.part: finding.why for finding in intent.findings}
    done = [rule for rule in planned if rule.is_done]
    left = [rule for rule in planned if not rule.is_done]
    return Traces(
        edits=tuple(rule.edit(why.get(rule.before.id, "")) for rule in done),
        undo=tuple(rule.inverse(facts.group_id) for rule in done),
        untouched=tuple(f"{rule.before} ({rule.before.id})" for rule in left if rule.is_untouched),
        changed=tuple(f"{rule.before.id} was {rule.before}, is {rule.now}" for rule in left if not rule.is_untouched),
    )


def _planned(intent: Intent, facts: GroupFacts) -> Iterator[_Planned]:
    live = {rule.id: rule for rule in facts.rules}
    for rule_id, (before, after) in intended_rules(intent).items():
        yield _Planned(before=before, after=after, now=live.get(rule_id))
