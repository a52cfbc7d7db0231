"""A compiled pattern, and the search for leaves that satisfy it together (event-ruler's `ACFinder`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudmend.local.patterns.leaves import Leaf, Place, leaves, together
from cloudmend.local.patterns.operators import ABSENT, Test

Constraint = tuple[str, tuple[Test, ...]]
"""A dotted path, and the tests of which one must accept a leaf at that path."""

_NO_LEAF = [Leaf(ABSENT, {})]


@dataclass(frozen=True)
class Pattern:
    """An event pattern, compiled: any one branch must hold, with all of its constraints in order of path.

    The order decides in one case, as it does in event-ruler: whether a field is absent is asked of the array
    elements that the constraints before it have settled on.
    """

    branches: tuple[tuple[Constraint, ...], ...]

    def matches(self, event: Mapping[str, object]) -> bool:
        """Return whether EventBridge would send the event, as decoded from JSON, to the rule's targets."""
        found = leaves(event)
        return any(_holds(branch, found, {}) for branch in self.branches)


def _holds(constraints: Sequence[Constraint], found: Mapping[str, list[Leaf]], place: Place) -> bool:
    if not constraints:
        return True
    (path, tests), *rest = constraints
    within = [leaf for leaf in found.get(path, ()) if together(place, leaf.place)]
    return any(
        any(test(leaf.value) for test in tests) and _holds(rest, found, {**place, **leaf.place})
        for leaf in within or _NO_LEAF
    )
