"""The calls that are requests by their items: DynamoDB's reads and writes by key, and the events of a PutEvents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from cloudmend.local.iam.actions_context import Keys
from cloudmend.local.iam.request import AccessRequest
from cloudmend.local.iam.resources_described import ApiCall, State

# The members of a transaction's item, and the action of each.
_KINDS: Final = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}
_EQUALS: Final = r"(?<![\w#:]){name}\s*=\s*(:\w+)"
_Params = Mapping[str, Any]
_Items = Callable[[ApiCall, _Params], Iterable[tuple[str, _Params, str]]]


def item_requests(call: ApiCall, state: State) -> Iterator[AccessRequest]:
    """Yield the requests of a call by its items. Raises Undescribed, also for a partition key that cannot be told."""
    if not call.params:
        raise call.undescribed("it has no parameters that can be read")
    yield from ITEMS[call.prefix, call.operation](call, state)


def _events(call: ApiCall, _: State) -> Iterator[AccessRequest]:
    """EventBridge asks for each event by itself: the keys have its source and its type."""
    asked: dict[tuple[str, str, str], None] = {}
    for entry in (call.params or {}).get("Entries", ()):
        bus = call.arn("event-bus", entry.get("EventBusName") or "default")
        asked[bus, entry.get("Source", ""), entry.get("DetailType", "")] = None
    for bus, source, kind in asked:
        yield AccessRequest("events:PutEvents", bus, {"events:source": source, "events:detail-type": kind})


def _by_key(items: _Items) -> Callable[[ApiCall, State], Iterator[AccessRequest]]:
    """Return the description of a call of DynamoDB: a request for each action on each table or index."""

    def read(call: ApiCall, state: State) -> Iterator[AccessRequest]:
        leading: dict[tuple[str, str], dict[str, None]] = {}
        for action, item, place in items(call, call.params or {}):
            arn = state.named(place)
            leading.setdefault((action, arn), {})[_partition(call, item, arn, state)] = None
        for (action, arn), values in leading.items():
            keys: Keys = {"dynamodb:LeadingKeys": list(values)}
            enclosed = {} if call.operation == action else {"dynamodb:EnclosingOperation": call.operation}
            yield AccessRequest(f"dynamodb:{action}", arn, {**keys, **enclosed})

    return read


def _table(call: ApiCall, item: _Params) -> str:
    return call.arn("table", item["TableName"])


def _single(call: ApiCall, params: _Params) -> Iterator[tuple[str, _Params, str]]:
    index = params.get("IndexName")
    yield call.operation, params, f"{_table(call, params)}/index/{index}" if index else _table(call, params)


def _transacted(call: ApiCall, params: _Params) -> Iterator[tuple[str, _Params, str]]:
    for item in params["TransactItems"]:
        for kind, each in item.items():
            yield "GetItem" if kind == "Get" else _KINDS[kind], each, _table(call, each)


def _batched(call: ApiCall, params: _Params) -> Iterator[tuple[str, _Params, str]]:
    """Yield the items of a BatchGetItem or a BatchWriteItem, which have actions of their own."""
    for table, asked in params["RequestItems"].items():
        place = call.arn("table", table)
        reads = isinstance(asked, dict)
        items = [{"Key": key} for key in asked["Keys"]] if reads else [next(iter(each.values())) for each in asked]
        yield from ((call.operation, item, place) for item in items)


def _partition(call: ApiCall, item: _Params, arn: str, state: State) -> str:
    """Return the value of the partition key that an item or a query names. Raises Undescribed."""
    name = state.partition_key_of(arn)
    values = item.get("Key") or item.get("Item") or {}
    found = values.get(name) or _queried(item, name)
    if not name or not found:
        raise call.undescribed(f"the partition key of {arn} is not known")
    return str(next(iter(found.values())))


def _queried(query: _Params, name: str) -> _Params | None:
    """Return the value that a query's condition gives its partition key, by the name or by a placeholder of it."""
    aliases = [alias for alias, each in query.get("ExpressionAttributeNames", {}).items() if each == name]
    for each in (name, *aliases):
        found = re.search(_EQUALS.format(name=re.escape(each)), query.get("KeyConditionExpression", ""))
        if found:
            value: _Params | None = query.get("ExpressionAttributeValues", {}).get(found[1])
            return value
    return None


_one_item: Final = _by_key(_single)
_transaction: Final = _by_key(_transacted)
_batch: Final = _by_key(_batched)
ITEMS: Final[Mapping[tuple[str, str], Callable[[ApiCall, State], Iterator[AccessRequest]]]] = {
    **{("dynamodb", name): _one_item for name in ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")},
    ("dynamodb", "BatchGetItem"): _batch,
    ("dynamodb", "BatchWriteItem"): _batch,
    ("dynamodb", "TransactGetItems"): _transaction,
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("events", "PutEvents"): _events,
}
