"""The strangers: callers whom the author of a policy could not have named.

- nobody: a caller without credentials.
- somebody: a principal of an account that the policy does not name, in another organization or in none.
- a service: an AWS service that acts for a resource of such an account.
- federated: a user of an identity provider that serves many customers, such as a GitHub repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import count
from typing import Final, Literal, NamedTuple

from cloudmend.controls.families.policies import texts
from cloudmend.controls.families.policies.conditions import Domain
from cloudmend.controls.families.policies.document import Condition, Principals, Statement, in_all
from cloudmend.controls.families.policies.domains import (
    ENDPOINT,
    EVERYBODY,
    ISSUERS,
    NOBODY,
    OF_PRINCIPALS,
    SERVICE,
    SOMEBODY,
    SOURCES,
    Shape,
)
from cloudmend.controls.families.policies.texts import DIGITS, STAR, Atom, Pattern, Wanted, is_wild

Kind = Literal["nobody", "somebody", "service", "federated"]

_ADDRESS: Final = "aws:sourceip"
_SERVICE_NAME: Final = ("aws:principalservicename", "aws:principalservicenameslist")
_FREE: Final = Domain(is_chosen=True)
_NOT_THERE: Final = Domain(present=None)
_TWELVE_DIGITS: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
_ACCOUNT: Final[Pattern] = (Atom(DIGITS),) * 12
_ORGANIZATION: Final[Pattern] = texts.glob("o-?*")
_ARN_ACCOUNT: Final = 4  # its place among the segments of an ARN
_WITH_WILDCARDS: Final = frozenset({"stringlike", "arnlike", "arnequals"})
_A_STRANGERS_ACCOUNT: Final = 444455556666
_AN_OWNERS_ACCOUNT: Final = "111122223333"


class Owner(NamedTuple):
    """The owner of the resource: an account and its organization, each empty if it is not known."""

    account: str = ""
    organization: str = ""


class Stranger(NamedTuple):
    """A stranger. `name` is that of a service or of an identity provider; the rest is empty where it has none."""

    kind: Kind
    account: str = ""
    organization: str = ""
    name: str = ""
    by_endpoint: bool = False  # whether it comes through an endpoint of its own VPC

    def is_named(self, principals: Principals) -> bool:
        """Return whether an element Principal or NotPrincipal applies to it."""
        word = {"service": "Service", "federated": "Federated"}.get(self.kind, "")
        return (principals.everybody or self.name in principals.named.get(word, ())) != principals.others


class Strangers:
    """The strangers to one policy, and the values that each can bring for a condition key."""

    def __init__(self, statements: Sequence[Statement], text: str, owner: Owner) -> None:
        self._conditions: dict[str, list[Condition]] = {}
        for condition in in_all(statements):
            self._conditions.setdefault(condition.key, []).append(condition)
        self._text = text
        self._owner = owner

    def of(self, principals: Principals) -> Iterator[Stranger]:
        """Yield the strangers whom an Allow for these principals may admit, the most harmful first."""
        if principals.admits_strangers:
            yield from self._ways(Stranger("nobody"))
            yield from (way for each in self._members("somebody") for way in self._ways(each))
        named = {} if principals.others else principals.named
        yield from (
            Stranger("federated", name=each) for each in named.get("Federated", ()) if issuer_of(each) in ISSUERS
        )
        for service in ("",) if principals.admits_strangers else named.get("Service", ()):
            yield from self._members("service", service)

    def _members(self, kind: Kind, name: str = "") -> Iterator[Stranger]:
        """Yield strangers of each account, in no organization and in each."""
        for account in self._accounts:
            yield from (Stranger(kind, account, each, name) for each in ("", *self._organizations))

    def domain(self, stranger: Stranger, key: str) -> Domain:
        """Return the values that a stranger can bring for a key, which is in lower case."""
        if key == _ADDRESS:
            return _NOT_THERE if stranger.by_endpoint else Domain(absent=stranger.kind == "service", is_address=True)
        shape = self._shape(stranger, key)
        return self._with_shape(stranger, key, shape) if isinstance(shape, Shape) else shape

    def _shape(self, stranger: Stranger, key: str) -> Shape | Domain:
        kind, (issuer, _, claim) = stranger.kind, key.rpartition(":")
        if key in (tables := {"nobody": NOBODY, "somebody": SOMEBODY, "service": SERVICE}).get(kind, {}):
            return tables[kind][key]
        if key in _SERVICE_NAME:
            return Shape((stranger.name or "?*.amazonaws.com",)) if kind == "service" else _NOT_THERE
        if "." in issuer or issuer == "saml":
            is_its = kind == "federated" and issuer == issuer_of(stranger.name)
            return ISSUERS[issuer].get(claim, _FREE) if is_its else _NOT_THERE
        if key in EVERYBODY:
            return EVERYBODY[key]
        if key in SOURCES:
            return SOURCES[key] if kind in ("somebody", "service") else _NOT_THERE
        if key in ENDPOINT:
            return ENDPOINT[key] if stranger.by_endpoint else _NOT_THERE
        if key in (owned := self._of_owner):
            return owned[key]
        return _NOT_THERE if kind != "somebody" and key.startswith(OF_PRINCIPALS) else _FREE

    @cached_property
    def _of_owner(self) -> dict[str, Shape]:
        """The keys of the resource's own account. One that is not known is as the policy wants it."""
        account, organization = self._owner
        accounts = Shape((account or "?" * 12,), first=(_AN_OWNERS_ACCOUNT,))
        return {
            "aws:resourceaccount": accounts,
            "s3:resourceaccount": accounts,
            "aws:resourceorgid": Shape((organization or "o-?*",), first=("o-anowner00",)),
            "aws:resourceorgpaths": Shape((f"{organization or 'o-?*'}/*",), first=("o-anowner00/r-1a2b/",)),
        }

    def _with_shape(self, stranger: Stranger, key: str, shape: Shape) -> Domain:
        if any("{organization}" in each for each in shape.texts) and not stranger.organization:
            return _NOT_THERE
        filled = {"account": stranger.account, "organization": stranger.organization}
        found = (
            texts.arn(each) if each.startswith("arn:") else texts.glob(each) for each in _filled(shape.texts, filled)
        )
        patterns = tuple(each for each in found if each is not None)
        none = () if shape.until is None else tuple(self._named(key, shape.until))
        first = tuple(_filled(shape.first, filled))
        return Domain(absent=shape.absent, present=Wanted(fit=(patterns,), none=none), first=first)

    def _named(self, key: str, until: str) -> Iterator[Pattern]:
        """Yield the patterns of the values of a key that the policy names: their owners are no strangers."""
        for condition in self._conditions.get(key, ()):
            for value in condition.values:
                part = value.partition(until)[0] if until else value
                if condition.operator not in _WITH_WILDCARDS or not is_wild(part):
                    yield texts.folded(part)
                    if until:
                        yield (*texts.folded(part + until), STAR)

    def _ways(self, stranger: Stranger) -> Iterator[Stranger]:
        yield stranger
        if any(key in self._conditions for key in (_ADDRESS, *ENDPOINT)):
            yield stranger._replace(by_endpoint=True)

    @cached_property
    def _accounts(self) -> tuple[str, ...]:
        """The accounts that strangers have: any account, and those that wildcards for accounts admit."""
        whole = self._wild(lambda key: key.endswith(("account", "owner")))
        segments = [text.split(":", _ARN_ACCOUNT + 1) for text in self._wild(lambda _: True)]
        wild = [*whole, *(each[_ARN_ACCOUNT] for each in segments if len(each) > _ARN_ACCOUNT + 1)]
        usual = (str(_A_STRANGERS_ACCOUNT + number) for number in count())
        named = {*_TWELVE_DIGITS.findall(self._text), self._owner.account}
        return self._made(_ACCOUNT, wild, usual, named)

    @cached_property
    def _organizations(self) -> tuple[str, ...]:
        """The organizations that strangers have, in the same way; none if the policy asks for no organization."""
        if "org" not in self._text.lower():
            return ()
        keys = [key for key in self._conditions if "org" in key]
        firsts = [text.partition("/")[0] for text in self._wild(lambda key: "org" in key)]
        named = {each for key in keys for one in self._conditions[key] for each in one.values}
        usual = (f"o-stranger{number:02}" for number in count())
        return self._made(_ORGANIZATION, firsts, usual, {*named, self._owner.organization})

    def _wild(self, is_meant: Callable[[str], bool]) -> Iterator[str]:
        """Yield the values of keys that are compared with their wildcards."""
        for key, conditions in self._conditions.items():
            for condition in conditions if is_meant(key) else ():
                yield from condition.values if condition.operator in _WITH_WILDCARDS else ()

    def _made(self, shape: Pattern, wild: Iterable[str], usual: Iterable[str], named: Iterable[str]) -> tuple[str, ...]:
        """Return texts of a shape that the policy does not name: a usual one, and one for each text with wildcards."""
        patterns = [texts.glob(each) for each in dict.fromkeys(wild) if is_wild(each) and each != "*"]
        none = tuple(texts.literal(each) for each in named)
        groups = [[each] for each in patterns] + ([patterns] if len(patterns) > 1 else [])
        found = (texts.find(Wanted(fit=((shape,), *((each,) for each in group)), none=none)) for group in groups)
        first = next(each for each in usual if each not in self._text)
        return tuple(dict.fromkeys((first, *(each for each in found if each))))


def _pattern(shape: str) -> Pattern:
    return (texts.arn(shape) if shape.startswith("arn:") else None) or texts.glob(shape)


def _filled(shapes: Iterable[str], by: dict[str, str]) -> Iterator[str]:
    return (each.format_map(by) for each in shapes)


def issuer_of(provider: str) -> str:
    """Return the host of an identity provider, which an ARN or the host itself names."""
    return provider.rpartition("oidc-provider/")[2]
