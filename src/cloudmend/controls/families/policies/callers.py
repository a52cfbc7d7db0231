"""The strangers: callers whom the author of a policy could not have named.

- nobody: a caller without credentials.
- somebody: a principal of an account that the policy does not name, in another organization or in none.
- a service: an AWS service that acts for a resource of such an account.
- federated: a user of an identity provider that serves many customers, such as a GitHub repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import Final, Literal, NamedTuple

from cloudmend.controls.families.policies.conditions import Condition
from cloudmend.controls.families.policies.document import Principals, Statement
from cloudmend.controls.families.policies.domains import ENDPOINT, ISSUERS
from cloudmend.controls.families.policies.patterns import is_wild

Kind = Literal["nobody", "somebody", "service", "federated"]

ADDRESS: Final = "aws:sourceip"
SERVICE_NAMES: Final = ("aws:principalservicename", "aws:principalservicenameslist")
TWELVE_DIGITS: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
_A_STRANGERS_ACCOUNT: Final = 444455556666
_WITHOUT_PROVIDER: Final = "cognito-identity.amazonaws.com"  # its users come to each account


class Owner(NamedTuple):
    """The owner of the resource: an account and its organization, each empty if it is not known."""

    account: str = ""
    organization: str = ""


AN_OWNER: Final = Owner("111122223333", "o-anowner00")  # whose account, and organization, are not known


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
    """The strangers to one policy."""

    def __init__(self, statements: Sequence[Statement], owner: Owner) -> None:
        self._statements = statements
        self._owner = owner

    def of(self, principals: Principals) -> Iterator[Stranger]:
        """Yield the strangers whom an Allow for these principals may admit, the most harmful first."""
        if principals.admits_strangers:
            yield from self._ways(Stranger("nobody"))
            yield from (way for each in self._members("somebody") for way in self._ways(each))
            others = [*self._users(self._issuers), *self._services(["", *sorted(self.services)])]
            yield from (each for each in others if not each.name or each.is_named(principals))
        elif not principals.others:
            yield from self._users(principals.named.get("Federated", ()))
            yield from self._services(principals.named.get("Service", ()))

    @cached_property
    def conditions(self) -> Mapping[str, Sequence[Condition]]:
        """The conditions of all statements by their keys, which are in lower case."""
        found: dict[str, list[Condition]] = {}
        for statement in self._statements:
            for condition in statement.conditions:
                found.setdefault(condition.key, []).append(condition)
        return found

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The accounts that are no stranger's: the policy names them."""
        named = [each for key in self.conditions.values() for one in key for each in one.values]
        named += [each for one in self._statements for names in one.principals.named.values() for each in names]
        return frozenset({*TWELVE_DIGITS.findall("\n".join(named)), self._owner.account, AN_OWNER.account})

    @cached_property
    def organizations(self) -> frozenset[str]:
        """The organizations that are no stranger's: the policy names them."""
        keys = [key for key in self.conditions if "org" in key]
        firsts = [each.partition("/")[0] for key in keys for one in self.conditions[key] for each in one.values]
        return frozenset(
            {*(each.lower() for each in firsts if not is_wild(each)), self._owner.organization, AN_OWNER.organization}
        )

    @cached_property
    def services(self) -> frozenset[str]:
        """The AWS services that the policy treats in a way of their own."""
        others = (one for one in self._statements if one.denies or one.principals.others)
        named = [each for one in others for each in one.principals.named.get("Service", ())]
        asked = [each for key in SERVICE_NAMES for one in self.conditions.get(key, ()) for each in one.values]
        return frozenset({*named, *(each for each in asked if not is_wild(each))})

    @cached_property
    def _account(self) -> str:
        return _usual((str(_A_STRANGERS_ACCOUNT + number) for number in count()), self.accounts)

    @cached_property
    def _organization(self) -> Sequence[str]:
        """The organization that strangers are in; none if the policy asks for no organization."""
        if not any("org" in key for key in self.conditions):
            return ()
        return (_usual((f"o-stranger{number:02}" for number in count()), self.organizations),)

    @cached_property
    def _issuers(self) -> Iterable[str]:
        """The identity providers that the policy speaks of, and the one that needs none in the account."""
        named = (each for one in self._statements for each in one.principals.named.get("Federated", ()))
        asked = (key.rpartition(":")[0] for key in self.conditions if "." in key)
        return {issuer_of(each): each for each in (_WITHOUT_PROVIDER, *asked, *named)}.values()

    def _users(self, providers: Iterable[str]) -> Iterator[Stranger]:
        return (Stranger("federated", name=each) for each in providers if issuer_of(each) in ISSUERS)

    def _services(self, names: Iterable[str]) -> Iterator[Stranger]:
        return (each for name in names for each in self._members("service", name))

    def _members(self, kind: Kind, name: str = "") -> Iterator[Stranger]:
        """Yield a stranger in no organization, and one in an organization."""
        return (Stranger(kind, self._account, each, name) for each in ("", *self._organization))

    def _ways(self, stranger: Stranger) -> Iterator[Stranger]:
        yield stranger
        if ADDRESS in self.conditions or not self.conditions.keys().isdisjoint(ENDPOINT):
            yield stranger._replace(by_endpoint=True)


def _usual(candidates: Iterable[str], named: frozenset[str]) -> str:
    return next(each for each in candidates if each not in named)


def issuer_of(provider: str) -> str:
    """Return the host of an identity provider, which an ARN or the host itself names."""
    return provider.rpartition("oidc-provider/")[2]
