"""The items of the ledger's DynamoDB table, and the writes of them.

The table's keys are the texts `pk` and `sk`:

| pk              | sk                   | the item                                                     |
| --------------- | -------------------- | ------------------------------------------------------------ |
| place/PLACE     | TIME-ID              | an entry, by the millisecond in its id                       |
| place/PLACE     | lock                 | the present or last mend there, and the end of its lease     |
| place/PLACE     | standing             | the standing findings there (standing_items.py)              |
| standing/UNIT   | a resource's id      | the same                                                     |
| units           | UNIT                 | the time of that unit's last read, and its mark              |
| resource/ID     | time-salt            | an entry of version 1; `ID/time-salt` is its id              |
| open            | an entry's id        | a marker: that entry is in state INTENT, at `place`          |
| budget/ACCOUNT/CONTROL | clock hour    | the `resources` that were mended in that hour                |
| budget/ACCOUNT  | waits/TIME/PLACE     | what is tried again then has a message in the sweep's queue  |
| exemptions      | an exemption's id    | a timed exemption                                            |

A PLACE is ACCOUNT/REGION/CONTROL/RESOURCE, a UNIT the same without the resource. The table's one index, `by-time`,
holds the entries, and the standing findings by their resource's id. All have the attribute `kind`, which is the
partition key of the index. `sk` is its sort key, so entries of both versions are in one order. `expires` is the
time-to-live attribute, in seconds since 1970.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from cloudmend.core.errors import LedgerError, TooLarge
from cloudmend.core.ledger import Terms, hour
from cloudmend.core.ledger_records import NO_LEASE, LedgerRecord, StoredRecord, TimedExemption, iso_time, resource_of
from cloudmend.core.model import Json
from cloudmend.core.stored import decode_entry, encode, read_entry
from cloudmend.core.ulid import time_of

OPEN: Final = "open"
EXEMPTIONS: Final = "exemptions"
INDEX: Final = "by-time"
KIND: Final = "entry"
_PLACE: Final = "place/"
_RESOURCE: Final = "resource/"
_LOCK: Final = "lock"
_AFTER_ALL_TIME: Final = ":"  # sorts behind all digits, with which a time begins

# An item holds 400 KB. What an intent leaves free is for its record, and for the record of an undo.
MOST_BYTES: Final = 396 * 1024
MOST_BYTES_OF_INTENT: Final = 256 * 1024
_MOST_BYTES_UNPACKED: Final = 64 * 1024**2  # many times what fits packed, and no more than a function has room for


def text(value: str) -> Json:
    return {"S": value}


def key(pk: str, sk: str) -> Json:
    return {"pk": text(pk), "sk": text(sk)}


def partition_of(place: str) -> str:
    """Return the partition of all items of a resource under a control."""
    return f"{_PLACE}{place}"


def old_partition_of(place: str) -> str:
    """Return the partition of a resource's entries of version 1, under any control."""
    return f"{_RESOURCE}{resource_of(place)}"


def since_key(time: datetime) -> str:
    """Return the sort key of the first entry that can have been opened then, as in 20261124T070000.000."""
    return f"{time.astimezone(UTC):%Y%m%dT%H%M%S}.{time.microsecond // 1000:03}"


def sort_key(record_id: str) -> str:
    """Return the sort key of an entry. Raises ValueError for an id that is no ULID."""
    return f"{since_key(time_of(record_id))}Z-{record_id}"


def waits_of(account: str) -> str:
    """Return the partition of the tasks that wait in an account."""
    return f"budget/{account}"


def budget_of(entry: LedgerRecord) -> str:
    """Return the partition of the counts of the budgets of an account and control."""
    return f"budget/{entry.intent.account}/{entry.intent.control}"


def entry_key(record_id: str, place: str) -> Json:
    """Return the key of an entry; an id of version 1 needs no place. Raises ValueError for an id of no version."""
    resource_id, slash, rest = record_id.rpartition("/")
    if slash:
        return key(f"{_RESOURCE}{resource_id}", rest or "-")  # a key may not be empty
    return key(partition_of(place), sort_key(record_id))


def key_of(entry: LedgerRecord) -> Json:
    return entry_key(entry.id, entry.place)


