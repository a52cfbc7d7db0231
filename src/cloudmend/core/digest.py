"""A digest: one notice for all that a sweep found under a control, in one account and Region, and did not mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from cloudmend.core.standing import TOLD_AGAIN, Stand, StandingResource, Unit


class Digest(Struct, frozen=True, kw_only=True):
    """A list of what stands in a unit, oldest first, with the keys of what is new to people.

    `is_first`: what stands was there before cloudmend, and is kept as the baseline now. `held` sweeps told nobody since
    `told_before`. `unread` is what the sweep could not read, a sentence each; so many `unread_resources` are among it,
    and `unread_held` looks at them told nobody.
    """

    control: str
    title: str
    severity: str
    account: str
    region: str
    at: datetime
    standing: tuple[StandingResource, ...]
    new: tuple[str, ...]  # keys
    unread: tuple[str, ...] = ()
    unread_resources: int = 0
    unread_held: int = 0
    is_first: bool = False
    told_before: datetime | None = None
    held: int = 0

    @property
    def counts(self) -> Mapping[Stand, int]:
        """The number of resources of each status. Of several statuses at one resource, the most urgent counts."""
        return Counter(status_of(each) for each in self.standing)


_URGENCY: tuple[Stand, ...] = ("open", "failed", "pending", "deferred", "observed", "baseline", "exempt")


def status_of(found: StandingResource) -> Stand:
    """Return the most urgent status of what stands at a resource."""
    return min((each.status for each in found.findings), key=_URGENCY.index)


def is_left_on_purpose(found: StandingResource) -> bool:
    """Return whether all that stands there is exempt."""
    return status_of(found) == "exempt"


def is_due(unit: Unit, standing: Iterable[StandingResource], now: datetime) -> bool:
    """Return whether people get a digest: of something new, or of what has stood, or was not read, for another week."""
    left = [each for each in standing if not is_left_on_purpose(each)]
    if any(each.told is None for each in left) or any(now - each.told >= TOLD_AGAIN for each in unit.unreadable):
        return True
    return bool(left) and (unit.told is None or now - unit.told >= TOLD_AGAIN)


def digest_of(
    unit: Unit, standing: Sequence[StandingResource], *, title: str, severity: str, is_first: bool, now: datetime
) -> Digest:
    """Return the digest of what stands in a unit."""
    return Digest(
        control=unit.control,
        title=title,
        severity=severity,
        account=unit.account,
        region=unit.region,
        at=now,
        standing=tuple(sorted(standing, key=lambda each: (each.since, each.id))),
        new=tuple(each.id for each in standing if each.told is None),
        unread=unit.unread,
        unread_resources=len(unit.unreadable),
        unread_held=sum(each.held for each in unit.unreadable),
        is_first=is_first,
        told_before=unit.told,
        held=unit.held,
    )


@runtime_checkable
class DigestNotifier(Protocol):
    """A Notifier that also reports what a sweep found and did not report at once."""

    def publish_digest(self, digest: Digest) -> None: ...
