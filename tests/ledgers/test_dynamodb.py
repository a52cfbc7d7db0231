"""What only the ledger in DynamoDB has: round trips, rights, sizes, and answers that AWS gives under load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from secrets import token_hex
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError

from cloudmend.aws.ledger import PERMISSIONS, DynamoDbLedger
from cloudmend.aws.ledger_items import lock_key
from cloudmend.core.errors import AwsError, TooLarge
from cloudmend.core.ledger import Terms
from cloudmend.core.ledger_records import LedgerRecord, LedgerRecords, place_of
from ledgers.backends import Backend
from ledgers.values import GROUP, RULE, exemption, intent, record
from support import NOW, StandingClock

ACTIONS = {"Put": "dynamodb:PutItem", "Update": "dynamodb:UpdateItem", "Delete": "dynamodb:DeleteItem"}
TRANSACTION = "before-send.dynamodb.TransactWriteItems"


class Calls:
    """The operations that a client was asked for, and the IAM actions that they need."""

    def __init__(self, client: Any) -> None:
        self.operations: list[str] = []
        self.actions: set[str] = set()
        client.meta.events.register("provide-client-params.dynamodb", self._called)

    def _called(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.operations.append(model.name)
        if model.name == "TransactWriteItems":
            self.actions |= {ACTIONS[kind] for write in params["TransactItems"] for kind in write}
        else:
            self.actions.add(f"dynamodb:{model.name}")


def test_what_a_mend_does_is_one_round_trip_each_and_the_rights_are_those_that_are_used(
    dynamodb: Any, in_dynamodb: Backend
) -> None:
    ledger = in_dynamodb.ledger()
    calls = Calls(dynamodb)
    done = ledger.finish(ledger.intend(intent()), "DONE", record())
    ledger.undone(done, record("given back"))
    assert calls.operations == ["TransactWriteItems"] * 3
    ledger.recent(done.place, NOW)
    ledger.exempt(exemption())
    ledger.exemptions(NOW)
    ledger.remove_exemption("e-1")
    ledger.get(done.id, done.place)
    assert calls.operations[3:] == ["Query", "PutItem", "Query", "DeleteItem", "GetItem"]
    ledger.get(done.id)
    assert calls.operations[8:] == ["Query", "GetItem"]
    assert calls.actions == PERMISSIONS


def test_all_pages_are_read(dynamodb: Any, in_dynamodb: Backend) -> None:
    ledger = in_dynamodb.ledger()
    for _ in range(8):  # a page holds 1 MB
        ledger.finish(ledger.intend(large_intent(320_000)), "DONE", record())
    calls = Calls(dynamodb)
    assert len(ledger.recent(place_of(intent()), NOW)) == 8
    assert len(list(ledger.entries())) == 8
    assert calls.operations == ["Query"] * 4


def test_a_record_and_its_lock_are_kept_for_the_retention_and_an_open_intent_for_ever(
    dynamodb: Any, table: str, in_dynamodb: Backend
) -> None:
    ledger = in_dynamodb.ledger(retention=timedelta(days=30))
    entry = ledger.intend(intent())
    assert "expires" not in item(dynamodb, table, entry)
    ledger.finish(entry, "DONE", record())
    lock = dynamodb.get_item(TableName=table, Key=lock_key(entry))["Item"]
    for kept in (item(dynamodb, table, entry), lock):
        assert int(kept["expires"]["N"]) == (NOW + timedelta(days=30)).timestamp()


def item(dynamodb: Any, table: str, entry: LedgerRecord) -> dict[str, Any]:
    place = f"111122223333/eu-west-1/security_group_ingress/{GROUP}"
    key = {"pk": {"S": f"place/{place}"}, "sk": {"S": f"20261124T070000.000Z-{entry.id}"}}
    found: dict[str, Any] = dynamodb.get_item(TableName=table, Key=key)["Item"]
    return found


def large_intent(size: int) -> Any:
    """An intent with so many hex digits, which compress to little more than half."""
    return intent(before={"SecurityGroupRules": [{**RULE, "Description": token_hex(size // 2)}]})


def test_a_group_of_the_default_quotas_with_the_longest_descriptions_fits(in_dynamodb: Backend) -> None:
    ledger = in_dynamodb.ledger()
    rules = [{**RULE, "Description": token_hex(127), "Tags": []} for _ in range(240)]
    entry = ledger.intend(intent(before={"SecurityGroupRules": rules}))
    assert ledger.get(entry.id).intent.before["SecurityGroupRules"] == rules


def test_what_is_too_large_to_be_kept_is_refused_before_anything_is_stored(in_dynamodb: Backend) -> None:
    ledger = in_dynamodb.ledger()
    with pytest.raises(TooLarge, match=f"{GROUP} is too large to be recorded: .* bytes when compressed, and 262,144"):
        ledger.intend(large_intent(600_000))
    assert list(ledger.entries()) == []
    assert ledger.intend(intent()).state == "INTENT"


class Conflicts:
    """Answers that many transactions in place of DynamoDB, as it does when two touch one item at once."""

    def __init__(self, client: Any, count: int, code: str = "TransactionConflict") -> None:
        self.left = count
        self._code = code
        client.meta.events.register(TRANSACTION, self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse | None:
        if not self.left:
            return None
        self.left -= 1
        writes = len(json.loads(request.body)["TransactItems"])
        reasons = [{"Code": "None"}, {"Code": self._code, "Message": "busy"}, *[{"Code": "None"}] * (writes - 2)]
        kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
        body = {"__type": kind, "Message": "Transaction cancelled", "CancellationReasons": reasons}
        return AWSResponse(request.url, 400, {}, Raw(json.dumps(body).encode()))


class Raw(BytesIO):
    """What botocore asks of urllib3's response."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def test_a_transaction_that_met_another_is_tried_again(dynamodb: Any, in_dynamodb: Backend) -> None:
    ledger = in_dynamodb.ledger()
    conflicts = Conflicts(dynamodb, 7)
    entry = ledger.intend(intent())
    assert conflicts.left == 0
    assert ledger.open_intents() == (entry,)
    conflicts.left = 5
    assert ledger.finish(entry, "DONE", record()).state == "DONE"
    assert ledger.open_intents() == ()


