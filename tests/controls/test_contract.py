"""The control by the contract finds, plans and takes back what the functions that it is made of do."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.controls.security_group_ingress.functions import CONTROL as OLD
from cloudmend.core.contract import View, after
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.planning import calls, judge, plan
from random_groups import groups, make
from support import ACCOUNT, NOW, REGION, Account, policy, settings_in

SWEEP = ApiCall(event_id="", source="cloudmend", name="Sweep", time=None, account=ACCOUNT, region=REGION)
replacements = st.sampled_from(["10.0.0.0/8", "revoke", "vpc", "172.16.0.0/12"])


@given(groups, replacements)
def test_it_finds_plans_and_takes_back_the_same(permissions: list[dict[str, Any]], replacement: str) -> None:
    account = Account()
    whole = policy(replacement_ipv4=replacement)
    settings = settings_in(whole)
    group = Resource(type="AWS::EC2::SecurityGroup", id=make(account, permissions), account=ACCOUNT, region=REGION)
    reader = account.world.reader
    facts = OLD.observe(group, reader, whole)
    facts = OLD.complete(facts, OLD.surroundings(group, reader), reader, whole)
    found = OLD.detect(facts, whole)
    old = OLD.plan(facts, found, whole)

    state = CONTROL.read(group, reader, settings)
    assert state is not None
    view = View(resource=group, state=state, cause=SWEEP, now=NOW)
    findings = judge(CONTROL, view, settings).counted
    assert sorted(each.part for each in findings) == sorted(each.part for each in found)
    if not found:
        return
    made = plan(CONTROL, view, findings, settings)
    sent = calls(CONTROL, group, state, made.then)
    assert [(call.action, _ordered(call.params)) for call in sent] == [
        (change.request.action, _ordered(change.request.params)) for change in old.changes
    ]
    back = calls(CONTROL, group, state=_put(state, made.then), then=after(made.then, _before(made)))
    assert _all(back) == _all(request for change in old.changes for request in change.inverse)
    edits = {edit.part: edit for change in old.changes for edit in change.edits}
    assert {step.part: CONTROL.did(step) for step in made.steps if CONTROL.did} == {
        part: edit.did for part, edit in edits.items()
    }


def _put(state: Any, parts: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(state, parts=parts)


def _before(made: Any) -> dict[str, Any]:
    return {step.part: step.before for step in made.steps}


def _all(requests: Any) -> list[str]:
    return sorted(f"{each.action} {_ordered(each.params)}" for each in requests)


def _ordered(value: Any) -> Any:
    """A request's parameters, whose lists may come in any order."""
    if isinstance(value, dict):
        return {key: _ordered(each) for key, each in sorted(value.items())}
    return sorted(map(_ordered, value), key=str) if isinstance(value, list) else value
