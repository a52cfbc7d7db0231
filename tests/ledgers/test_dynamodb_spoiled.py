"""Items of the table that somebody or something else wrote: each costs itself."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from cloudmend.aws.ledger_items import key, key_of, lock_key
from cloudmend.core.errors import BudgetSpent, Busy
from cloudmend.core.ledger_records import LedgerRecord, Unreadable
from ledgers.backends import Backend
from ledgers.values import OTHER_GROUP, exemption, intent, record
from support import NOW


def change(dynamodb: Any, table: str, item_key: Any, attribute: str, value: Any) -> None:
    """Sets an attribute of an item, or takes it away."""
    update: dict[str, Any] = {"UpdateExpression": "REMOVE #name", "ExpressionAttributeNames": {"#name": attribute}}
    if value:
        update |= {"UpdateExpression": "SET #name = :value", "ExpressionAttributeValues": {":value": value}}
    dynamodb.update_item(TableName=table, Key=item_key, **update)


def open_and_broken(ledger: Any) -> tuple[list[LedgerRecord], list[Unreadable]]:
    found = ledger.open_intents()
    return [each for each in found if isinstance(each, LedgerRecord)], [
        each for each in found if isinstance(each, Unreadable)
    ]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "KeyError: 'entry'"),
        ({"S": "text"}, "KeyError: 'B'"),
        ({"B": b"no zlib"}, "error: Error -3 while decompressing data"),
        ({"B": zlib.compress(b"{}")[:-6]}, "It is not what cloudmend stores"),
        ({"B": zlib.compress(bytes(65 * 1024**2))}, "unpacks to more than 67,108,864 bytes"),
    ],
)
def test_an_entry_that_cannot_be_unpacked_hides_no_other(
    dynamodb: Any, table: str, in_dynamodb: Backend, value: Any, problem: str
) -> None:
    ledger = in_dynamodb.ledger()
    first, second = ledger.intend_all([intent(), intent(OTHER_GROUP)])
    change(dynamodb, table, key_of(first), "entry", value)
    entries, (broken,) = open_and_broken(ledger)
    assert entries == [second]
    assert problem in broken.problem
    assert [type(each) for each in ledger.recent(first.place, NOW)] == [Unreadable]
    assert [type(each) for each in ledger.entries()].count(Unreadable) == 1
    assert ledger.finish(second, "DONE", record(group_id=OTHER_GROUP)).state == "DONE"


def test_a_marker_without_its_record_is_told_with_what_to_delete(
    dynamodb: Any, table: str, in_dynamodb: Backend
) -> None:
    ledger = in_dynamodb.ledger()
    first, second = ledger.intend_all([intent(), intent(OTHER_GROUP)])
    dynamodb.delete_item(TableName=table, Key=key_of(first))
    entries, (broken,) = open_and_broken(ledger)
    assert (entries, broken.id) == ([second], first.id)
    assert broken.problem == (
        f"Record {first.id} is open, and is not there. When it is clear what became of it, delete the item with pk "
        f'"open" and this id as its sk from table {table} in us-east-1.'
    )
    dynamodb.delete_item(TableName=table, Key=key("open", broken.id))
    assert ledger.open_intents() == (second,)


def test_a_marker_of_what_has_ended_is_no_open_intent(dynamodb: Any, table: str, in_dynamodb: Backend) -> None:
    ledger = in_dynamodb.ledger()
    done = ledger.finish(ledger.intend(intent()), "DONE", record())
    dynamodb.put_item(TableName=table, Item=key("open", done.id))
    assert ledger.open_intents() == ()


def test_one_record_that_aws_does_not_give_hides_no_other(dynamodb: Any, in_dynamodb: Backend) -> None:
    ledger = in_dynamodb.ledger()
    first, second = ledger.intend_all([intent(), intent(OTHER_GROUP)])

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if params["Key"] == key_of(first):
            params["TableName"] = "nowhere"

    dynamodb.meta.events.register("provide-client-params.dynamodb.GetItem", refuse)
    entries, (broken,) = open_and_broken(ledger)
    assert (entries, broken.id) == ([second], first.id)
    assert "There is no table " in broken.problem


@pytest.mark.parametrize("value", [None, {"N": "7"}, {"S": "not json"}, {"M": {}}])
def test_an_exemption_of_another_shape_exempts_nothing_and_hides_no_other(
    dynamodb: Any, table: str, in_dynamodb: Backend, value: Any
) -> None:
    ledger = in_dynamodb.ledger()
    for name in ("a", "b"):
        ledger.exempt(exemption(name))
    change(dynamodb, table, key("exemptions", "a"), "exemption", value)
    found = ledger.exemptions(NOW)
    assert [held.id for held in found.held] == ["b"]
    (unread,) = found.unreadable
    assert unread.id == "a"
    assert unread.problem.startswith("Exemption a cannot be read. It is not what cloudmend stores")


@pytest.mark.parametrize("value", [{"N": "7"}, {"S": "many"}, {"L": []}, {"NULL": True}])
def test_what_is_no_count_of_the_hour_is_counted_anew_and_stops_no_mend(
    dynamodb: Any, table: str, in_dynamodb: Backend, value: Any
) -> None:
    ledger = in_dynamodb.ledger(budget=2)
    hour = key("budget/111122223333/security_group_ingress", "2026-11-24T07")
    dynamodb.put_item(TableName=table, Item={**hour, "resources": value})
    first, second = ledger.intend_all([intent(), intent(OTHER_GROUP)])
    assert (first.state, second.state) == ("INTENT", "INTENT")
    with pytest.raises(BudgetSpent):
        ledger.intend(intent("sg-0aaaaaaaaaaaaaaaa"))
    counted = dynamodb.get_item(TableName=table, Key=hour)["Item"]
    assert (len(counted["resources"]["SS"]), "expires" in counted) == (2, True)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("leased_until", None), ("leased_until", {"N": "99999999999999"}), ("leased_until", {"S": "zzz"})],
)
def test_a_lock_that_cannot_be_read_keeps_nobody_out(
    dynamodb: Any, table: str, in_dynamodb: Backend, attribute: str, value: Any
) -> None:
    ledger = in_dynamodb.ledger()
    entry = ledger.intend(intent())
    change(dynamodb, table, lock_key(entry), attribute, value)
    assert ledger.intend(intent()).state == "INTENT"


def test_a_lock_of_nobody_keeps_others_out_until_it_ends(dynamodb: Any, table: str, in_dynamodb: Backend) -> None:
    ledger = in_dynamodb.ledger()
    entry = ledger.intend(intent())
    change(dynamodb, table, lock_key(entry), "holder", None)
    with pytest.raises(Busy, match="try again from 2026-11-24T07:01:00"):
        ledger.intend(intent())
