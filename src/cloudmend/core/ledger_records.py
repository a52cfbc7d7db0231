"""The records of the ledger: each mend, from before its first write, and each exemption that ends by itself."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Final, Literal, Self

import msgspec
from msgspec import Meta, Struct

from cloudmend.core.errors import WrongState
from cloudmend.core.model import Intent, Record, Resource, label_of
from cloudmend.core.ulid import LENGTH, TIME_LENGTH, ulid

# The versions of the stored shapes below; docs/reference/records.md.
VERSION: Final = 2
EXEMPTION_VERSION: Final = 2
# An open intent keeps others out for this long: as long as a Lambda that made it can live (decision 6).
LEASE: Final = timedelta(seconds=60)
# No lease runs for so long. A longer one was written by a wrong clock, or by hand, and keeps nobody out.
NO_LEASE: Final = timedelta(hours=1)
# The parts of a ULID: its time, and at its end the digest of the place, forty bits. No other record's id fits both.
_ULIDS_SINCE: Final = 2  # the version
_OWN: Final = 5  # bytes
_OWN_PARTS: Final = (slice(TIME_LENGTH), slice(LENGTH - 8, LENGTH))
WITHOUT_TAGS: Final = (
    "Its rules have more tags than the ledger has room for: a rule that was revoked would come back without them."
)
State = Literal["INTENT", "DONE", "FAILED", "UNDONE"]
Ending = Literal["DONE", "FAILED"]
Instant = Annotated[datetime, Meta(tz=True)]
# The states from which each state is reached. A mend that failed half-way can be undone as well.
_FROM: Final[dict[State, tuple[State, ...]]] = {
    "INTENT": (),
    "DONE": ("INTENT",),
    "FAILED": ("INTENT",),
    "UNDONE": ("DONE", "FAILED"),
}


class End(Struct, frozen=True):
    """The result of a mend or an undo, and its time."""

    at: Instant
    record: Record


class LedgerRecord(Struct, frozen=True, kw_only=True):
    """A mend, from before its first write. `ended` is absent in INTENT, `undone` in all but UNDONE.

    `resumed` is when a process last began to complete it, because the process that had begun it was dead.
    """

    version: int = VERSION
    id: str  # a ULID; in version 1 the resource's id, "/", and a text that sorts by time
    state: State
    opened: Instant
    intent: Intent
    resumed: Instant | None = None
    ended: End | None = None
    undone: End | None = None

    @classmethod
    def of(cls, intent: Intent, now: datetime, salt: bytes) -> Self:
        """Return a new entry; `salt` is five bytes that distinguish two entries of one place and millisecond."""
        return cls(id=ulid(now, salt + _digest(place_of(intent), _OWN)), state="INTENT", opened=now, intent=intent)

    @property
    def place(self) -> str:
        """The key of its resource under its control, where only one mend may be under way at a time."""
        return place_of(self.intent)

    @property
    def has_own_id(self) -> bool:
        """True if the id fits this resource, control and time: a ULID ends with their digest."""
        if self.version < _ULIDS_SINCE:
            return self.id.rpartition("/")[0] == self.intent.resource.id
        own = ulid(self.opened, bytes(5) + _digest(self.place, _OWN))
        return len(self.id) == LENGTH and all(self.id[part] == own[part] for part in _OWN_PARTS)

    @property
    def counted(self) -> str:
        """The short form of its place in the hour's budget: eight characters, so that a budget holds many."""
        return urlsafe_b64encode(_digest(self.place, 6)).decode()

    @property
    def resource_id(self) -> str:
        return self.intent.resource.id

    @property
    def seen(self) -> datetime:
        """The time when the resource was looked at, as far as it is known."""
        return self.intent.seen or self.opened

    @property
    def leased_until(self) -> datetime:
        """The time until which the entry keeps others out of its place."""
        return self.ended.at if self.ended else (self.resumed or self.opened) + LEASE

    def is_orphaned(self, seen: datetime) -> bool:
        """Return whether its process was dead, as far as its lease tells, when the resource was looked at."""
        return self.state == "INTENT" and self.leased_until <= seen

    def taken_over(self, now: datetime) -> LedgerRecord:
        """Return the entry with a new lease, for the process that completes it.

        Raises WrongState if it has ended.
        """
        if self.state != "INTENT":
            raise WrongState(f"Record {self.id} is {self.state}: there is nothing to complete. It stays as it is.")
        return msgspec.structs.replace(self, resumed=now)

    def moved(self, state: State, end: End) -> LedgerRecord:
        """Return the entry in another state; the same entry if it is there already with this record.

        Raises WrongState.
        """
        last = self.undone or self.ended
        if self.state == state and last and last.record == end.record:
            return self
        if self.state not in _FROM[state]:
            raise WrongState(f"Record {self.id} is {self.state} and cannot become {state}. It stays as it is.")
        if state == "UNDONE":
            return msgspec.structs.replace(self, state=state, undone=end)
        return msgspec.structs.replace(self, state=state, ended=end)


