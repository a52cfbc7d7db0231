"""What the engine would do about a group, without doing it; for commands that only read."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.core.decide import Circumstances, Decision, decide
from cloudmend.core.model import Edit
from cloudmend.core.policy import Policy


class Judgement(Struct, frozen=True, kw_only=True):
    """A group, what would become of each rule at fault in it, and what the policy says."""

    facts: GroupFacts
    edits: tuple[Edit, ...]
    decision: Decision

    @property
    def group_name(self) -> str:
        """As its author typed it."""
        return "".join(str(group.get("GroupName", "")) for group in self.facts.image["SecurityGroups"])


def judge(facts: GroupFacts, policy: Policy, now: datetime, actor_role: str = "") -> Judgement:
    """Of complete facts. Exemptions that are kept in a ledger are not known here, those of the policy are."""
    findings = CONTROL.detect(facts, policy)
    changes = CONTROL.plan(facts, findings, policy).changes
    circumstances = Circumstances(
        control=CONTROL.id,
        account=facts.account,
        vpc=facts.vpc_id,
        group=facts.group_id,
        actor_role=actor_role,
        now=now,
    )
    return Judgement(
        facts=facts,
        edits=tuple(edit for change in changes for edit in change.edits),
        decision=decide(policy, circumstances),
    )
