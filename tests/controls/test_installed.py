"""The controls that other distributions bring, beside those of the table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend import controls
from cloudmend.controls.ebs_snapshot_public import CONTROL as SNAPSHOTS
from cloudmend.controls.table import WAKES
from cloudmend.core.contract import Control, Trigger
from cloudmend.core.model import ApiCall
from lamps import CONTROL as LAMPS
from lamps import call

EC2, HOME = "ec2.amazonaws.com", "home.amazonaws.com"
BUSY = replace(
    LAMPS,
    id="busy",
    triggers=(
        Trigger(EC2, "ModifySnapshotAttribute"),
        Trigger(EC2, "CopySnapshot"),
        Trigger(HOME, "SetSwitch"),
        Trigger(HOME, "SetSwitch"),
    ),
)
SHARED = replace(call(), source=EC2, name="ModifySnapshotAttribute")
NOBODYS = replace(call(), name="GetLamp")


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two controls that can be used, with one between them that cannot."""
    found: Mapping[str, Control[Any] | None] = {"lamp_on": LAMPS, "broken": None, "busy": BUSY}
    monkeypatch.setattr(controls, "_search", dict)
    controls.search_with(lambda: {name: partial(found.get, name) for name in found})


def test_every_control_is_one_of_the_table_or_one_that_was_found_and_can_be_used() -> None:
    assert controls.installed() == (LAMPS, BUSY)
    assert controls.ids() == (*controls.IDS, "lamp_on", "busy")
    assert controls.every() == (*map(controls.by_id, controls.IDS), LAMPS, BUSY)


@pytest.mark.parametrize(
    ("control_id", "control"),
    [("ebs_snapshot_public", SNAPSHOTS), ("lamp_on", LAMPS), ("busy", BUSY), ("broken", None), ("nobodys", None)],
)
def test_a_control_is_known_by_its_id_if_it_can_be_used(control_id: str, control: Control[Any] | None) -> None:
    assert controls.is_known(control_id) is (control is not None)
    if control:
        assert controls.by_id(control_id) == control
    else:
        with pytest.raises(KeyError, match=f"'{control_id}'"):
            controls.by_id(control_id)


def test_what_a_call_wakes_is_of_the_table_first_and_names_no_control_twice() -> None:
    assert controls.wakes() == {
        **WAKES,
        EC2: {
            **WAKES[EC2],
            "ModifySnapshotAttribute": ("ebs_snapshot_public", "busy"),
            "CopySnapshot": ("busy",),
        },
        HOME: {"SetSwitch": ("lamp_on", "busy")},
    }
    assert WAKES[EC2]["ModifySnapshotAttribute"] == ("ebs_snapshot_public",)


@pytest.mark.parametrize(
    ("calls", "woken"),
    [
        ([], ()),
        ([NOBODYS], ()),
        ([call()], (LAMPS, BUSY)),
        ([NOBODYS, SHARED, SHARED], (SNAPSHOTS, BUSY)),
        ([call(), SHARED], (SNAPSHOTS, LAMPS, BUSY)),
    ],
)
def test_calls_wake_each_control_that_watches_any_of_them(
    calls: list[ApiCall], woken: tuple[Control[Any], ...]
) -> None:
    assert controls.woken_by(each for each in calls) == woken
