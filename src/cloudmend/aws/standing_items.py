"""The items of what stands, in the ledger's table, and the writes of them.

What stands at a resource is there twice, written together: in its place's partition, which an event reads anyway, and
in its unit's, which a sweep reads once (decision 34). Both hold the same JSON. They have no time-to-live, because the
baseline must not be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from cloudmend.aws.ledger_items import key, partition_of, text
from cloudmend.core.ledger_records import resource_of, unit_of
from cloudmend.core.model import Json
from cloudmend.core.standing import (
    StandingFound,
    StandingResource,
    Unit,
    UnitFound,
    decode_standing,
    decode_unit,
)

UNITS: Final = "units"
KIND: Final = "standing"
MOST: Final = 50  # resources of one transaction, which takes 100 writes
Pair = tuple[Json, Json]
_STANDING: Final = "standing"  # sorts behind the times of entries
_UNIT: Final = "standing/"


def of_unit(unit: str) -> str:
    """The partition of what stands in a unit."""
    return f"{_UNIT}{unit}"


def put_standing(found: StandingResource) -> tuple[Json, Json]:
    """Build the writes of what stands at a resource. They fail if another look replaced what was there."""
    body = {_STANDING: text(msgspec.json.encode(found).decode())}
    own, of_all = _keys(found.id)
    item = {**own, **body, **_revised(found.revision)}
    return {"Put": {"Item": item, **_replacing(found.revision)}}, {
        "Put": {"Item": {**of_all, **body, "kind": text(KIND)}}
    }


def delete_standing(found: StandingFound) -> tuple[Json, Json]:
    """Build the writes for a resource at which nothing stands any more."""
    own, of_all = _keys(found.id)
    known = _replacing(found.revision + 1) if found.revision else {}
    return {"Delete": {"Key": own, **known}}, {"Delete": {"Key": of_all}}


def _revised(revision: int) -> Json:
    return {"revision": {"N": str(revision)}} if revision else {}


def _replacing(revision: int) -> Json:
    """Build the condition that an item of this revision replaces the one before it; 0 replaces anything."""
    if not revision:
        return {}
    told = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if revision == 1:
        return {**told, "ConditionExpression": "attribute_not_exists(revision)"}
    before = {":before": {"N": str(revision - 1)}}
    return {**told, "ConditionExpression": "revision = :before", "ExpressionAttributeValues": before}


def is_as_wanted(write: Json, stored: Json | None) -> bool:
    """Return whether a write that was refused would have changed nothing: the answer to an earlier one was lost."""
    wanted = write.get("Put", {}).get("Item")
    return bool(stored == wanted)


def _keys(place: str) -> tuple[Json, Json]:
    return key(partition_of(place), _STANDING), key(of_unit(unit_of(place)), resource_of(place))


def writes(stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> Iterator[dict[str, Pair]]:
    """Yield the writes of each transaction, in pairs by the key of the resource."""
    pairs = [*((each.id, put_standing(each)) for each in stands), *((each.id, delete_standing(each)) for each in gone)]
    for first in range(0, len(pairs), MOST):
        yield dict(pairs[first : first + MOST])


def is_standing(item: Json) -> bool:
    """Return whether an item of a place's partition is what stands there."""
    return bool(item["sk"]["S"] == _STANDING)


def standing_at(place: str, items: Iterable[Json]) -> StandingFound | None:
    """Return what stands at a place, of the items of its partition."""
    return next((decode_standing(place, _body(item, _STANDING)) for item in items if is_standing(item)), None)


def standing_of(item: Json) -> StandingFound:
    """Return what an item of a unit's partition holds."""
    place = f"{item['pk']['S'].removeprefix(_UNIT)}/{item['sk']['S']}"
    return decode_standing(place, _body(item, _STANDING))


def put_unit(unit: Unit) -> Json:
    """Build the write of a unit. It fails if another sweep replaced what was there."""
    item = {**key(UNITS, unit.id), "unit": text(msgspec.json.encode(unit).decode()), **_revised(unit.revision)}
    return {"Put": {"Item": item, **_replacing(unit.revision)}}


def unit_from(item: Json) -> UnitFound:
    """Return what an item of the units' partition holds."""
    return decode_unit(item["sk"]["S"], _body(item, "unit"))


def _body(item: Json, name: str) -> bytes:
    """The text of an attribute; empty where it has none, which then cannot be read."""
    return str(item.get(name, {}).get("S", "")).encode()