def lock_key(entry: LedgerRecord) -> Json:
    return key(partition_of(entry.place), _LOCK)


def holder_of(lock: Json) -> tuple[str, str]:
    """Return the place of a lock, and the id of the entry that holds the lock."""
    return lock["pk"]["S"].removeprefix(_PLACE), lock.get("holder", {}).get("S", "unknown")


def packed(entry: LedgerRecord, most: int = MOST_BYTES) -> bytes:
    """Return the entry's JSON, compressed. Raises TooLarge if it does not fit into `most` bytes."""
    data = zlib.compress(encode(entry))
    if len(data) > most:
        raise TooLarge(
            f"{entry.intent.resource.id} is too large to be recorded: {len(data):,} bytes when compressed, and "
            f"{most:,} fit. cloudmend mends nothing that it cannot record. Shorten the tags and descriptions of "
            "its rules, or close it by hand."
        )
    return data


def unpacked(item: Json) -> LedgerRecord:
    """Return the entry of an item. Raises LedgerError if the entry cannot be read."""
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(bytes(item["entry"]["B"]), _MOST_BYTES_UNPACKED)
    except (KeyError, TypeError, zlib.error) as error:
        raise LedgerError(
            f"Its attribute `entry` cannot be unpacked ({type(error).__name__}: {error}). Was it edited by hand?"
        ) from error
    if unpacking.unconsumed_tail:
        raise LedgerError(f"Its attribute `entry` unpacks to more than {_MOST_BYTES_UNPACKED:,} bytes.")
    return decode_entry(data)


def is_entry(item: Json) -> bool:
    """Return whether an item of a place's partition is an entry: others sort behind all times."""
    return bool(item["sk"]["S"] < _AFTER_ALL_TIME)


def found(item: Json) -> StoredRecord:
    """Return the entry of an item, or the reason why the entry cannot be read."""
    pk, sk = item["pk"]["S"], item["sk"]["S"]
    place = pk.removeprefix(_PLACE) if pk.startswith(_PLACE) else ""
    record_id = sk.partition("-")[2] if place else f"{pk.removeprefix(_RESOURCE)}/{sk}"
    return read_entry(record_id, lambda: unpacked(item), place)


def exemptions_of(items: Iterable[Json]) -> Iterator[tuple[str, bytes]]:
    """Yield the exemptions' ids and texts. An item without a text gets an empty one, which cannot be read."""
    return ((item["sk"]["S"], item.get("exemption", {}).get("S", "").encode()) for item in items)


def put_entry(entry: LedgerRecord) -> Json:
    attributes = {
        "kind": text(KIND),
        "entry_state": text(entry.state),
        "entry": {"B": packed(entry, MOST_BYTES_OF_INTENT)},
    }
    return {"Put": {"Item": {**key_of(entry), **attributes}}}


def put_open(entry: LedgerRecord) -> Json:
    return {"Put": {"Item": {**key(OPEN, entry.id), "place": text(entry.place)}}}


