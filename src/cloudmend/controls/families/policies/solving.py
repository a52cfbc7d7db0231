"""Can the conditions on one key hold, or fail, as wanted, for a value that a stranger can bring? If so, for which?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from itertools import pairwise
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.policies.addresses import address_for
from cloudmend.controls.families.policies.conditions import Condition, Value, does, holds_without, stands
from cloudmend.controls.families.policies.patterns import FILL, glob
from cloudmend.controls.families.policies.texts import Effort, TooHard, Wanted, find

# A condition, and whether it has to hold.
Literal = tuple[Condition, bool]

SOMETHING: Final = Wanted(fit=((glob("?*"),),))  # any text but the empty one
_EXACT: Final = Context(prec=700)


class Domain(Struct, frozen=True):
    """The values that a stranger can bring for a key.

    `absent`: the request may lack the key. `present`: the texts that it can be; None: the request has no such key.
    `is_address`: it is any public address. `is_chosen`: it is whatever the stranger likes, so that it can be made
    equal to another key. `first` are the texts that a person reads most easily.
    """

    absent: bool = True
    present: Wanted | None = SOMETHING
    is_address: bool = False
    is_chosen: bool = False
    first: tuple[str, ...] = ()


class Impossible(Exception):
    """The error where no value does what is wanted."""


def solve(literals: Sequence[Literal], domain: Domain, effort: Effort) -> Value:
    """Return a value of the domain for which each condition holds, or fails, as wanted.

    The conditions are on one key, and their values have no variables. Raises Impossible, and TooHard.
    """
    if domain.absent and all(holds_without(condition) == wanted for condition, wanted in literals):
        return None
    others = [literal for literal in literals if literal[0].operator != "null"]
    if domain.present is None or any(stands(each) != wanted for each, wanted in literals if each.operator == "null"):
        raise Impossible
    value = _one(others, domain, effort)
    return _several(others, domain, effort) if value is None else value


def _one(literals: Sequence[Literal], domain: Domain, effort: Effort) -> str | None:
    """Return a single value; None if there is none."""
    wanted = domain.present or SOMETHING
    compared = []
    for condition, holds in literals:
        if condition.texts is None:
            compared.append((condition, holds))
        else:
            more = _wanted(condition, holds)
            if more is None:
                return None
            wanted &= more
    if domain.is_address or any(condition.operator == "ipaddress" for condition, _ in compared):
        return None if domain.is_address and _names_one(wanted) else _checked(_address(compared, domain), literals)
    if compared:
        return _compared(compared, wanted, domain, literals)
    found = find(wanted, effort, domain.first)
    # An empty text is a value too; to set operators it is no value.
    is_empty = found is None and domain.is_chosen and all(each.every is None for each, _ in literals)
    return "" if is_empty and all(does(condition, holds, "") for condition, holds in literals) else found


def _wanted(condition: Condition, holds: bool) -> Wanted | None:
    """Return the texts for which a condition holds, or fails; None if there are none."""
    texts = condition.texts
    if texts is None or (texts.is_void and condition.negated):
        # What can be compared with nothing meets no operator, not a negated one either.
        return None if holds else Wanted()
    if holds == condition.negated:
        return Wanted(none=texts.fit)
    return Wanted(fit=(texts.may_fit,)) if texts.may_fit else None


def _names_one(wanted: Wanted) -> bool:
    """Return whether conditions on texts ask for an address that the policy names: it is somebody's."""
    return any(all(each.fixed is not None for each in group) for group in wanted.fit)


def _address(compared: Sequence[Literal], domain: Domain) -> str | None:
    ranges = [literal for literal in compared if literal[0].operator == "ipaddress"]
    return address_for(ranges, from_internet=domain.is_address)


def _checked(value: str | None, literals: Sequence[Literal]) -> str | None:
    """Return a value that was found for some of the conditions. Raises TooHard if others are not as wanted."""
    if value is not None and not all(does(condition, holds, value) for condition, holds in literals):
        raise TooHard
    return value


def _compared(compared: Sequence[Literal], wanted: Wanted, domain: Domain, literals: Sequence[Literal]) -> str | None:
    """Return a number or a date."""
    candidates = [*domain.first, *_around(condition for condition, _ in compared), FILL]
    right = [each for each in candidates if all(does(condition, holds, each) for condition, holds in compared)]
    found = next((each for each in right if wanted.holds(each)), None)
    if found is None and right and len(compared) < len(literals):
        raise TooHard  # there may be another number, which is written as the other conditions want it
    return found


def _several(literals: Sequence[Literal], domain: Domain, effort: Effort) -> tuple[str, ...]:
    """Return several values of one key, as set operators ask for. Raises Impossible."""
    if any(condition.every is None for condition, _ in literals):
        raise Impossible
    each = [literal for literal in literals if literal[0].every == literal[1]]
    some = [literal for literal in literals if literal[0].every != literal[1]]
    values = [_one([*each, literal], domain, effort) for literal in some]
    found = tuple(dict.fromkeys(value for value in values if value is not None))
    if not found or None in values:
        raise Impossible
    return found


def _around(conditions: Iterable[Condition]) -> Iterator[str]:
    """Yield texts at the limits of conditions, between them, and beyond."""
    whole = list(conditions)
    for is_of_dates in (False, True):
        found = {limit for each in whole if each.is_of_dates == is_of_dates for limit in each.limits}
        limits = sorted(limit for limit in found if limit is not None)
        between = [_EXACT.divide(_EXACT.add(one, other), 2) for one, other in pairwise(limits)]
        beyond = [_EXACT.add(limit, step) for limit in limits for step in (-1, 1)]
        for number in (*limits, *between, *beyond):
            yield _spelled(number, is_of_dates)


def _spelled(number: Decimal, is_of_dates: bool) -> str:
    if is_of_dates:
        try:
            moment = datetime.fromtimestamp(float(number), UTC)
        except (OverflowError, ValueError, OSError):
            pass  # no date that Python knows: IAM takes the number of seconds
        else:
            return moment.isoformat().replace("+00:00", "Z")
    return f"{number:f}"
