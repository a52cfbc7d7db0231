"""The exposure of ports that several openings admit, and the openings that must be mended.

The ports are cut into columns: the openings that admit a port change only where a range begins or ends. The address
space is cut into pieces in the same way, so a set of addresses is an integer with one bit for each piece, and the
union of two sets is one operation. The work grows with openings times columns, however the ranges overlap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from operator import attrgetter, or_
from typing import Final, NamedTuple

from msgspec import Struct

from cloudmend.core.network import ALL_PROTOCOLS, AddressSet, Traffic

_CACHED_SIZES: Final = 4096


class Opening(Struct, frozen=True, eq=False):
    """Traffic that is admitted from some addresses. A mend leaves none of them."""

    traffic: Traffic
    addresses: AddressSet


def at_fault(openings: Sequence[Opening], guarded: Iterable[Traffic], limit: int) -> dict[int, int]:
    """Return the openings that must be mended, by index, each with the largest exposure that it takes part in.

    An opening over the limit alone must be mended. If a union is over the limit, openings must be mended in the order
    given until the rest is within the limit. None is superfluous: each opening that can stay is taken out again, the
    last one first. `guarded` is sorted and disjoint.
    """
    ground = _Ground(openings, guarded)
    exposures = [ground.size(union) for union in ground.unions(mended=())]
    alone = {index for index in ground.strips if openings[index].addresses.size > limit}
    chosen = _chosen(ground, exposures, alone, limit)
    rest = _Rest(ground, alone | chosen, limit)
    mended = alone.union(index for index in sorted(chosen, reverse=True) if not rest.takes(index))
    return {index: ground.largest(exposures, index) for index in sorted(mended)}


class _Strip(NamedTuple):
    """The columns, from `first` to the one before `end`, in which an opening admits traffic."""

    first: int
    end: int


class _Ground:
    """Openings, by index, as strips of columns and sets of pieces."""

    def __init__(self, openings: Sequence[Opening], guarded: Iterable[Traffic]) -> None:
        pieces = _Pieces(openings)
        self.size = lru_cache(_CACHED_SIZES)(pieces.size)
        self.masks = [pieces.mask(opening.addresses) for opening in openings]
        self.strips, self.width = _strips([opening.traffic for opening in openings], guarded)

    def unions(self, mended: Collection[int]) -> list[int]:
        """Return the pieces that are admitted in each column after some mends."""
        tree = [0] * (2 * self.width)  # of unions: its leaves are the columns
        for opening, strips in self.strips.items():
            for strip in () if opening in mended else strips:
                for node in _nodes(strip.first + self.width, strip.end + self.width):
                    tree[node] |= self.masks[opening]
        for node in range(2, 2 * self.width):
            tree[node] |= tree[node // 2]
        return tree[self.width :]

    def largest(self, exposures: Sequence[int], opening: int) -> int:
        """Return the largest of the exposures in an opening's columns."""
        return max(max(exposures[strip.first : strip.end]) for strip in self.strips[opening])


def _nodes(first: int, end: int) -> Iterator[int]:
    """Yield the nodes of a tree that together have the leaves from `first` to the one before `end`."""
    while first < end:
        if first % 2:
            yield first
        if end % 2:
            yield end - 1
        first, end = (first + 1) // 2, end // 2


def _strips(traffic: Sequence[Traffic], guarded: Iterable[Traffic]) -> tuple[dict[int, list[_Strip]], int]:
    """Return the strips of all traffic that is guarded, by index, and the number of columns.

    An index has a strip for each protocol. A column is a first port.
    """
    parts: dict[str, list[Traffic]] = defaultdict(list)
    for part in guarded:
        parts[part.protocol].append(part)
    starts = {
        (index, protocol): (protocol, port)
        for protocol in parts
        for index, each in enumerate(traffic)
        if (port := _first_port(each, protocol, parts[protocol])) is not None
    }
    columns = sorted(set(starts.values()))
    strips: dict[int, list[_Strip]] = defaultdict(list)
    for (index, protocol), start in starts.items():
        end = bisect_left(columns, (protocol, traffic[index].last + 1))
        strips[index].append(_Strip(bisect_left(columns, start), end))
    return strips, len(columns)


