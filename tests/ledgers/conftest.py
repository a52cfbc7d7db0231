"""An empty store for each test, of each kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.disk.ledger import SqliteLedger
from cloudmend.local.server import EmbeddedAws
from ledgers.backends import Backend, table_resource
from local.embedded.helpers import client, unheard
from memory_ledger import MemoryLedger, MemoryStore

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
    return Backend(lambda clock, terms: DynamoDbLedger(lambda _: dynamodb, table, clock, terms))


@pytest.fixture
def on_disk(tmp_path: Path) -> Backend:
    return Backend(lambda clock, terms: SqliteLedger(tmp_path / "state", clock, terms))


@pytest.fixture
def in_memory() -> Backend:
    store = MemoryStore()
    return Backend(lambda clock, terms: MemoryLedger(clock, terms, store))


@pytest.fixture(params=["in_dynamodb", "on_disk", "in_memory"])
def backend(request: pytest.FixtureRequest) -> Backend:
    backend: Backend = request.getfixturevalue(request.param)
    return backend