def test_a_transaction_that_meets_others_for_ever_is_an_error(dynamodb: Any, in_dynamodb: Backend) -> None:
    Conflicts(dynamodb, 8)
    with pytest.raises(AwsError, match="dynamodb:TransactWriteItems in us-east-1: AWS answered TransactionCanceled"):
        in_dynamodb.ledger().intend(intent())


def test_a_transaction_that_is_cancelled_for_another_reason_is_an_error_at_once(
    dynamodb: Any, in_dynamodb: Backend
) -> None:
    conflicts = Conflicts(dynamodb, 2, "ThrottlingError")
    with pytest.raises(AwsError):
        in_dynamodb.ledger().intend(intent())
    assert conflicts.left == 1


def test_an_intent_whose_answer_was_lost_is_open_for_the_sweep(dynamodb: Any, in_dynamodb: Backend) -> None:
    def lose(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="http://localhost")

    dynamodb.meta.events.register("after-call.dynamodb.TransactWriteItems", lose)
    with pytest.raises(AwsError) as caught:
        in_dynamodb.ledger().intend(intent())
    assert not caught.value.refused
    (entry,) = LedgerRecords(in_dynamodb.ledger().open_intents())
    assert entry.intent == intent()


def test_a_table_that_is_not_there_is_told_with_what_to_do(dynamodb: Any) -> None:
    ledger = DynamoDbLedger(lambda _: dynamodb, "nowhere", StandingClock(), Terms())
    told = r"There is no table nowhere in us-east-1\. .*--ledger .*--region"
    with pytest.raises(AwsError, match=told):
        ledger.open_intents()
    with pytest.raises(AwsError, match=told):
        ledger.get(f"{GROUP}/1")


def test_no_client_is_made_before_it_is_needed() -> None:
    def connect(service: str) -> Any:
        raise AssertionError(service)

    DynamoDbLedger(connect, "ledger", StandingClock(), Terms())
