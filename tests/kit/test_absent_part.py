"""A control whose fault is that a part is not there: the kit runs it through scan and fix, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from cloudmend.controls.ebs_snapshot_public import CONTROL
from cloudmend.core.contract import Finding, State, View, each
from cloudmend.core.model import Resource
from cloudmend.core.ports import Call
from cloudmend.testing.fix import *  # noqa: F403 - the tests have no other callers
from cloudmend.testing.suite import bench as bench
from cloudmend.testing.suite import pytest_generate_tests as pytest_generate_tests
from cloudmend.testing.suite import specimen as specimen
from kit.specimens import SPECIMENS as ALL

PRIVATE = "private"  # there, unless everybody may copy the snapshot


def _read(*asked: Any) -> State | None:
    state = CONTROL.read(*asked)
    return state and State({} if state.parts["snapshot"] else {PRIVATE: True})


def _judge(view: View, _: Any) -> Iterator[Finding]:
    if PRIVATE not in view.parts:
        yield Finding(part=PRIVATE, why="every AWS account may copy it", mended=True)


def _put(snapshot: Resource, part: str, now: Any, then: Any) -> Call:
    change = {"Remove" if then else "Add": [{"Group": "all"}]}
    params = {"SnapshotId": snapshot.id, "Attribute": "createVolumePermission", "CreateVolumePermission": change}
    return Call("ec2", "ModifySnapshotAttribute", params)


ABSENT = replace(CONTROL, read=_read, judge=_judge, put=each(_put), say=str, follow=None)
SPECIMENS = (ALL[0]._replace(control=ABSENT),)
