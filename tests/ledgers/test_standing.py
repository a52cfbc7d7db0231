"""What stands, and when units were last read: kept by every ledger alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloudmend.aws import standing_items
from cloudmend.aws.ledger_items import key, partition_of
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.model import Resource
from cloudmend.core.standing import StandingFinding, StandingResource, Unit, UnreadableStanding
from ledgers.backends import Backend
from ledgers.values import CONTROL, GROUP, OTHER_GROUP, intent
from support import ACCOUNT, NOW, REGION

UNIT = f"{ACCOUNT}/{REGION}/{CONTROL}"


def stands(group_id: str = GROUP, control: str = CONTROL, **fields: Any) -> StandingResource:
    finding = StandingFinding(part="sgr-1", why="open", mark="tcp/22 from 0.0.0.0/0", status="baseline", since=NOW)
    defaults: dict[str, Any] = {"findings": (finding,), "seen": NOW}
    return StandingResource(
        account=ACCOUNT,
        region=REGION,
        control=control,
        resource=Resource(type="AWS::EC2::SecurityGroup", id=group_id, name="web"),
        **{**defaults, **fields},
    )


def unit(control: str = CONTROL, **fields: Any) -> Unit:
    return Unit(account=ACCOUNT, region=REGION, control=control, tried=NOW, **fields)


def test_what_stands_is_listed_by_unit_and_by_all_until_it_is_gone(backend: Backend) -> None:
    ledger = backend.ledger()
    group, other, elsewhere = stands(), stands(OTHER_GROUP, told=NOW, held=3), stands("q/1", "sqs_policy_public")
    ledger.keep_standing([group, other, elsewhere], [])
    assert ledger.standing(UNIT) == (other, group)
    assert sorted(each.id for each in backend.ledger().all_standing()) == sorted([group.id, other.id, elsewhere.id])
    again = msgspec.structs.replace(group, held=1)
    ledger.keep_standing([again], [other])
    assert ledger.standing(UNIT) == (again,)
    assert ledger.standing(f"{ACCOUNT}/{REGION}/sqs_policy_public") == (elsewhere,)


def test_the_history_of_a_resource_has_the_mends_of_late_and_what_stands(backend: Backend) -> None:
    ledger = backend.ledger()
    entry = ledger.intend(intent())
    ledger.keep_standing([stands(), stands(OTHER_GROUP)], [])
    history = ledger.history(entry.place, NOW - timedelta(hours=1))
    assert [each.id for each in history.recent if isinstance(each, LedgerRecord)] == [entry.id]
    assert history.standing == stands()
    backend.clock.sleep(7200)
    later = ledger.history(entry.place, NOW + timedelta(hours=1))
    assert (later.recent, later.standing) == ((), stands())
    assert ledger.recent(entry.place, NOW - timedelta(hours=1)) == history.recent


def test_more_than_one_transaction_holds_can_stand_at_once(backend: Backend) -> None:
    ledger = backend.ledger()
    many = [stands(f"sg-{number:017x}") for number in range(standing_items.MOST + 1)]
    ledger.keep_standing(many, [])
    assert ledger.standing(UNIT) == tuple(many)
    ledger.keep_standing([], many)
    assert list(ledger.all_standing()) == []


def test_a_unit_is_as_it_was_last_kept(backend: Backend) -> None:
    ledger = backend.ledger()
    assert (ledger.unit(UNIT), ledger.units()) == (None, ())
    ledger.keep_unit(unit(unread=("no",)))
    marked = unit(baseline=NOW, read=NOW, first_looks=(OTHER_GROUP,))
    ledger.keep_unit(marked)
    ledger.keep_unit(unit("sqs_policy_public"))
    assert ledger.unit(UNIT) == marked
    assert backend.ledger().units() == (marked, unit("sqs_policy_public"))


def test_a_mark_is_seen_once_it_is_there_and_stays(backend: Backend) -> None:
    reader, writer = backend.ledger(), backend.ledger()
    writer.keep_unit(unit())
    assert reader.unit(UNIT) == unit()
    writer.keep_unit(unit(baseline=NOW))
    assert reader.unit(UNIT) == unit(baseline=NOW)


Spoil = Callable[[str], None]


@pytest.fixture
def spoil_in_dynamodb(in_dynamodb: Backend, dynamodb: Any, table: str) -> tuple[Backend, Spoil]:
    def spoil(place: str) -> None:
        for keys in (key(partition_of(place), "standing"), key(f"standing/{UNIT}", GROUP), key("units", UNIT)):
            item = {**keys, "standing": {"S": "{}"}, "kind": {"S": "standing"}}
            dynamodb.put_item(TableName=table, Item=item)

    return in_dynamodb, spoil


@pytest.fixture
def spoil_on_disk(on_disk: Backend, tmp_path: Path) -> tuple[Backend, Spoil]:
    def spoil(place: str) -> None:
        with closing(sqlite3.connect(tmp_path / "state" / "ledger.sqlite3")) as connection, connection:
            connection.execute("UPDATE standing SET standing = '{}' WHERE place = ?", (place,))
            connection.execute("UPDATE units SET unit = '{}'")

    return on_disk, spoil


@pytest.mark.parametrize("kind", ["spoil_in_dynamodb", "spoil_on_disk"])
def test_an_item_that_cannot_be_read_costs_itself_alone(kind: str, request: pytest.FixtureRequest) -> None:
    backend, spoil = request.getfixturevalue(kind)
    ledger = backend.ledger()
    ledger.keep_standing([stands(), stands(OTHER_GROUP)], [])
    ledger.keep_unit(unit())
    spoil(stands().id)
    whole, spoiled = ledger.standing(UNIT)
    assert whole == stands(OTHER_GROUP)
    assert isinstance(spoiled, UnreadableStanding)
    assert spoiled.problem.startswith(f"What stands at {stands().id} cannot be read: ")
    assert ledger.history(stands().id, NOW).standing == spoiled
    (found,) = ledger.units()
    assert isinstance(found, UnreadableStanding)
    ledger.keep_standing([stands()], [])
    ledger.keep_unit(unit())
    assert ledger.standing(UNIT) == (stands(OTHER_GROUP), stands())
    assert ledger.units() == (unit(),)