def _first_port(traffic: Traffic, protocol: str, parts: Sequence[Traffic]) -> int | None:
    """Return the first port that traffic has in common with the parts of a protocol; None if there is none."""
    at = bisect_left(parts, traffic.first, key=attrgetter("last"))
    if traffic.protocol not in (protocol, ALL_PROTOCOLS) or at == len(parts) or parts[at].first > traffic.last:
        return None
    return max(parts[at].first, traffic.first)


class _Pieces:
    """The address space, cut at each border of the openings' addresses."""

    def __init__(self, openings: Iterable[Opening]) -> None:
        spans = chain.from_iterable(opening.addresses.spans for opening in openings)
        borders = sorted({border for first, last in spans for border in (first, last + 1)})
        self._bits = {border: 1 << number for number, border in enumerate(borders)}
        self._planes: dict[int, int] = defaultdict(int)  # by power of two: the pieces that have it in their size
        for start, end in pairwise(borders):
            for power in _powers(end - start):
                self._planes[power] |= self._bits[start]

    def mask(self, addresses: AddressSet) -> int:
        """Return a set of addresses as the bits of its pieces."""
        return sum(self._bits[last + 1] - self._bits[first] for first, last in addresses.spans)

    def size(self, mask: int) -> int:
        """Return the number of addresses in some pieces."""
        return sum(power * (mask & plane).bit_count() for power, plane in self._planes.items())


def _powers(number: int) -> Iterator[int]:
    """Yield the powers of two whose sum a number is."""
    while number:
        yield number & -number
        number &= number - 1


def _chosen(ground: _Ground, exposures: Sequence[int], alone: Collection[int], limit: int) -> set[int]:
    """Return the openings that must be mended besides those that are over the limit alone, column by column."""
    begun: dict[int, list[int]] = defaultdict(list)  # by column
    ended: dict[int, list[int]] = defaultdict(list)
    for opening, strips in ground.strips.items():
        for strip in strips:
            begun[strip.first].append(opening)
            ended[strip.end].append(opening)
    mended, here = set(alone), set[int]()
    for column, exposure in enumerate(exposures):
        here.difference_update(ended[column])
        here.update(begun[column])
        if exposure > limit:
            mended.update(_superfluous(ground, sorted(here - mended), limit))
    return mended.difference(alone)


def _superfluous(ground: _Ground, standing: Sequence[int], limit: int) -> Iterator[int]:
    """Yield the first openings of a column, up to the one with whose mend the rest is within the limit."""
    unions = list(accumulate(map(ground.masks.__getitem__, reversed(standing)), or_))
    for opening in standing:
        if ground.size(unions.pop()) <= limit:
            return
        yield opening


class _Rest:
    """The pieces that are still admitted in each column after some mends, and their sizes."""

    def __init__(self, ground: _Ground, mended: Collection[int], limit: int) -> None:
        self._ground = ground
        self._limit = limit
        self._unions = ground.unions(mended)
        self._sizes = [ground.size(union) for union in self._unions]
        self._full = 0  # the column that had no room for the last opening: probably it has none for the next

    def takes(self, opening: int) -> bool:
        """Return whether an opening can stay as it is. If it can, it counts from then on."""
        strips, mask = self._ground.strips[opening], self._ground.masks[opening]
        again = [self._full] if any(strip.first <= self._full < strip.end for strip in strips) else []
        for column in chain(again, *(range(strip.first, strip.end) for strip in strips)):
            if self._sizes[column] + self._added(column, mask) > self._limit:
                self._full = column
                return False
        for column in chain(*(range(strip.first, strip.end) for strip in strips)):
            self._sizes[column] += self._added(column, mask)
            self._unions[column] |= mask
        return True

    def _added(self, column: int, mask: int) -> int:
        return self._ground.size(mask & ~self._unions[column])
