"""What the kit does not ask about DB snapshots: other attributes, spellings, and what a sweep leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudmend.controls.rds_snapshot_public import CONTROL
from cloudmend.core.contract import NoSettings, State
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.target import resources

SNAPSHOT = Resource(type="AWS::RDS::DBSnapshot", id="a-snapshot", account="111122223333", region="eu-west-1")


class Answers:
    """A Reader that gives the same answer to every call."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get(self, *_: Any) -> Any:
        return self.answer

    rows = get


def read(*attributes: Mapping[str, Any]) -> State | None:
    answer = {"DBSnapshotAttributesResult": {"DBSnapshotAttributes": attributes}}
    return CONTROL.read(SNAPSHOT, Answers(answer), NoSettings())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "accounts", "public"),
    [
        ("restore", ["111122223333", "all"], True),
        ("restore", ["111122223333"], False),
        ("restore", [], False),
        ("another", ["all"], False),
    ],
)
def test_it_is_public_if_all_stands_in_restore(name: str, accounts: list[str], public: bool) -> None:
    other = {"AttributeName": "older", "AttributeValues": []}
    assert read(other, {"AttributeName": name, "AttributeValues": accounts}) == State({"snapshot": public})


def test_an_answer_that_lists_nothing_is_not_public() -> None:
    assert read() == read({"AttributeName": "restore"}) == State({"snapshot": False})


def test_a_sweep_does_not_read_what_is_encrypted_and_cannot_be_public() -> None:
    rows = [
        {"DBSnapshotIdentifier": "open", "Encrypted": False},
        {"DBSnapshotIdentifier": "shut", "Encrypted": True},
    ]
    assert CONTROL.every
    assert list(CONTROL.every(SNAPSHOT, Answers(rows), NoSettings())) == ["open"]  # type: ignore[arg-type]


@pytest.mark.parametrize("response", [{}, {"dBSnapshotIdentifier": "a-snapshot"}])
def test_the_answers_spelling_of_a_name_counts_more_than_the_calls(response: dict[str, str]) -> None:
    call = ApiCall(
        event_id="1",
        source="rds.amazonaws.com",
        name="ModifyDBSnapshotAttribute",
        time=None,
        account="111122223333",
        region="eu-west-1",
        request={"dBSnapshotIdentifier": "A-Snapshot", "attributeName": "restore", "valuesToAdd": ["all"]},
        response=response,
    )
    (resource,) = resources(CONTROL, call)
    assert resource.id == (response or {"dBSnapshotIdentifier": "A-Snapshot"})["dBSnapshotIdentifier"]
