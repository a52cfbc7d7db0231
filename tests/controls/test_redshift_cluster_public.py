"""Redshift clusters: the flag, and the Elastic IP address that goes with it and comes back."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls.redshift_cluster_public import CONTROL
from cloudmend.core.contract import Finding, NoSettings, Parts, State, View, after
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.planning import calls, plan
from cloudmend.core.ports import Call
from cloudmend.core.target import resources
from controls.families.test_switches import Answers
from support import ACCOUNT, NOW, REGION

FLAG, ADDRESS = "PubliclyAccessible", "ElasticIp"
CLUSTER = Resource(type="AWS::Redshift::Cluster", id="sales", account=ACCOUNT, region=REGION)
AT = {FLAG: True, ADDRESS: "198.51.100.7"}


def row(*, public: bool = True, status: str = "available", address: str = "", **more: Any) -> Json:
    found = {"ClusterIdentifier": "sales", "ClusterStatus": status, FLAG: public, "VpcId": "vpc-1", **more}
    return {**found, **({"ElasticIpStatus": {ADDRESS: address, "Status": "active"}} if address else {})}


def read(*rows: Json, refused: str = "") -> State | None:
    reader: Any = Answers({} if refused else {"DescribeClusters": {"Clusters": [*rows]}}, refused)
    state = CONTROL.read(CLUSTER, reader, NoSettings())
    assert reader.calls == [Call("redshift", "DescribeClusters", {"ClusterIdentifier": "sales"})]
    return state


def view(of: Json, cause: ApiCall | None = None) -> View:
    state = read(of)
    assert state
    return View(resource=CLUSTER, state=state, cause=cause or call("Sweep"), now=NOW)


def judged(of: Json, cause: ApiCall | None = None) -> list[Finding]:
    return list(CONTROL.judge(view(of, cause), NoSettings()))


def call(name: str, request: Any = None, response: Any = None, source: str = "redshift.amazonaws.com") -> ApiCall:
    here: Any = {"source": source, "account": ACCOUNT, "region": REGION, "event_id": "one", "time": NOW}
    return ApiCall(name=name, request=request or {}, response=response or {}, **here)


def put(now: Parts, then: Parts) -> list[Json]:
    return [dict(each.params) for each in calls(CONTROL, CLUSTER, State(now), then)]


def test_a_cluster_is_read_with_its_address_and_its_vpc() -> None:
    state = read(row(address="198.51.100.7"))
    assert state
    assert (state.parts, state.labels) == (AT, {"vpc": "vpc-1"})
    plain = read({"ClusterIdentifier": "sales", "ClusterStatus": "available"})
    assert plain == State({FLAG: False}, context=plain and plain.context)


def test_what_is_gone_has_no_state() -> None:
    assert read() is None
    assert read(refused="ClusterNotFound") is None
    assert CONTROL.errors["ClusterNotFound"] == "settled"


def test_golden_case_21_the_mend_sends_the_flag_and_its_undo_the_address_too() -> None:
    seen = view(row(address="198.51.100.7"))
    made = plan(CONTROL, seen, judged(row(address="198.51.100.7")), NoSettings())
    assert made.then == {FLAG: False}
    assert [(step.part, step.before, step.after) for step in made.steps] == [
        (FLAG, True, False),
        (ADDRESS, "198.51.100.7", None),
    ]
    assert put(AT, made.then) == [{"ClusterIdentifier": "sales", FLAG: False}]
    back = after(made.then, {step.part: step.before for step in made.steps})
    assert put(made.then, back) == [{"ClusterIdentifier": "sales", **AT}]


def test_a_cluster_without_an_address_comes_back_without_one() -> None:
    assert put({FLAG: False}, {FLAG: True}) == [{"ClusterIdentifier": "sales", FLAG: True}]
    assert put({FLAG: False, ADDRESS: "198.51.100.7"}, {FLAG: False}) == []  # the address alone is nothing to send


@pytest.mark.parametrize("status", ["paused", "resizing", "creating", "rebooting", "deleting"])
def test_golden_case_21_a_state_that_refuses_the_change_is_waited_for(status: str) -> None:
    (finding,) = judged(row(status=status))
    assert (finding.wait, finding.is_due) == (f"it is {status}", False)


@pytest.mark.parametrize("status", ["available", "storage-full", "available, prep-for-resize", "modifying"])
def test_golden_case_21_of_other_states_redshift_is_asked_and_a_refusal_defers(status: str) -> None:
    assert [each.is_due for each in judged(row(status=status))] == [True]
    assert CONTROL.errors["InvalidClusterState"] == "deferred"


def test_an_opening_that_is_pending_is_looked_at_again_whatever_the_status() -> None:
    opening = call("ModifyCluster", {"clusterIdentifier": "sales", "publiclyAccessible": True})
    pending = row(public=False, PendingModifiedValues={FLAG: True})
    (finding,) = judged(pending, opening)
    assert finding.why.endswith("may show its old value until then (its change is pending)")
    assert finding.wait
    assert judged(row(public=False, PendingModifiedValues={"NodeType": "ra3.large"}), opening) == []
    assert [bool(each.wait) for each in judged(row(public=False, status="modifying"), opening)] == [True]


@pytest.mark.parametrize("name", ["CreateCluster", "ModifyCluster", "RestoreFromClusterSnapshot"])
def test_an_event_names_its_cluster_and_another_service_s_event_none(name: str) -> None:
    assert resources(CONTROL, call(name, {"clusterIdentifier": "Sales"})) == (CLUSTER,)
    arn = f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster:sales"
    assert resources(CONTROL, call(name, {"clusterIdentifier": arn})) == (CLUSTER,)
    assert resources(CONTROL, call(name, {"name": "sales"}, source="eks.amazonaws.com")) == ()


@pytest.mark.parametrize(
    ("name", "request_", "response", "found"),
    [
        ("CreateCluster", {}, {"publiclyAccessible": False}, False),
        ("CreateCluster", {"publiclyAccessible": True}, {}, True),
        ("CreateCluster", {}, {}, None),
        ("ModifyCluster", {"publiclyAccessible": "true"}, {"publiclyAccessible": False}, True),
        ("ModifyCluster", {}, {"publiclyAccessible": True}, None),  # the answer may show what was there before
        ("DeleteCluster", {}, {"publiclyAccessible": True}, None),
    ],
)
def test_a_replay_follows_the_flag_by_what_the_calls_say(name: str, request_: Json, response: Json, found: Any) -> None:
    assert CONTROL.follow
    state = CONTROL.follow.step(None, CLUSTER, call(name, request_, response), NOW).state
    assert state == (None if found is None else State({FLAG: found}))


def test_a_sweep_lists_the_public_clusters_with_one_call() -> None:
    rows = [row(), {**row(public=False), "ClusterIdentifier": "private"}, {"ClusterIdentifier": "old"}]
    reader: Any = Answers({"DescribeClusters": {"Clusters": rows}})
    assert CONTROL.every
    assert list(CONTROL.every(CLUSTER, reader, NoSettings())) == ["sales"]
    assert reader.calls == [Call("redshift", "DescribeClusters", {})]


def test_what_was_done_is_told_part_by_part() -> None:
    assert CONTROL.did
    made = plan(CONTROL, view(row(address="198.51.100.7")), judged(row(address="198.51.100.7")), NoSettings())
    assert [CONTROL.did(step) for step in made.steps] == [
        "set PubliclyAccessible from public to private",
        "let go of ElasticIp 198.51.100.7",
    ]
