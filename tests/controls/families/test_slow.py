"""What AWS applies minutes later: the mend is pending, or deferred, and followed on the queue to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any, NamedTuple

import pytest

from cloudmend import engine
from cloudmend.controls import eks_endpoint_cidrs, rds_instance_public, redshift_cluster_public
from cloudmend.core.contract import Control
from cloudmend.core.errors import AwsError
from cloudmend.core.model import ApiCall, Json, Record, Resource
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.ports import Call, PutOff
from cloudmend.core.target import Target
from cloudmend.core.world import World
from cloudmend.testing.memory_ledger import MemoryLedger, MemoryStore
from engine.test_put_off import Kept
from support import ACCOUNT, NOW, REGION, StandingClock

OFFICE, WORLD = "198.51.100.0/24", "0.0.0.0/0"
TAKES = timedelta(minutes=12)  # for a change, until AWS shows it


class Slow(NamedTuple):
    """A control, AWS's answer about a resource with a value and a status, and the code by which AWS refuses a write."""

    control: Control[Any]
    id: str
    answer: Callable[[Any, str], Json]
    written: Callable[[Call], Any]  # the value that a call sets
    opened: Any
    mended: Any
    ready: str
    changing: str
    code: str
    source: str
    name: str
    request: Json
    policy: str = ""


def database(value: Any, status: str) -> Json:
    row = {"DBInstanceIdentifier": "orders", "DBInstanceStatus": status, "Engine": "postgres"}
    return {"DBInstances": [{**row, "PubliclyAccessible": value}]}


def warehouse(value: Any, status: str) -> Json:
    return {"Clusters": [{"ClusterIdentifier": "sales", "ClusterStatus": status, "PubliclyAccessible": value}]}


