"""Transactions that touch one item at once: as on AWS one is cancelled, where that is asked for."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import client, unheard

CROWD = 6
TIMES = 100


def count_up(dynamodb: Any, number: int) -> str:
    """One item of the crowd's, and one that is only this transaction's; the reasons where it was cancelled."""
    key = {"TableName": "counts", "Key": {"id": {"S": "common"}}}
    up = {"UpdateExpression": "ADD ups :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    own = {"TableName": "counts", "Item": {"id": {"S": str(number)}}}
    try:
        dynamodb.transact_write_items(TransactItems=[{"Update": {**key, **up}}, {"Put": own}])
    except ClientError as error:
        return " ".join(reason["Code"] for reason in error.response["CancellationReasons"])
    return "done"


def crowd(*, conflicts: bool) -> tuple[Counter[str], int]:
    """How the transactions of a crowd ended, and how far the common item was counted up."""
    with EmbeddedAws(log=unheard, conflicts=conflicts) as aws, ThreadPoolExecutor(CROWD) as threads:
        dynamodb = client(aws, "dynamodb")
        dynamodb.create_table(
            TableName="counts",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        ends = Counter(threads.map(lambda number: count_up(dynamodb, number), range(TIMES)))
        common = dynamodb.get_item(TableName="counts", Key={"id": {"S": "common"}})["Item"]
    return ends, int(common["ups"]["N"])


def test_of_transactions_that_meet_at_an_item_one_is_done_and_the_others_are_cancelled_whole() -> None:
    ends, ups = crowd(conflicts=True)
    assert set(ends) == {"done", "TransactionConflict None"}
    assert ups == ends["done"]


def test_where_it_is_not_asked_for_they_wait_for_each_other() -> None:
    assert crowd(conflicts=False) == ({"done": TIMES}, TIMES)
