"""What AWS reports of who took a snapshot or an AMI that was public: here another account of the embedded AWS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from cloudmend.controls import ami_public, ebs_snapshot_public
from cloudmend.local.server import EmbeddedAws
from cloudmend.testing.bench import Bench
from kit.specimens import SPECIMENS
from local.embedded.helpers import ACCOUNT, client, member, unheard

REGION = "us-east-1"
SNAPSHOT, IMAGE = (
    next(each for each in SPECIMENS if each.control is control)
    for control in (ebs_snapshot_public.CONTROL, ami_public.CONTROL)
)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as aws:
        yield aws


@pytest.fixture
def stranger(aws: EmbeddedAws) -> Any:
    """Another account's EC2."""
    return client(aws, "ec2", **member(aws)[1])


def public(aws: EmbeddedAws, specimen: Any) -> Bench:
    """A bench at AWS's own time: what happened on the embedded AWS is over."""
    bench = Bench(aws, specimen)
    bench.clock.time = datetime.now(UTC) + timedelta(minutes=1)
    return bench


def copied(snapshot: str, stranger: Any) -> None:
    stranger.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=snapshot)
    stranger.create_volume(AvailabilityZone=f"{REGION}a", SnapshotId=snapshot)


def test_a_copy_and_a_volume_of_another_account_are_told(aws: EmbeddedAws, stranger: Any) -> None:
    bench = public(aws, SNAPSHOT)
    called = bench.targets()
    copied(bench.id, stranger)
    record = bench.mend(called)
    told = record.taken[0]
    assert (record.status, record.severity) == ("mended", "high")
    assert told.startswith("While it was open, from 20")
    assert told.index("a copy of it was begun at ") < told.index("a volume was made of it at ")
    assert told.count("UTC (CloudTrail's event ") == 2


def test_what_another_account_did_with_another_snapshot_is_not_told(aws: EmbeddedAws, stranger: Any) -> None:
    copied(SNAPSHOT.open(partial(client, aws)), stranger)
    record = public(aws, SNAPSHOT).mend()
    assert record.severity == "normal"
    assert record.taken[0].startswith("So far AWS reports no copy of it, and no volume made of it, by another account.")


def test_what_its_own_account_did_is_not_told(aws: EmbeddedAws) -> None:
    bench = public(aws, SNAPSHOT)
    own = bench.client("ec2")
    own.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=bench.id)
    assert bench.mend().taken[0].startswith("So far AWS reports no copy")


def test_what_came_before_it_was_public_is_not_told(aws: EmbeddedAws, stranger: Any) -> None:
    bench = public(aws, SNAPSHOT)
    copied(bench.id, stranger)
    (target,) = bench.targets()
    taken, opened, now = bench.control.taken, datetime.now(UTC), bench.clock.now()
    assert taken
    assert taken.found(target.resource, bench.api, opened, now) == []
    assert len(taken.found(target.resource, bench.api, None, now)) == 2
    assert taken.found(target.resource, bench.api, None, opened - timedelta(minutes=5)) == []


def test_a_sweep_asks_once_for_all_snapshots(aws: EmbeddedAws, stranger: Any) -> None:
    bench = public(aws, SNAPSHOT)
    other = SNAPSHOT.open(bench.client)
    copied(other, stranger)
    bench.sweep()
    told = {record.resource.id: record.taken[0] for record in bench.notes.told if record.status == "mended"}
    assert told[bench.id].startswith("So far")
    assert told[other].startswith("Before the mend: a copy of it was begun at ")
    assert [call.action for call in bench.api.calls].count("cloudtrail:LookupEvents") == 2


def launched(image: str, ago: timedelta, stranger: Any) -> None:
    """An instance of the other account, which was launched some time ago."""
    (made,) = stranger.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"]
    backends = (regions[REGION] for regions in ec2_backends.values())
    (instance,) = (each for backend in backends for each in backend.all_instances() if each.id == made["InstanceId"])
    instance.launch_time = (datetime.now(UTC) - ago).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("ago", "is_told"), [(timedelta(days=2), True), (timedelta(hours=2), False)], ids=["days", "hours"]
)
def test_the_last_launch_is_told_a_day_late(aws: EmbeddedAws, stranger: Any, ago: timedelta, is_told: bool) -> None:
    bench = public(aws, IMAGE)
    launched(bench.id, ago, stranger)
    (record,) = bench.sweep()
    assert record.status == "mended"
    assert record.taken[0].startswith("Before the mend: an instance was launched from it at ") is is_told
    if not is_told:
        assert "EC2 reports a launch 24 hours late." in record.taken[0]
        assert record.look[0].startswith("aws ec2 describe-images --region us-east-1 ")
    assert ACCOUNT not in record.taken[0]


def test_a_launch_before_the_opening_is_not_told(aws: EmbeddedAws, stranger: Any) -> None:
    bench = public(aws, IMAGE)
    called = bench.targets()
    launched(bench.id, timedelta(days=2), stranger)
    assert bench.mend(called).taken[0].startswith("So far AWS reports no launch of it.")