def cluster(value: Any, status: str) -> Json:
    config = {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": value}
    return {"cluster": {"name": "prod", "status": status, "resourcesVpcConfig": config}}


def flag_of(call: Call) -> Any:
    return call.params["PubliclyAccessible"]


RDS = Slow(
    rds_instance_public.CONTROL,
    "db:orders",
    database,
    flag_of,
    True,
    False,
    "available",
    "modifying",
    "InvalidDBInstanceState",
    "rds.amazonaws.com",
    "ModifyDBInstance",
    {"dBInstanceIdentifier": "orders", "publiclyAccessible": True},
)
REDSHIFT = Slow(
    redshift_cluster_public.CONTROL,
    "sales",
    warehouse,
    flag_of,
    True,
    False,
    "available",
    "modifying",
    "InvalidClusterState",
    "redshift.amazonaws.com",
    "ModifyCluster",
    {"clusterIdentifier": "sales", "publiclyAccessible": True},
)
EKS = Slow(
    eks_endpoint_cidrs.CONTROL,
    "prod",
    cluster,
    lambda call: call.params["resourcesVpcConfig"]["publicAccessCidrs"],
    [WORLD],
    [OFFICE],
    "ACTIVE",
    "UPDATING",
    "ResourceInUseException",
    "eks.amazonaws.com",
    "UpdateClusterConfig",
    {"name": "prod", "resourcesVpcConfig": {"publicAccessCidrs": [WORLD]}},
    f'approved.ipv4 = ["{OFFICE}"]\n',
)


class Later:
    """AWS, the clock, and the queue. A change is shown after TAKES, the status first: as AWS may do it.

    `early`: the value is shown at once, and the status says until then that AWS is at it.
    """

    def __init__(self, slow: Slow, *, value: Any, early: bool = False) -> None:
        self.slow, self.value, self.early = slow, value, early
        self.clock, self.store, self.queue = StandingClock(), MemoryStore(), Kept()
        self.change: tuple[Any, Any] | None = None  # the value that comes, and the time
        self.busy = ""  # a status in which AWS refuses every change
        self.writes: list[Call] = []
        self.told: list[Record] = []

    def begin(self, value: Any) -> None:
        self.change = (value, self.clock.now() + TAKES)

    def _arrive(self) -> None:
        if self.change and (self.early or self.clock.now() >= self.change[1]):
            self.value = self.change[0]
        if self.change and self.clock.now() >= self.change[1]:
            self.change = None

    def get(self, _: Call, __: Mapping[str, Json | None]) -> Json:
        self._arrive()
        return self.slow.answer(self.value, self.busy or (self.slow.changing if self.change else self.slow.ready))

    def write(self, call: Any) -> None:
        self._arrive()
        if self.busy or self.change:
            raise AwsError("AWS is at it.", action=call.action, code=self.slow.code, refused=True)
        self.writes.append(call)
        self.begin(self.slow.written(call))

    def publish(self, record: Record) -> None:
        self.told.append(record)

    @property
    def story(self) -> list[str]:
        """The statuses that were told, each once in a row, without the all-clears at the end."""
        return [status for status, _ in groupby(each.status for each in self.told) if status != "clean"]

    @property
    def mended(self) -> Record:
        (found,) = (each for each in self.told if each.status == "mended")
        return found

    def mend(self, target: Target) -> str:
        """Run a process of its own, and return the status of the record."""
        here: Any = self
        world = World(
            account=lambda: ACCOUNT,
            region=REGION,
            reader=here,
            writer=here,
            ledger=MemoryLedger(self.clock, store=self.store),
            notifier=here,
            clock=self.clock,
            later=self.queue,
        )
        (record,) = engine.mend_all([target], self.policy(), world)
        return record.status

    def policy(self) -> Policy:
        control = self.slow.control
        table = f'[control.{control.id}]\nmode = "fix"\n{self.slow.policy}'
        return parse_policy({}, table, catalog=Catalog(controls={control.id: control}))

    def event(self) -> str:
        slow = self.slow
        resource = Resource(type=slow.control.resource.type, id=slow.id, account=ACCOUNT, region=REGION)
        here: Any = {"source": slow.source, "name": slow.name, "account": ACCOUNT, "region": REGION}
        cause = ApiCall(event_id="one", time=self.clock.now(), request=slow.request, response={}, **here)
        return self.mend(Target(control=slow.control, resource=resource, cause=cause))

    def follow(self) -> list[str]:
        """Handle the queue's tasks when they are due, until there are none; return the statuses."""
        statuses = []
        while self.queue.tasks:
            task: PutOff = self.queue.tasks.pop(0)
            self.clock.time = max(self.clock.time, task.due)
            known: Any = {"named": task.opened, "accepted": task.accepted}
            target = Target(control=self.slow.control, resource=task.resource, cause=task.cause, **known)
            statuses.append(self.mend(target))
            assert self.clock.now() < NOW + timedelta(hours=1), "the queue never ends"
        return statuses


ALL = pytest.mark.parametrize("slow", [RDS, REDSHIFT, EKS], ids=["rds", "redshift", "eks"])


@ALL
def test_what_aws_shows_later_is_pending_without_a_second_write_and_then_mended_and_told(slow: Slow) -> None:
    aws = Later(slow, value=slow.opened)
    assert aws.event() == "pending"
    assert aws.follow() == ["pending", "pending", "clean"]
    assert (aws.value, len(aws.writes)) == (slow.mended, 1)
    assert aws.story == ["pending", "mended"]
    assert aws.mended.undo
    assert aws.clock.now() >= NOW + TAKES
    assert [each.state for each in aws.store.entries.values()] == ["DONE"]


@pytest.mark.parametrize("slow", [RDS, REDSHIFT], ids=["rds", "redshift"])
def test_while_aws_is_at_its_mend_it_is_pending_though_the_new_value_is_shown(slow: Slow) -> None:
    aws = Later(slow, value=slow.opened, early=True)
    assert aws.event() == "pending"
    assert aws.follow() == ["pending", "pending", "clean"]
    assert aws.story == ["pending", "mended"]
    assert len(aws.writes) == 1


@ALL
def test_what_the_state_refuses_is_deferred_until_it_does_not(slow: Slow) -> None:
    """Golden cases 18, 21, and 32: somebody else's change is under way."""
    aws = Later(slow, value=slow.opened)
    aws.change = (slow.opened, NOW + TAKES)
    assert aws.event() == "deferred"
    assert aws.follow()[:3] == ["deferred", "deferred", "pending"]
    assert (aws.value, len(aws.writes), aws.story) == (slow.mended, 1, ["deferred", "pending", "mended"])


@ALL
def test_an_opening_that_aws_shows_later_is_looked_at_until_it_is_shown_and_then_mended(slow: Slow) -> None:
    aws = Later(slow, value=slow.mended)
    aws.begin(slow.opened)
    assert aws.event() == "deferred"
    assert aws.follow()[:3] == ["deferred", "deferred", "pending"]
    assert (aws.value, len(aws.writes), aws.story) == (slow.mended, 1, ["deferred", "pending", "mended"])


@pytest.mark.parametrize("slow", [RDS, REDSHIFT], ids=["rds", "redshift"])
def test_an_opening_that_aws_has_not_begun_to_apply_is_looked_at_again(slow: Slow) -> None:
    """Neither the value nor the status shows it: for two minutes the call is believed."""
    aws = Later(slow, value=slow.mended)
    assert aws.event() == "observed"
    (task,) = aws.queue.tasks
    assert task.due == NOW + timedelta(seconds=10)
    aws.begin(slow.opened)
    assert aws.follow()[:2] == ["deferred", "deferred"]
    assert (aws.value, len(aws.writes), aws.story) == (slow.mended, 1, ["observed", "deferred", "pending", "mended"])


@pytest.mark.parametrize("status", ["creating", "backing-up", "upgrading", "stopped"])
def test_golden_case_18_a_state_that_refuses_is_waited_for_without_a_write(status: str) -> None:
    aws = Later(RDS, value=True)
    aws.busy = status
    assert aws.event() == "deferred"
    assert (aws.writes, dict(aws.store.entries)) == ([], {})
    aws.busy = ""
    assert aws.follow()[:1] == ["pending"]
    assert (aws.value, aws.story) == (False, ["deferred", "pending", "mended"])


@pytest.mark.parametrize("status", ["paused", "resizing"])
def test_golden_case_21_a_paused_or_resizing_cluster_is_waited_for_without_a_write(status: str) -> None:
    aws = Later(REDSHIFT, value=True)
    aws.busy = status
    assert aws.event() == "deferred"
    assert aws.writes == []
    aws.busy = ""
    assert aws.follow()[:1] == ["pending"]
    assert (aws.value, aws.story) == (False, ["deferred", "pending", "mended"])


@ALL
def test_a_mend_whose_process_died_after_the_write_is_followed_to_its_end_and_told(slow: Slow) -> None:
    """The event comes again, and AWS, which is at that mend, refuses another."""
    aws = Later(slow, value=slow.opened)
    aws.event()
    aws.queue.tasks.clear()
    aws.told.clear()
    aws.clock.sleep(120)
    assert aws.event() == "pending"
    assert aws.told[-1].summary.endswith(
        "It may be at an earlier mend, whose process died. It is looked at again at 07:07:03 UTC."
    )
    assert aws.follow() == ["pending", "clean"]
    assert (aws.value, len(aws.writes), aws.story) == (slow.mended, 1, ["pending", "mended"])
    assert aws.mended.undo
    assert all(each.state != "INTENT" for each in aws.store.entries.values())


@ALL
def test_a_change_that_never_comes_is_tried_again_after_half_an_hour(slow: Slow) -> None:
    aws = Later(slow, value=slow.opened)
    aws.event()
    aws.change = None
    assert aws.follow()[:6] == ["pending"] * 6
    assert (aws.value, len(aws.writes), aws.story) == (slow.mended, 2, ["pending", "mended"])
