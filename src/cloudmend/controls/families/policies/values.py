"""The values that a stranger can bring for the keys of conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from cloudmend.controls.families.policies import patterns
from cloudmend.controls.families.policies.callers import (
    ADDRESS,
    AN_OWNER,
    SERVICE_NAMES,
    Owner,
    Stranger,
    Strangers,
    issuer_of,
)
from cloudmend.controls.families.policies.conditions import WITH_WILDCARDS, Condition
from cloudmend.controls.families.policies.domains import (
    ENDPOINT,
    EVERYBODY,
    ISSUERS,
    NOBODY,
    OF_OWNERS,
    OF_PRINCIPALS,
    SERVICE,
    SOMEBODY,
    SOURCES,
    Shape,
)
from cloudmend.controls.families.policies.patterns import DIGIT, FILL, Pattern, is_wild
from cloudmend.controls.families.policies.solving import Domain
from cloudmend.controls.families.policies.texts import Wanted
from cloudmend.controls.families.policies.variables import Known, filled

_FREE: Final = Domain(is_chosen=True, first=(FILL,))
_NOT_THERE: Final = Domain(present=None)
_ADDRESS: Final = Domain(absent=False, is_address=True)
_ADDRESS_OR_NONE: Final = Domain(absent=True, is_address=True)
_OF_KINDS: Final = {"nobody": NOBODY, "somebody": SOMEBODY, "service": SERVICE, "federated": {}}
_OF_AWS: Final = (patterns.glob("?*.amazonaws.com"),)
_ANY_ACCOUNT: Final = DIGIT * 12
_ANY_ORGANIZATION: Final = "o-?*"


class Values:
    """The values that one stranger can bring. `owner` is the resource's, as far as it is known."""

    def __init__(self, stranger: Stranger, strangers: Strangers, owner: Owner) -> None:
        self._stranger = stranger
        self._strangers = strangers
        self._owner = owner
        self._domains: dict[str, Domain] = {}

    def domain(self, key: str) -> Domain:
        """Return the values for a key, which is in lower case."""
        found = self._domains.get(key)
        if found is None:
            found = self._domains[key] = self._domain(key)
        return found

    def domain_of_any(self, key: str) -> Domain | None:
        """Return the values for a key of such a stranger in any account and organization; None if they are the same."""
        shape = self._shape(key)
        whose = self._stranger._replace(
            account=_ANY_ACCOUNT if self._stranger.account else "",
            organization=_ANY_ORGANIZATION if self._stranger.organization else "",
        )
        if not isinstance(shape, Shape) or not any("{" in each for each in shape.texts):
            return None
        return None if self._lacks(shape) else self._with_shape(key, shape, whose)

    def settled(self, condition: Condition) -> Condition:
        """Return a condition without its variables if the stranger's and the owner's keys say what they stand for."""
        return _settled(condition, self._known)

    def settled_for_any(self, condition: Condition) -> Condition:
        """Return the same for such a stranger in any account and organization."""
        return _settled(condition, self._known_of_any)

    def _known(self, key: str) -> str | None:
        if key in OF_OWNERS:
            return next(_texts_of(OF_OWNERS[key].first, *self._named_owner()))
        domain = self.domain(key)
        if domain.present is None:
            return None
        fixed = [each.fixed for group in domain.present.fit for each in group]
        if domain.absent or len(fixed) != 1 or fixed[0] is None:
            raise LookupError
        return fixed[0]

    def _known_of_any(self, key: str) -> str | None:
        if self.domain_of_any(key) is not None:
            raise LookupError
        return self._known(key)

    def _named_owner(self) -> Owner:
        """Return the owner with a name for what is not known of it."""
        return Owner(*(known or usual for known, usual in zip(self._owner, AN_OWNER, strict=True)))

    def _domain(self, key: str) -> Domain:
        if key == ADDRESS:
            if self._stranger.by_endpoint:
                return _NOT_THERE
            return _ADDRESS_OR_NONE if self._stranger.kind == "service" else _ADDRESS
        shape = self._shape(key)
        if isinstance(shape, Domain):
            return shape
        return _NOT_THERE if self._lacks(shape) else self._with_shape(key, shape, self._stranger)

    def _lacks(self, shape: Shape) -> bool:
        return not self._stranger.organization and any("{organization}" in each for each in shape.texts)

    def _shape(self, key: str) -> Shape | Domain:
        stranger, (issuer, _, claim) = self._stranger, key.rpartition(":")
        table = _OF_KINDS[stranger.kind]
        if key in table:
            return table[key]
        if key in SERVICE_NAMES:
            return self._service if stranger.kind == "service" else _NOT_THERE
        if "." in issuer or issuer == "saml":
            is_its = stranger.kind == "federated" and issuer == issuer_of(stranger.name)
            return ISSUERS[issuer].get(claim, _FREE) if is_its else _NOT_THERE
        if key in EVERYBODY:
            return EVERYBODY[key]
        if key in SOURCES:
            return SOURCES[key] if stranger.kind in ("somebody", "service") else _NOT_THERE
        if key in ENDPOINT:
            return ENDPOINT[key] if stranger.by_endpoint else _NOT_THERE
        if key in OF_OWNERS:
            return self._of_owner(OF_OWNERS[key])
        return _NOT_THERE if stranger.kind != "somebody" and key.startswith(OF_PRINCIPALS) else _FREE

    @property
    def _service(self) -> Domain:
        """The name of the service: its own, or one that the policy does not name."""
        if self._stranger.name:
            return Domain(absent=False, present=Wanted(fit=((patterns.literal(self._stranger.name),),)))
        none = tuple(map(patterns.literal, self._strangers.services))
        return Domain(absent=False, present=Wanted(fit=(_OF_AWS,), none=none), first=("any.amazonaws.com",))

    def _of_owner(self, shape: Shape) -> Domain:
        """Return a key of the resource's owner. What is not known of it is as the policy wants, but no stranger's."""
        known = Owner(self._owner.account or "?" * 12, self._owner.organization or _ANY_ORGANIZATION)
        none = _texts_of(shape.texts, self._stranger.account, self._stranger.organization)
        present = Wanted(fit=(tuple(map(_pattern, _texts_of(shape.texts, *known))),), none=tuple(map(_pattern, none)))
        return Domain(absent=False, present=present, first=tuple(_texts_of(shape.first, *self._named_owner())))

    def _with_shape(self, key: str, shape: Shape, whose: Stranger) -> Domain:
        if shape.until is None and whose is self._stranger:
            return _domain_of(shape, whose.account, whose.organization)
        none = [*(() if shape.until is None else self._named(key, shape.until)), *self._of_named(shape, whose)]
        usual = _domain_of(shape, whose.account, whose.organization)
        fit = usual.present.fit if usual.present else ()
        first = usual.first if whose is self._stranger else ()
        return Domain(absent=usual.absent, present=Wanted(fit, tuple(none)), first=first)

    def _of_named(self, shape: Shape, whose: Stranger) -> Iterator[Pattern]:
        """Yield the patterns of what those bring for a key whom the policy names, if the stranger may be anybody."""
        if whose is not self._stranger:
            for account in self._strangers.accounts:
                yield from map(_pattern, _texts_of((each for each in shape.texts if "{account}" in each), account))
            for organization in self._strangers.organizations:
                texts = (each for each in shape.texts if "{organization}" in each)
                yield from map(_pattern, _texts_of(texts, organization=organization))

    def _named(self, key: str, until: str) -> Iterator[Pattern]:
        """Yield the patterns of the values of a key that the policy names: their owners are no strangers."""
        for condition in self._strangers.conditions.get(key, ()):
            for value in condition.values:
                part = value.partition(until)[0] if until else value
                if condition.operator not in WITH_WILDCARDS or not is_wild(part):
                    yield patterns.folded(part)
                    if until:
                        yield patterns.glob(patterns.plain(part + until) + "*")


def _settled(condition: Condition, known: Known) -> Condition:
    if not condition.has_variables:
        return condition
    try:
        return filled(condition, known)
    except LookupError:
        return condition


@lru_cache(maxsize=1024)
def _domain_of(shape: Shape, account: str, organization: str) -> Domain:
    fit = tuple(map(_pattern, _texts_of(shape.texts, account, organization)))
    first = tuple(_texts_of(shape.first, account, organization))
    return Domain(absent=shape.absent, present=Wanted(fit=(fit,)), first=first)


def _pattern(text: str) -> Pattern:
    return (patterns.arn(text) if text.startswith("arn:") else None) or patterns.glob(text)


def _texts_of(shapes: Iterable[str], account: str = "", organization: str = "") -> Iterator[str]:
    return (each.replace("{account}", account).replace("{organization}", organization) for each in shapes)