class Unreadable(Struct, frozen=True):
    """A record or exemption of a ledger that cannot be read: its id, and why, in a sentence or two with the action.

    `place` is the key under which a record is stored. It is empty if the ledger does not have it, as for some records
    of version 1.
    """

    id: str
    problem: str
    place: str = ""

    @property
    def resource_id(self) -> str:
        """The id of its resource, if the place or an id of version 1 contains it."""
        return resource_of(self.place) if self.place else self.id.rpartition("/")[0]


StoredRecord = LedgerRecord | Unreadable


class LedgerRecords:
    """The entries of a ledger's answer, read lazily; those that could not be read are kept."""

    def __init__(self, found: Iterable[StoredRecord]) -> None:
        self._found = found
        self.unreadable: list[Unreadable] = []

    def __iter__(self) -> Iterator[LedgerRecord]:
        for each in self._found:
            if isinstance(each, LedgerRecord):
                yield each
            else:
                self.unreadable.append(each)


class TimedExemption(Struct, frozen=True, kw_only=True):
    """An exemption for a while. Unlike an exemption of the policy, nobody reviewed it, so it must end.

    A part is named by its value, because its id may change; version 1 named one rule by its id, or all.
    """

    version: int = EXEMPTION_VERSION
    id: str
    control: str = ""  # the id of the one that leaves it open; empty in older records: each that knows the resource
    group: str  # the resource's id, of whatever type
    name: str = ""  # of the resource, where it is known
    account: str = ""  # where the resource is; empty in version 1
    region: str = ""
    rule: str = ""  # of version 1: the id of one rule
    parts: tuple[str, ...] | None = None  # what is left open of the group; null: all of it, but for a `rule`
    owner: Annotated[str, Meta(min_length=1)]
    reason: Annotated[str, Meta(min_length=1)]
    expires: Instant  # the last moment at which it holds
    created: Instant
    created_by: str  # ARN
    ended: Instant | None = None  # when somebody ended it early
    ended_by: str = ""  # ARN; empty also where it is not known

    @property
    def label(self) -> str:
        """The name of the group in a sentence."""
        return label_of(self.group, self.name)

    @property
    def told(self) -> str:
        """The text of the exemption for a record in which it decides."""
        until = f"{self.expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"exempt: {self.id}, by {self.owner} until {until}: {self.reason}"

    @property
    def is_whole(self) -> bool:
        """True if the exemption covers the whole group."""
        return self.parts is None and not self.rule

    def is_about(self, control: str, resource: Resource) -> bool:
        """Return whether it is for this resource under this control: another resource can have the same id."""
        here = ((self.control, control), (self.account, resource.account), (self.region, resource.region))
        return self.group == resource.id and all(not (own and other) or own == other for own, other in here)

    def holds(self, now: datetime) -> bool:
        """Return whether it has an owner and a reason, and has not expired or been ended. `now` is aware."""
        return bool(self.owner and self.reason) and self.ended is None and now <= self.expires


class Exemptions(Struct, frozen=True):
    """The active exemptions, and those that cannot be read.

    An exemption that cannot be read exempts nothing, and a person must look at it. It has no id if the ledger does not
    give any exemption. Those that are `over` are kept as long as records are.
    """

    held: tuple[TimedExemption, ...]
    unreadable: tuple[Unreadable, ...] = ()
    over: tuple[TimedExemption, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence or two for each that cannot be read."""
        return tuple(each.problem for each in self.unreadable)

    def problem_of(self, exemption_id: str) -> str:
        """Return why this exemption cannot be read, and what to do; empty if it can be read or does not exist."""
        why = " ".join(each.problem for each in self.unreadable if each.id in ("", exemption_id))
        return why and (
            f"{why} Until it can be read, it exempts nothing. If it is no longer needed, end it with cloudmend exempt "
            f"remove {exemption_id}, with the same --ledger."
        )


def key_of(account: str, region: str, control: str, resource_id: str) -> str:
    """Return the key of everything that is stored about a resource under a control."""
    return f"{account}/{region}/{control}/{resource_id}"


def place_of(intent: Intent) -> str:
    """Return the key of an intent's resource under its control."""
    return key_of(intent.account, intent.region, intent.control, intent.resource.id)


def unit_of(place: str) -> str:
    """Return the key of the unit that a key belongs to: ACCOUNT/REGION/CONTROL."""
    return place.rsplit("/", place.count("/") - 2)[0]


def control_of(place: str) -> str:
    """Return the id of the control that a key names."""
    return place.split("/")[2]


def resource_of(place: str) -> str:
    """Return the id of the resource that a key names."""
    return place.split("/", 3)[3]


def _digest(place: str, size: int) -> bytes:
    return blake2b(place.encode(), digest_size=size).digest()


def iso_time(time: datetime) -> str:
    """Return the time in ISO 8601 and UTC, always with microseconds: it sorts by time."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")
