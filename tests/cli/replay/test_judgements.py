"""What is remembered of a judgement is what would be judged anew."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.cli.replay import episodes
from cloudmend.cli.replay.episodes import JudgementResult, Judgements, _in_words
from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Recency
from cloudmend.controls.security_group_ingress.follow import FOLLOW, state_of
from cloudmend.core.model import Actor, ApiCall, Resource
from cloudmend.core.target import Target
from cloudmend.engine.look import look_at
from support import NOW, policy

EXEMPTING = policy(
    """
    [[exemption]]
    resource = "sg-00000000000000001"
    owner = "a"
    reason = "b"
    expires = 2026-11-24T07:00:00Z
    [[exemption]]
    actor_role = "arn:aws:iam::111122223333:role/deploy"
    owner = "a"
    reason = "b"
    expires = 2030-06-30
    """,
)
rows = st.fixed_dictionaries(
    {
        "SecurityGroupRuleId": st.sampled_from([f"sgr-{number:017x}" for number in range(30)]),
        "IsEgress": st.booleans(),
        "IpProtocol": st.sampled_from(["tcp", "-1"]),
        "FromPort": st.just(22),
        "ToPort": st.just(22),
        "CidrIpv4": st.sampled_from(["0.0.0.0/0", "12.0.0.0/13", "13.0.0.0/12", "10.0.0.0/8"]),
    }
)
groups = st.builds(
    lambda group_id, rows, ages: GroupFacts(
        account="111122223333",
        image={},
        group_id=group_id,
        rules=tuple(Rule(row) for row in sorted(rows, key=lambda row: row["SecurityGroupRuleId"])),
        recency=Recency(known_since={row["SecurityGroupRuleId"]: age for row, age in zip(rows, ages, strict=False)}),
    ),
    st.sampled_from(["sg-00000000000000001", "sg-00000000000000002"]),
    st.lists(rows, max_size=4, unique_by=lambda row: row["SecurityGroupRuleId"]),
    st.lists(st.sampled_from([NOW, NOW + timedelta(days=1)]), max_size=4),
)
calls = st.tuples(
    groups,
    st.sampled_from([NOW, NOW + timedelta(days=1)]),
    st.sampled_from(["", "arn:aws:iam::111122223333:role/deploy"]),
)


def target(facts: GroupFacts, role: str = "") -> Target:
    cause = ApiCall(
        event_id="", source="", name="", time=None, account=facts.account, region="", actor=Actor(role_arn=role)
    )
    resource = Resource(type="AWS::EC2::SecurityGroup", id=facts.group_id, account=facts.account)
    return Target(control=CONTROL, resource=resource, cause=cause)


@given(st.lists(calls, max_size=10), st.booleans())
def test_a_group_is_judged_as_if_it_were_the_only_one(
    calls: list[tuple[GroupFacts, datetime, str]], exempting: bool
) -> None:
    chosen = EXEMPTING if exempting else policy()
    remembered = Judgements(chosen)
    for facts, now, role in calls:
        about, state = target(facts, role), state_of(facts)
        anew = look_at(about, state, chosen, now)
        told = remembered.of(about, state, FOLLOW.alike(state), now)
        assert told == {fate.finding.part: _in_words(fate) for fate in anew}
        assert all(isinstance(each, JudgementResult) for each in told.values())


def test_no_more_is_remembered_than_was_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes, "REMEMBERED", 3)
    remembered = Judgements(policy())
    for number in range(10):
        row = {"SecurityGroupRuleId": "sgr-1", "IsEgress": False, "IpProtocol": "tcp", "FromPort": 0, "ToPort": number}
        facts = GroupFacts(account="", image={}, group_id="", rules=(Rule({**row, "CidrIpv4": "0.0.0.0/0"}),))
        state = state_of(facts)
        remembered.of(target(facts), state, FOLLOW.alike(state), NOW)
        assert len(remembered._known) <= 3
