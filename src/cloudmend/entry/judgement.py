"""Judge a group as the engine does, without a write; for commands that look before they write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.controls.security_group_ingress.observe import GROUP
from cloudmend.core.decide import Circumstances, Decision
from cloudmend.core.ledger import Entry
from cloudmend.core.model import Edit, Finding, Resource
from cloudmend.core.planning import restrained
from cloudmend.core.ports import Reader
from cloudmend.core.verdict import Known, Verdict, dated, planned
from cloudmend.core.verdict import judge as give_verdict
from cloudmend.entry.standing import Brief as Brief


class Fate(Struct, frozen=True):
    """The planned change of a rule at fault, and the decision behind it. An exempt rule has no change."""

    edit: Edit
    decision: Decision


class Judgement(Struct, frozen=True, kw_only=True):
    """A group, and what would become of each rule at fault in it."""

    facts: GroupFacts
    fates: tuple[Fate, ...]

    @property
    def group_name(self) -> str:
        """As its author typed it."""
        return "".join(str(group.get("GroupName", "")) for group in self.facts.image["SecurityGroups"])


def complete_and_judge(facts: GroupFacts, reader: Reader, brief: Brief, actor_role: str = "") -> Judgement:
    """Of facts that were only observed. Raises CloudmendError."""
    groups = CONTROL.surroundings(Resource(type=GROUP, id=facts.group_id), reader)
    return judge(CONTROL.complete(facts, groups, reader, brief.policy), brief, actor_role)


def judge(facts: GroupFacts, brief: Brief, actor_role: str = "") -> Judgement:
    """Of complete facts. Raises CloudmendError if the ledger cannot be read."""
    if not CONTROL.detect(facts, brief.policy):
        return Judgement(facts=facts, fates=())
    recent = brief.standing.recent(facts.group_id, brief.now)
    facts = dated(CONTROL, facts, recent) if recent else facts
    findings = CONTROL.detect(facts, brief.policy)
    verdict = _verdict(facts, findings, brief, actor_role)
    changed = _changed(facts, verdict, brief, recent)
    return Judgement(facts=facts, fates=(*changed, *_left_open(facts, findings, verdict)))


def _verdict(facts: GroupFacts, findings: tuple[Finding, ...], brief: Brief, actor_role: str) -> Verdict:
    circumstances = Circumstances(
        control=CONTROL.id,
        account=facts.account,
        vpc=facts.vpc_id,
        resource=facts.group_id,
        actor_role=actor_role,
        now=brief.now,
    )
    standing = brief.standing
    known = Known(exemptions=lambda: standing.exemptions, mode=lambda: standing.switch)
    return give_verdict(CONTROL, facts, findings, circumstances, brief.policy, known)


def _changed(facts: GroupFacts, verdict: Verdict, brief: Brief, recent: Sequence[Entry]) -> Iterator[Fate]:
    """Yield what the plan is about, and what is only reported, whatever the decision."""
    if verdict.decision.action == "exempt":
        return
    findings = restrained(verdict.findings, facts.account, brief.account)
    if due := tuple(finding for finding in findings if finding.is_due):
        judged = facts.without(frozenset(verdict.exempt_parts))
        plan, _ = planned(CONTROL, judged, due, brief.policy, recent)
        for change in plan.changes:
            yield from (Fate(edit, verdict.decision) for edit in change.edits)
    told = {rule.id: str(rule) for rule in facts.ingress}
    for finding in findings:
        if not finding.is_due:
            edit = Edit(part=finding.part, before=told[finding.part], after="", did="", why=finding.why)
            yield Fate(edit, Decision("observe", finding.restraint or finding.wait))


def _left_open(facts: GroupFacts, findings: tuple[Finding, ...], verdict: Verdict) -> Iterator[Fate]:
    """Yield what is exempt, as a whole or by itself."""
    told = {rule.id: str(rule) for rule in facts.ingress}
    whole = verdict.decision if verdict.decision.action == "exempt" else None
    for finding in findings:
        part = finding.part
        if whole or part in verdict.exempt_parts:
            edit = Edit(part=part, before=told[part], after="", did="", why=finding.why)
            yield Fate(edit, whole or Decision("exempt", verdict.exempt_parts[part]))
