"""An empty store for each test, of each kind."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.ledger_items import entry_key
from cloudmend.core.ledger import Terms
from cloudmend.disk.ledger import SqliteLedger
from cloudmend.local.server import EmbeddedAws
from cloudmend.testing.memory_ledger import MemoryLedger, MemoryStore
from ledgers.backends import Backend, table_resource
from local.embedded.helpers import client, unheard
from support import StandingClock

_numbers = count(1)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


@pytest.fixture
def dynamodb(aws: EmbeddedAws) -> Any:
    """A botocore client."""
    return client(aws, "dynamodb")


@pytest.fixture
def table(aws: EmbeddedAws) -> str:
    """A new table, deployed from the page that describes it; its name."""
    stack = f"ledger-{next(_numbers)}"
    cloudformation = client(aws, "cloudformation")
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": {"Table": table_resource()}}))
    resource = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId="Table")
    name: str = resource["StackResourceDetail"]["PhysicalResourceId"]
    return name


@pytest.fixture
def in_dynamodb(dynamodb: Any, table: str) -> Backend:
    def ledger(clock: StandingClock, terms: Terms) -> DynamoDbLedger:
        return DynamoDbLedger(lambda _: dynamodb, table, clock, terms)

    def spoil(record_id: str, text: bytes) -> None:
        packed = {":packed": {"B": zlib.compress(text)}}
        (found,) = ledger(StandingClock(), Terms()).beginning(record_id)
        dynamodb.update_item(
            TableName=table,
            Key=entry_key(record_id, found.place),
            UpdateExpression="SET entry = :packed",
            ExpressionAttributeValues=packed,
        )

    return Backend(ledger, spoil)


@pytest.fixture
def on_disk(tmp_path: Path) -> Backend:
    def spoil(record_id: str, text: bytes) -> None:
        with closing(sqlite3.connect(tmp_path / "state" / "ledger.sqlite3")) as connection, connection:
            connection.execute("UPDATE entries SET entry = ? WHERE id = ?", (text, record_id))

    return Backend(lambda clock, terms: SqliteLedger(tmp_path / "state", clock, terms), spoil)


@pytest.fixture
def in_memory() -> Backend:
    store = MemoryStore()
    return Backend(lambda clock, terms: MemoryLedger(clock, terms, store), store.spoiled.__setitem__)


@pytest.fixture(params=["in_dynamodb", "on_disk", "in_memory"])
def backend(request: pytest.FixtureRequest) -> Backend:
    backend: Backend = request.getfixturevalue(request.param)
    return backend