def put_lock(entry: LedgerRecord, seen: datetime) -> Json:
    """Build the write that takes the lock.

    DynamoDB refuses it if a lease still ran when the resource was seen. The reason then holds the lock's item.
    """
    lease = {"holder": text(entry.id), "leased_until": text(iso_time(entry.leased_until))}
    return {
        "Put": {
            "Item": {**lock_key(entry), **lease},
            "ConditionExpression": (
                "attribute_not_exists(pk) OR NOT attribute_type(leased_until, :text) "
                "OR leased_until <= :seen OR leased_until > :no_lease"
            ),
            "ExpressionAttributeValues": {
                ":text": text("S"),
                ":seen": text(iso_time(seen)),
                ":no_lease": text(iso_time(seen + NO_LEASE)),
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def count_resources(entries: Sequence[LedgerRecord], terms: Terms) -> Json:
    """Build the write that counts the entries' resources, which share a budget and the time of their start.

    DynamoDB refuses it if the budget of the hour has no room for all of them. A resource that is counted already needs
    no room. For several entries, the condition leaves that out: after a refusal, the caller tries each entry alone.
    """
    first, counted = entries[0], sorted({entry.counted for entry in entries})
    alone = {":one": text(first.counted)} if len(entries) == 1 else {}
    has_room = "size(resources) <= :room" + (" OR contains(resources, :one)" if alone else "")
    return {
        "Update": {
            "Key": key(budget_of(first), hour(first.opened)),
            "UpdateExpression": "ADD resources :counted SET expires = :expires",
            "ConditionExpression": (
                f"attribute_not_exists(resources) OR (attribute_type(resources, :set) AND ({has_room}))"
            ),
            "ExpressionAttributeValues": {
                ":counted": {"SS": counted},
                ":set": text("SS"),
                ":room": {"N": str(terms.budget - len(counted))},
                ":expires": seconds(first.opened, terms),
                **alone,
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def is_no_count(refused: Json) -> bool:
    """Return whether another item stands where the hour's count belongs. Such an item would refuse every mend."""
    return "SS" not in refused.get("Item", {}).get("resources", {"SS": ()})


def count_anew(entries: Sequence[LedgerRecord], terms: Terms) -> Json:
    """Build the write that replaces an item that is no count with the count of these entries."""
    update = count_resources(entries, terms)["Update"]
    values = {name: update["ExpressionAttributeValues"][name] for name in (":counted", ":set", ":expires")}
    return {
        "Update": {
            "Key": update["Key"],
            "UpdateExpression": "SET resources = :counted, expires = :expires",
            "ConditionExpression": "NOT attribute_type(resources, :set)",
            "ExpressionAttributeValues": values,
        }
    }


def keep_resumed(entry: LedgerRecord) -> Json:
    """Build the write that keeps a resumed entry.

    DynamoDB refuses it if the entry has ended. The reason then holds the entry's item.
    """
    return {
        "Update": {
            "Key": key_of(entry),
            "UpdateExpression": "SET entry = :entry",
            "ConditionExpression": "entry_state = :state",
            "ExpressionAttributeValues": {":entry": {"B": packed(entry)}, ":state": text(entry.state)},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def update_entry(before: LedgerRecord, after: LedgerRecord, expires: Json) -> Json:
    """Build the write of an entry's new state.

    DynamoDB refuses it if the entry is no longer in the state of `before`. The reason then holds the entry's item.
    """
    return {
        "Update": {
            "Key": key_of(before),
            "UpdateExpression": "SET entry_state = :after, entry = :entry, expires = :expires",
            "ConditionExpression": "entry_state = :before",
            "ExpressionAttributeValues": {
                ":before": text(before.state),
                ":after": text(after.state),
                ":entry": {"B": packed(after)},
                ":expires": expires,
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def let_in(entry: LedgerRecord, now: datetime, terms: Terms) -> tuple[Json, Json]:
    """Build the two writes that release a resource. Leave out the last if another mend holds the lock."""
    return delete_open(entry), end_lease(entry, now, terms)


def delete_open(entry: LedgerRecord) -> Json:
    return {"Delete": {"Key": key(OPEN, entry.id)}}


def end_lease(entry: LedgerRecord, now: datetime, terms: Terms) -> Json:
    """Build the write that ends the lease of an entry. DynamoDB refuses it if another entry holds the lock by now.

    The lock itself stays. A mend that looked at the resource earlier learns from it when the last mend ended.
    """
    return {
        "Update": {
            "Key": lock_key(entry),
            "UpdateExpression": "SET leased_until = :now, expires = :expires",
            "ConditionExpression": "holder = :id",
            "ExpressionAttributeValues": {
                ":id": text(entry.id),
                ":now": text(iso_time(now)),
                ":expires": seconds(now, terms),
            },
        }
    }


def exemption_item(exemption: TimedExemption, terms: Terms) -> dict[str, Any]:
    expires = seconds(exemption.expires, terms)
    body = text(encode(exemption).decode())
    return {**key(EXEMPTIONS, exemption.id), "exemption": body, "expires": expires}


def seconds(ended: datetime, terms: Terms) -> Json:
    """Return the time when DynamoDB may delete an item that ended at `ended`, in seconds since 1970."""
    return {"N": str(int((ended + terms.retention).timestamp()))}
