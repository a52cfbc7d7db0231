"""The exact mend of an ordered list: what is closed of each entry, and the entries that do it.

An entry whose whole traffic is at fault is narrowed in place, or goes. Before any other, an ALLOW from the replacement
and a DENY from the entry's own network are inserted for each range of ports at fault, in the free numbers directly
before it: further up they would overrule the entries between. If earlier entries decide about the whole replacement,
the DENY is enough. No entry gets another number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.controls.network_acl_open.entries import ICMP, Entry, admitted, columns, entry, in_order
from cloudmend.core.exposure import Opening, at_fault
from cloudmend.core.network import (
    ALL_PORTS,
    ALL_PROTOCOLS,
    FAMILIES,
    AddressSet,
    Family,
    Network,
    Traffic,
    disjoint,
    public_part,
)

_OTHERS: Final = "another"  # stands for every protocol that no entry names
Narrow = Callable[[Network], Network | None]  # a source at fault -> what takes its place, if anything does


class Fault(Struct, frozen=True):
    """An entry at fault: the guarded traffic that it opens, and to how many public addresses at most.

    `together` is how many the whole list admits there. The `closed` traffic is closed by the narrowed entry or, if the
    entry stays as it is, by the `inserted` ones. For the traffic `unplaced` there are no free numbers before the entry.
    """

    entry: Entry
    closed: tuple[Traffic, ...]
    unplaced: tuple[Traffic, ...]
    inserted: tuple[Entry, ...]
    exposure: int
    together: int


class Mended(NamedTuple):
    """The entries at fault, and the list after the mend. Both are in the order of their numbers."""

    faults: tuple[Fault, ...]
    entries: tuple[Entry, ...]


def mended(entries: Sequence[Entry], settings: RangeSettings, narrow: Narrow, left: Collection[int] = ()) -> Mended:
    """Mend a list. The entries with the numbers in `left` stay as they are, and do not count.

    An entry that goes leaves its number free, which may be the one that another entry lacked.
    """
    done = _once(entries, settings, narrow, left)
    while any(fault.unplaced for fault in done.faults):  # each time something more is closed, so there is an end
        more = _once(done.entries, settings, narrow, left)
        if not any(fault.closed for fault in more.faults):
            break
        done = Mended(tuple(_joined(done.faults, more.faults)), more.entries)
    return done


def _joined(first: Iterable[Fault], then: Iterable[Fault]) -> Iterator[Fault]:
    """Yield the faults of a list after a second mend, which knows best what has no number."""
    before, after = ({fault.entry.number: fault for fault in each} for each in (first, then))
    for number in sorted(before | after):
        both = [each[number] for each in (before, after) if number in each]
        closed, inserted = disjoint(part for each in both for part in each.closed), (each.inserted for each in both)
        unplaced = after[number].unplaced if number in after else ()
        if closed or unplaced:
            yield replace(both[0], closed=closed, inserted=tuple(chain(*inserted)), unplaced=unplaced)


def _once(entries: Sequence[Entry], settings: RangeSettings, narrow: Narrow, left: Collection[int]) -> Mended:
    lists = [_List(entries, family, settings, narrow, left) for family in FAMILIES]
    for each in lists:
        each.close()
    faults = sorted((fault for each in lists for fault in each.faults()), key=lambda fault: fault.entry.number)
    then = sorted((new for each in lists for new in each.then()), key=lambda new: new.number)
    return Mended(tuple(faults), tuple(then))


def is_narrower(then: Sequence[Entry], now: Sequence[Entry]) -> bool:
    """Return whether a list admits no packet that another one does not."""
    parts = [each.traffic for each in (*now, *then)]
    protocols = {part.protocol for part in parts} - {ALL_PROTOCOLS} | {_OTHERS}
    pieces = columns(parts, [Traffic(each, *ALL_PORTS) for each in sorted(protocols)])
    return not any(
        admitted(then, family, piece) - admitted(now, family, piece) for piece in pieces for family in FAMILIES
    )


class _List:
    """The entries of one family while they are mended. `_wanted` are the columns to close, by an entry's number."""

    def __init__(
        self,
        entries: Sequence[Entry],
        family: Family,
        settings: RangeSettings,
        narrow: Narrow,
        left: Collection[int],
    ) -> None:
        self._numbers = [0, *(each.number for each in entries)]
        self._entries = in_order(entries, family)
        self._limit, self._trusted = settings.limits[family], settings.trusted[family]
        self._guarded = settings.guarded
        self._narrow, self._left = narrow, left
        self._columns = tuple(columns((each.traffic for each in self._entries), settings.guarded))
        self._wanted: dict[int, set[Traffic]] = defaultdict(set)
        self._sizes: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def close(self) -> None:
        """Close all that is at fault. A narrowed entry may reveal those behind it, so that is judged again."""
        while new := [found for found in self._at_fault() if found[1] not in self._wanted[found[0].number]]:
            for each, column, sizes in new:  # each adds a column to an entry, so there is an end
                self._wanted[each.number].update(self._whole(each, column))
                self._sizes[each.number].append(sizes)

    def faults(self) -> Iterator[Fault]:
        """Yield the entries at fault."""
        for each in self._entries:
            if self._wanted[each.number]:
                closed, unplaced = self._split(each)
                inserted = tuple(self._inserted(each))
                sizes = self._sizes[each.number]
                exposure, together = max(own for own, _ in sizes), max(together for _, together in sizes)
                yield Fault(each, closed, unplaced, inserted, exposure, together)

    def then(self) -> Iterator[Entry]:
        """Yield the entries after the mend."""
        for each in self._entries:
            yield from self._inserted(each)
            if not self._is_replaced(each):
                yield each
            elif network := self._narrow(each.network):
                yield each.narrowed_to(network)

    def _at_fault(self) -> list[tuple[Entry, Traffic, tuple[int, int]]]:
        """Return the entries and columns at fault, the widest first, each with its exposure and that of the list."""
        found = [opening for column in self._columns for opening in self._openings(column)]
        found.sort(key=lambda opening: (-opening[1].addresses.size, opening[0].number))
        chosen = at_fault([opening for _, opening in found], self._guarded, self._limit)
        return [
            (found[index][0], found[index][1].traffic, (found[index][1].addresses.size, together))
            for index, together in chosen.items()
        ]

    def _openings(self, column: Traffic) -> Iterator[tuple[Entry, Opening]]:
        """Yield what each entry opens in a column, as far as no earlier one decides."""
        decided = AddressSet(())
        for each in self._entries:
            if not each.matches(column) or self._is_replaced(each):
                continue  # no address of a replacement counts
            if each.is_allow and each.number not in self._left and not self._is_closed(each, column):
                addresses = public_part(each.network) - self._trusted - decided
                yield each, Opening(column, addresses)
            decided = AddressSet.union([decided, each.addresses])

    def _whole(self, each: Entry, column: Traffic) -> list[Traffic]:
        """Return a column; of ICMP, all that the entry matches, because one entry denies one type, or all."""
        if column.protocol not in ICMP:
            return [column]
        return [other for other in self._columns if other.protocol == column.protocol and each.matches(other)]

    def _is_replaced(self, each: Entry) -> bool:
        return any(part & each.traffic == each.traffic for part in disjoint(self._wanted[each.number]))

    def _is_closed(self, each: Entry, column: Traffic) -> bool:
        return any(part & column == column for part in self._split(each)[0])

    def _split(self, each: Entry) -> tuple[tuple[Traffic, ...], tuple[Traffic, ...]]:
        """Return the ranges of an entry that are closed, and those for which there are no free numbers."""
        ranges = disjoint(self._wanted[each.number])
        if not ranges or self._is_replaced(each):
            return ranges, ()
        room = each.number - 1 - max(number for number in self._numbers if number < each.number)
        needed = list(accumulate(self._needed(each, part) for part in ranges))
        placed = sum(need <= room for need in needed)
        return ranges[:placed], ranges[placed:]

    def _needed(self, each: Entry, part: Traffic) -> int:
        return 1 if self._replacement(each, part) is None else 2

    def _replacement(self, each: Entry, part: Traffic) -> Network | None:
        """Return the replacement of an entry, if no earlier one decides about all of it in a range of ports.

        A mend of the earlier ones changes nothing about that: what is the replacement's stays decided.
        """
        network = self._narrow(each.network)
        before = self._entries[: self._entries.index(each)]
        within = [column for column in self._columns if column & part == column]
        if network and any(AddressSet.of([network]) - _decided(before, column) for column in within):
            return network
        return None

    def _inserted(self, each: Entry) -> Iterator[Entry]:
        """Yield the entries that close ranges of ports directly before an entry that stays as it is."""
        ranges = () if self._is_replaced(each) else self._split(each)[0]
        number = each.number - sum(self._needed(each, part) for part in ranges)
        for part in ranges:
            if network := self._replacement(each, part):
                yield entry(number, "allow", part, network)
                number += 1
            yield entry(number, "deny", part, each.network)
            number += 1


def _decided(entries: Iterable[Entry], traffic: Traffic) -> AddressSet:
    """Return the addresses about whose traffic some entries decide."""
    return AddressSet.of(each.network for each in entries if each.matches(traffic))
