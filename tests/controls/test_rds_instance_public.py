"""Databases of RDS: what has a flag of its own, what RDS lets one change, and what the mend sends."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls.rds_instance_public import CONTROL
from cloudmend.core.contract import Finding, NoSettings, Parts, State, View
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.planning import calls, covered, plan
from cloudmend.core.ports import Call
from cloudmend.core.target import named, resources
from controls.families.test_switches import Answers
from support import ACCOUNT, NOW, REGION

FLAG = "PubliclyAccessible"
PUBLIC: dict[str, Any] = {FLAG: True}
PRIVATE: dict[str, Any] = {FLAG: False}
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"
OF_CLUSTER = "RDS has no call that changes it for a Multi-AZ DB cluster: restore its snapshot as a private one"


def database(name: str = "db:orders") -> Resource:
    return Resource(type="AWS::RDS::DBInstance", id=name, account=ACCOUNT, region=REGION)


def instance(name: str = "orders", *, public: bool = True, status: str = "available", **more: Any) -> Json:
    row = {"DBInstanceIdentifier": name, "DBInstanceStatus": status, "Engine": "postgres", FLAG: public}
    return {**row, "DBSubnetGroup": {"VpcId": "vpc-1"}, **more}


def cluster(name: str = "orders", **more: Any) -> Json:
    return {"DBClusterIdentifier": name, "Status": "available", "Engine": "mysql", **more}


def read(row: Json | None, name: str = "db:orders", refused: str = "") -> State | None:
    kind = "DBClusters" if name.startswith("cluster:") else "DBInstances"
    reader: Any = Answers({} if refused else {f"Describe{kind}": {kind: [row] if row else []}}, refused)
    state = CONTROL.read(database(name), reader, NoSettings())
    (asked,) = reader.calls
    assert asked == Call("rds", f"Describe{kind}", {f"{kind[:-1]}Identifier": name.partition(":")[2]})
    return state


def judged(row: Json, name: str = "db:orders", cause: ApiCall | None = None) -> list[Finding]:
    return list(CONTROL.judge(view(row, name, cause), NoSettings()))


def view(row: Json, name: str = "db:orders", cause: ApiCall | None = None) -> View:
    state = read(row, name)
    assert state
    return View(resource=database(name), state=state, cause=cause or call("Sweep"), now=NOW)


def call(name: str, request: Any = None, response: Any = None) -> ApiCall:
    here: Any = {"source": "rds.amazonaws.com", "account": ACCOUNT, "region": REGION, "event_id": "one", "time": NOW}
    return ApiCall(name=name, request=request or {}, response=response or {}, **here)


def put(parts: Parts, name: str = "db:orders") -> list[Call]:
    state = State(PUBLIC if parts == PRIVATE else PRIVATE)
    return list(calls(CONTROL, database(name), state, parts))


def test_a_database_is_read_with_its_vpc_and_its_circumstances() -> None:
    state = read(instance())
    assert state
    assert (state.parts, state.labels, state.context.wait, state.context.restraint) == (
        PUBLIC,
        {"vpc": "vpc-1"},
        "",
        "",
    )
    shown = read(cluster(), "cluster:orders")
    assert shown
    assert (shown.parts, shown.labels) == (PRIVATE, {})


@pytest.mark.parametrize(
    ("name", "code"),
    [("db:orders", "DBInstanceNotFound"), ("cluster:orders", "DBClusterNotFoundFault"), ("db:orders", "")],
)
def test_what_is_gone_has_no_state(name: str, code: str) -> None:
    assert read(None, name, code) is None
    assert not code or CONTROL.errors[code] == "settled"


@pytest.mark.parametrize("answered", [True, False])
def test_golden_case_16_the_state_decides_if_a_creation_does_not_say(answered: bool) -> None:
    """Without a DB subnet group RDS makes a DB instance public."""
    response = {"dBInstanceIdentifier": "orders", **({"publiclyAccessible": True} if answered else {})}
    created = call("CreateDBInstance", {"dBInstanceIdentifier": "orders", "engine": "postgres"}, response)
    assert [each.id for each in resources(CONTROL, created)] == ["db:orders"]
    (finding,) = judged(instance(), cause=created)
    assert (finding.part, finding.mended, finding.is_due) == (FLAG, False, True)
    assert (
        finding.why == "it is public, so it has a public address, and its security groups alone decide who reaches it"
    )
    assert judged(instance(public=False), cause=created) == []
    assert CONTROL.follow
    state = CONTROL.follow.step(None, database(), created, NOW).state
    assert state == (State(PUBLIC) if answered else None)


def test_golden_case_17_each_member_of_an_aurora_cluster_has_its_own_flag() -> None:
    member = instance("orders-1", Engine="aurora-postgresql", DBClusterIdentifier="orders")
    (finding,) = judged(member, "db:orders-1")
    assert finding.is_due
    assert judged({**member, FLAG: False}, "db:orders-1") == []
    assert judged(cluster(Engine="aurora-postgresql"), "cluster:orders") == []


def test_golden_case_17_a_multi_az_db_cluster_is_only_reported_and_nothing_is_sent() -> None:
    (finding,) = judged(cluster(**PUBLIC), "cluster:orders")
    assert (finding.restraint, finding.is_due) == (OF_CLUSTER, False)
    (of_member,) = judged(instance("orders-1", DBClusterIdentifier="orders", Engine="mysql"), "db:orders-1")
    assert of_member.restraint == f"DB cluster orders has the flag. {OF_CLUSTER}"
    assert put(PRIVATE, "cluster:orders") == []  # a DB instance may have its name


@pytest.mark.parametrize("status", ["creating", "backing-up", "upgrading", "stopped", "deleting"])
def test_golden_case_18_a_state_that_refuses_the_change_is_waited_for(status: str) -> None:
    (finding,) = judged(instance(status=status))
    assert (finding.wait, finding.is_due) == (f"it is {status}", False)


@pytest.mark.parametrize("status", ["available", "storage-optimization", "storage-full", "modifying"])
def test_golden_case_18_of_other_states_rds_is_asked_and_a_refusal_defers(status: str) -> None:
    (finding,) = judged(instance(status=status))
    assert finding.is_due
    assert CONTROL.errors["InvalidDBInstanceState"] == "deferred"


def test_golden_case_19_the_flag_is_sent_and_never_apply_immediately() -> None:
    made = plan(CONTROL, view(instance()), judged(instance()), NoSettings())
    (sent,) = calls(CONTROL, database(), made.view.state, made.then)
    assert (sent.operation, sent.params) == ("ModifyDBInstance", {"DBInstanceIdentifier": "orders", FLAG: False})
    (undone,) = put(PUBLIC)
    assert undone.params == {"DBInstanceIdentifier": "orders", FLAG: True}


def test_golden_case_20_a_read_replica_has_its_own_flag() -> None:
    replica = instance("orders-copy", ReadReplicaSourceDBInstanceIdentifier="orders")
    assert [each.is_due for each in judged(replica, "db:orders-copy")] == [True]
    (sent,) = put(PRIVATE, "db:orders-copy")
    assert sent.params["DBInstanceIdentifier"] == "orders-copy"
    created = call(
        "CreateDBInstanceReadReplica", {"sourceDBInstanceIdentifier": "orders", "dBInstanceIdentifier": "new"}
    )
    assert [each.id for each in resources(CONTROL, created)] == ["db:new"]


@pytest.mark.parametrize(
    ("name", "request_", "response", "found"),
    [
        ("ModifyDBInstance", {"dBInstanceIdentifier": "Orders"}, {}, "db:orders"),
        ("ModifyDBInstance", {"dBInstanceIdentifier": f"{ARN}:db:Orders"}, {}, "db:orders"),
        ("ModifyDBInstance", {"dBInstanceIdentifier": "Orders"}, {"dBInstanceIdentifier": "orders"}, "db:orders"),
        (
            "RestoreDBInstanceToPointInTime",
            {"sourceDBInstanceIdentifier": "orders", "targetDBInstanceIdentifier": "Copy"},
            {},
            "db:copy",
        ),
        ("RestoreDBInstanceFromDBSnapshot", {"dBInstanceIdentifier": "copy"}, {}, "db:copy"),
        ("RestoreDBInstanceFromS3", {"dBInstanceIdentifier": "copy"}, {}, "db:copy"),
        ("CreateDBCluster", {"dBClusterIdentifier": "Orders"}, {}, "cluster:orders"),
        ("RestoreDBClusterFromSnapshot", {"dBClusterIdentifier": "orders"}, {}, "cluster:orders"),
        ("RestoreDBClusterToPointInTime", {"dBClusterIdentifier": "orders"}, {}, "cluster:orders"),
        ("ModifyDBInstance", {}, {}, ""),
    ],
)
def test_an_event_names_the_database_in_any_spelling(name: str, request_: Json, response: Json, found: str) -> None:
    assert [each.id for each in resources(CONTROL, call(name, request_, response))] == [found]


def test_an_arn_decides_where_the_database_is_and_a_person_may_type_capitals() -> None:
    (found,) = resources(
        CONTROL, call("ModifyDBInstance", {"dBInstanceIdentifier": ARN.replace(REGION, "eu-north-1") + ":db:A"})
    )
    assert (found.id, found.region) == ("db:a", "eu-north-1")
    assert named(CONTROL.resource, "db:Orders") == Resource(type=CONTROL.resource.type, id="db:orders")
    assert named(CONTROL.resource, "db:-orders") is None


@pytest.mark.parametrize(
    ("status", "request_", "waits"),
    [
        ("modifying", {"publiclyAccessible": True}, True),
        ("modifying", {"publiclyAccessible": "true"}, True),
        ("modifying", {}, True),  # the look from the queue
        ("creating", {"publiclyAccessible": True}, True),
        ("modifying", {"publiclyAccessible": False}, False),
        ("modifying", {"dBInstanceClass": "db.r6g.large"}, False),
        ("available", {"publiclyAccessible": True}, False),
        ("backing-up", {"publiclyAccessible": True}, False),
    ],
)
def test_while_rds_may_apply_an_opening_the_database_is_looked_at_again(
    status: str, request_: Json, waits: bool
) -> None:
    found = judged(instance(public=False, status=status), cause=call("ModifyDBInstance", request_))
    assert [each.wait for each in found] == ["it is looked at again until AWS has applied the change"] * waits
    assert all(each.why.endswith(f"may show its old value until then ({status})") for each in found)


@pytest.mark.parametrize(
    ("asked", "image", "told"),
    [
        (True, {"parts": PRIVATE}, {FLAG: "PubliclyAccessible public"}),
        (True, {"parts": PUBLIC}, {}),
        (False, {"parts": PUBLIC}, {}),
        (None, {"parts": PRIVATE}, {}),
        (True, None, {"db:orders": "db:orders itself"}),
    ],
)
def test_what_an_event_opens_and_rds_does_not_show_is_told(asked: bool | None, image: Json | None, told: Json) -> None:
    request = {} if asked is None else {"publiclyAccessible": asked}
    assert CONTROL.unseen
    assert CONTROL.unseen(call("ModifyDBInstance", request), database(), image) == told


def test_a_sweep_lists_what_is_public_with_two_calls_and_a_multi_az_cluster_once() -> None:
    instances = [
        instance("open"),
        instance("closed", public=False),
        instance("member", DBClusterIdentifier="aurora", Engine="aurora-mysql"),
        instance("of-three", DBClusterIdentifier="three", Engine="mysql"),
    ]
    clusters = [cluster("aurora"), cluster("three", **PUBLIC), cluster("private", **PRIVATE)]
    reader: Any = Answers(
        {"DescribeDBInstances": {"DBInstances": instances}, "DescribeDBClusters": {"DBClusters": clusters}}
    )
    assert CONTROL.every
    assert list(CONTROL.every(database(""), reader, NoSettings())) == ["db:open", "db:member", "cluster:three"]
    assert reader.calls == [Call("rds", "DescribeDBInstances", {}), Call("rds", "DescribeDBClusters", {})]


def test_the_right_is_of_db_instances_and_of_no_call_about_the_password() -> None:
    (right,) = CONTROL.writes
    assert (right.action, right.resource) == ("rds:ModifyDBInstance", "arn:{partition}:rds:{region}:{account}:db:*")
    (sent,) = put(PRIVATE)
    assert covered(sent, right)
    for value, allowed in ((False, True), (True, False)):
        asked = Call("rds", "ModifyDBInstance", {**sent.params, "ManageMasterUserPassword": value})
        assert covered(asked, right) is allowed
    assert CONTROL.undoes == CONTROL.writes


@pytest.mark.parametrize("name", ["DeleteDBInstance", "DeleteDBCluster"])
def test_a_replay_knows_nothing_of_a_deleted_database(name: str) -> None:
    assert CONTROL.follow
    assert name in {each.name for each in CONTROL.follow.calls}
    assert CONTROL.follow.step(State(PUBLIC), database(), call(name), NOW).state is None
    assert name not in {each.name for each in CONTROL.triggers}
