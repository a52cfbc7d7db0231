"""An event, flattened as event-ruler does it (its `Event` and `ArrayMembership`)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

Place = Mapping[int, int]
"""For each array around a leaf, numbered in the order met, the index of the element that holds it."""


@dataclass(frozen=True)
class Leaf:
    """A JSON string, number, true, false or null, and where in the event's arrays it stands."""

    value: object
    place: Place


def leaves(event: Mapping[str, object]) -> dict[str, list[Leaf]]:
    """The event's leaves by dotted path. Arrays leave no trace in a path; empty ones have no leaf at all."""
    found = defaultdict(list)
    for path, leaf in _walk(event, (), {}, count()):
        found[path].append(leaf)
    return found


def together(one: Place, other: Place) -> bool:
    """Return whether two places agree: where they are inside the same array, they are in the same element."""
    return all(one.get(array, index) == index for array, index in other.items())


def _walk(node: object, path: tuple[str, ...], place: Place, arrays: Iterator[int]) -> Iterator[tuple[str, Leaf]]:
    if isinstance(node, Mapping):
        for name, child in node.items():
            yield from _walk(child, (*path, name), place, arrays)
    elif isinstance(node, list | tuple):
        array = next(arrays)
        for index, child in enumerate(node):
            yield from _walk(child, path, _inside(child, place, array, index), arrays)
    else:
        yield ".".join(path), Leaf(node, place)


def _inside(child: object, place: Place, array: int, index: int) -> Place:
    """Only objects and arrays are tied to their element; a scalar element goes with any other."""
    return {**place, array: index} if isinstance(child, Mapping | list | tuple) else place
