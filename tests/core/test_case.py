"""The record of each end of a mend: what it says, what was done, and how to take it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls import CONTROLS
from cloudmend.core.case import Case
from cloudmend.core.model import Actor, ApiCall, Change, Edit, Facts, Finding, Intent, Outcome, Plan, Request, Resource
from cloudmend.core.version import CODE_VERSION

CALLED, NOW = datetime(2026, 11, 24, 6, 59, 58, tzinfo=UTC), datetime(2026, 11, 24, 7, 0, 0, 1234, tzinfo=UTC)
GROUP = Resource(type="AWS::EC2::SecurityGroup", id="sg-1")
CAUSE = ApiCall(
    event_id="e-1",
    source="ec2.amazonaws.com",
    name="AuthorizeSecurityGroupIngress",
    time=CALLED,
    account="111122223333",
    region="eu-west-1",
    actor=Actor(kind="Root", account="111122223333"),
)
FINDINGS = (Finding(part="sgr-1", why="ssh is open"), Finding(part="sgr-2", why="rdp is open"))


def change(part: str, did: str) -> Change:
    edit = Edit(part=part, before="a", after="", did=did, why="it is open")
    return Change(request=Request("ec2:Do", {"Id": part}), inverse=(Request("ec2:UnDo", {"Id": part}),), edits=(edit,))


PLAN = Plan((change("sgr-1", "revoked ssh"), change("sgr-2", "revoked rdp")))
UNDO = tuple(f"""aws ec2 un-do --region eu-west-1 --cli-input-json '{{"Id":"sgr-{n}"}}'""" for n in (1, 2))


def case(*outcomes: Outcome, **fields: Any) -> Case:
    (control,) = CONTROLS
    new = Case(control=control, resource=GROUP, cause=CAUSE, region="eu-west-1", account="111122223333")
    known = {"findings": FINDINGS, "decision": "mode.default is fix", "outcomes": list(outcomes)}
    return replace(new, **known, **fields)


DONE = tuple(Outcome(change=change, changed=True) for change in PLAN.changes)
SETTLED = Outcome(change=PLAN.changes[1], changed=False)
REFUSED = Outcome(change=PLAN.changes[1], changed=False, error="refused")


def test_an_intent_is_all_that_a_person_needs_who_finds_it_alone() -> None:
    image = {"SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1"}]}
    assert case(seen=NOW).intent(Facts(account="111122223333", image=image), PLAN, "0123abcd") == Intent(
        control="security_group_ingress",
        resource=GROUP,
        account="111122223333",
        region="eu-west-1",
        event_id="e-1",
        event_name="AuthorizeSecurityGroupIngress",
        actor=CAUSE.actor,
        seen=NOW,
        policy_hash="0123abcd",
        code_version=CODE_VERSION,
        findings=FINDINGS,
        decision="mode.default is fix",
        before=image,
        requests=(Request("ec2:Do", {"Id": "sgr-1"}), Request("ec2:Do", {"Id": "sgr-2"})),
        undo=UNDO,
    )


def test_a_record_says_whose_call_it_was_and_what_the_policy_said() -> None:
    record = case().clean("no port is open", NOW)
    assert (record.control, record.resource, record.account) == ("security_group_ingress", GROUP, "111122223333")
    assert (record.region, record.event_id, record.event_name) == ("eu-west-1", "e-1", "AuthorizeSecurityGroupIngress")
    assert (record.actor, record.attribution.who) == (CAUSE.actor, "the root user of account 111122223333")
    assert (record.decision, record.findings) == ("mode.default is fix", FINDINGS)
    assert (record.seconds_since_call, record.entry_id) == (2.001, "")


@pytest.mark.parametrize(
    ("case_", "summary"),
    [
        (case(*DONE), "sg-1: revoked ssh; revoked rdp."),
        (case(DONE[0], SETTLED), "sg-1: revoked ssh."),
        (case(SETTLED), "sg-1: somebody else closed it first."),
    ],
)
def test_what_was_mended_is_told_by_what_changed(case_: Case, summary: str) -> None:
    record = case_.ended(NOW)
    assert (record.status, record.summary) == ("mended", summary)
    assert (record.remaining, record.errors) == ((), ())


def test_what_is_still_open_is_told_beside_what_was_done_and_what_was_refused() -> None:
    record = case(DONE[0], REFUSED, remaining=FINDINGS).ended(NOW)
    assert (record.status, record.summary) == ("open", "sg-1 is STILL OPEN: ssh is open; rdp is open.")
    assert (record.edits, record.undo, record.remaining) == (PLAN.changes[0].edits, UNDO[:1], FINDINGS)
    assert record.errors == ("refused",)


def test_a_failure_is_told_with_what_was_done_before_it() -> None:
    record = case(DONE[0], REFUSED).failed("the disk is full", NOW)
    assert (record.status, record.summary) == ("failed", "sg-1: the disk is full")
    assert (record.edits, record.undo) == (PLAN.changes[0].edits, UNDO[:1])
    assert record.errors == ("the disk is full", "refused")


def test_what_is_exempt_or_only_observed_is_told_in_full_and_nothing_of_it_was_done() -> None:
    exempt, observed = case().exempt(NOW), case().observed(PLAN, NOW)
    assert exempt.summary == "sg-1: left open, mode.default is fix. ssh is open; rdp is open."
    assert observed.summary == (
        "sg-1: would have revoked ssh; would have revoked rdp. Nothing was changed: mode.default is fix."
    )
    assert (exempt.edits, observed.edits) == ((), PLAN.changes[0].edits + PLAN.changes[1].edits)
    assert (exempt.undo, observed.undo) == ((), ())


def test_what_is_gone_or_clean_needs_nothing() -> None:
    assert case().gone(NOW).summary == "sg-1 does not exist in eu-west-1: nothing to close."
    assert case().clean("no port is open", NOW).summary == "sg-1: no port is open."
    left = case(exempt_parts=frozenset({"sgr-1"})).clean("no port is open", NOW)
    assert left.summary == "sg-1: no port is open, exempt ones aside."


def test_the_severity_is_high_where_it_stays_open_fails_or_somebody_fights() -> None:
    still_open = case(remaining=FINDINGS).ended(NOW)
    failed, fought = case().failed("no answer", NOW), case(*DONE, flaps=2).ended(NOW)
    assert [record.severity for record in (still_open, failed, fought)] == ["high"] * 3
    quiet = case().clean("", NOW), case().exempt(NOW), case().observed(PLAN, NOW), case(*DONE, flaps=1).ended(NOW)
    assert [record.severity for record in quiet] == ["normal"] * 4


def test_only_a_sweep_that_had_to_act_found_what_the_events_missed() -> None:
    swept = case(swept=True)
    acted = swept.ended(NOW), swept.failed("no answer", NOW), case(swept=True, remaining=FINDINGS).ended(NOW)
    assert all(record.missed for record in acted)
    idle = swept.exempt(NOW), swept.observed(PLAN, NOW), replace(swept, findings=()).failed("no answer", NOW)
    assert not any(record.missed for record in (*idle, case(*DONE).ended(NOW)))


def test_a_fight_is_told_with_who_fights_and_how_to_stop_it() -> None:
    assert case(*DONE, flaps=2).ended(NOW).summary == (
        "sg-1: revoked ssh; revoked rdp. It was opened 3 times within the hour, so it was revoked instead of "
        "narrowed. This time by the root user of account 111122223333, through unknown."
    )


def test_what_was_opened_meanwhile_is_looked_at_next() -> None:
    elsewhere = case(*DONE, remaining=(Finding(part="sgr-3", why="vnc is open"),)).ended(NOW)
    assert elsewhere.status == "mended"
    assert elsewhere.summary == (
        "sg-1: revoked ssh; revoked rdp. Something else was opened meanwhile, and is looked at next."
    )


def test_a_spent_budget_is_told_in_its_own_words() -> None:
    record = replace(case(budget_spent=True), decision="The budget is spent.").observed(PLAN, NOW)
    assert record.summary == "sg-1: would have revoked ssh; would have revoked rdp. The budget is spent."
    assert record.budget_spent


def test_tags_that_found_no_room_are_in_neither_the_before_image_nor_the_commands() -> None:
    image = {"SecurityGroupRules": ({"SecurityGroupRuleId": "sgr-1", "Tags": [{"Key": "team"}]},)}
    tagged = Request("ec2:UnDo", {"Id": "sgr-1", "TagSpecifications": [{"Tags": [{"Key": "team"}]}]})
    plan = Plan((replace(PLAN.changes[0], inverse=(tagged,)),))
    intent = case(tags_left_out=True).intent(Facts(account="111122223333", image=image), plan, "0123abcd")
    assert (intent.before, intent.undo) == ({"SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1"}]}, UNDO[:1])
    assert intent.tags_left_out
