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
from cloudmend.core.ledger import resource_of, unit_of
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
_STANDING: Final = "standing"  # sorts behind the times of entries
_UNIT: Final = "standing/"


def of_unit(unit: str) -> str:
    """The partition of what stands in a unit."""
    return f"{_UNIT}{unit}"


def put_standing(found: StandingResource) -> tuple[Json, Json]:
    """Build the writes of what stands at a resource."""
    body = {_STANDING: text(msgspec.json.encode(found).decode())}
    own, of_all = _keys(found.id)
    return {"Put": {"Item": {**own, **body}}}, {"Put": {"Item": {**of_all, **body, "kind": text(KIND)}}}


def delete_standing(place: str) -> tuple[Json, Json]:
    """Build the writes for a resource at which nothing stands any more."""
    own, of_all = _keys(place)
    return {"Delete": {"Key": own}}, {"Delete": {"Key": of_all}}


def _keys(place: str) -> tuple[Json, Json]:
    return key(partition_of(place), _STANDING), key(of_unit(unit_of(place)), resource_of(place))


def writes(stands: Sequence[StandingResource], gone: Sequence[str]) -> Iterator[list[Json]]:
    """Yield the writes of each transaction."""
    pairs = [*map(put_standing, stands), *map(delete_standing, gone)]
    for first in range(0, len(pairs), MOST):
        yield [write for pair in pairs[first : first + MOST] for write in pair]


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


def unit_item(unit: Unit) -> Json:
    return {**key(UNITS, unit.id), "unit": text(msgspec.json.encode(unit).decode())}


def unit_from(item: Json) -> UnitFound:
    """Return what an item of the units' partition holds."""
    return decode_unit(item["sk"]["S"], _body(item, "unit"))


def _body(item: Json, name: str) -> bytes:
    """The text of an attribute; empty where it has none, which then cannot be read."""
    return str(item.get(name, {}).get("S", "")).encode()
