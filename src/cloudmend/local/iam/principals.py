"""The elements Principal and NotPrincipal: how closely a policy of a resource names the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cloudmend.local.iam.request import Caller, CallerKind

EVERYBODY: Final = "*"
_TYPE_OF: Final[Mapping[CallerKind, str]] = {"service": "Service", "provider": "Federated"}


class Closeness(IntEnum):
    """The ways to name a caller, the closest last. AWS limits what each of them grants by other policies."""

    UNNAMED = 0
    ACCOUNT = 1  # by the account: its administrators decide by identity policies
    ENTITY = 2  # by the role or user behind a session: limited by boundary and session policies
    EVERYBODY = 3  # with everybody: limited by session policies
    DIRECT = 4  # by itself: limited by no implicit denial


@dataclass(frozen=True, slots=True)
class Names:
    """The texts that name one caller in a policy, by closeness."""

    type: str  # the key of the element Principal: AWS, Service, Federated
    direct: frozenset[str]
    entity: frozenset[str]
    account: frozenset[str]
    canonical: str


def names_of(caller: Caller) -> Names:
    """Return the texts that name a caller."""
    kind = _TYPE_OF.get(caller.kind, "AWS")
    if kind != "AWS" or caller.kind == "anonymous":
        return Names(kind, frozenset({caller.arn} - {""}), frozenset(), frozenset(), "")
    partition = caller.arn.split(":")[1]
    account = frozenset({caller.account, f"arn:{partition}:iam::{caller.account}:root"})
    unique = "" if caller.kind == "federated" else caller.userid.partition(":")[0]
    entity = {caller.issuer, unique} - {""} if caller.issuer else set()
    direct = {caller.arn} if caller.issuer else {caller.arn, unique} - {""}
    return Names(kind, frozenset(direct) - account, frozenset(entity), account, caller.canonical)


@dataclass(frozen=True, slots=True)
class Principals:
    """An element Principal or NotPrincipal: names by type; a lone `*` is everybody of the type AWS."""

    listed: Mapping[str, frozenset[str]]
    negated: bool

    def closeness(self, caller: Names, denies: bool, bounded: bool) -> Closeness:
        """Return how closely the element names a caller. `bounded`: a permissions boundary limits the caller."""
        if not self.negated:
            return self._named(caller)
        # AWS: NotPrincipal with Deny denies whoever has a permissions boundary, listed or not.
        spared = self._spares(caller) and not bounded if denies else self._named(caller) is not Closeness.UNNAMED
        return Closeness.UNNAMED if spared else Closeness.EVERYBODY

    def _named(self, caller: Names) -> Closeness:
        listed = self.listed.get(caller.type, frozenset())
        if caller.direct & listed:
            return Closeness.DIRECT
        if self._names_everybody():
            return Closeness.EVERYBODY
        if caller.entity & listed:
            return Closeness.ENTITY
        canonical = caller.canonical in self.listed.get("CanonicalUser", ())
        return Closeness.ACCOUNT if caller.account & listed or canonical else Closeness.UNNAMED

    def _spares(self, caller: Names) -> bool:
        """Return whether NotPrincipal with Deny spares a caller: the account, the role, and the session are all listed.

        AWS: "it first checks the account, then the role, and then the session".
        """
        listed = self.listed.get(caller.type, frozenset())
        needed = [each for each in (caller.account, caller.entity, caller.direct) if each]
        return self._names_everybody() or (bool(needed) and all(each & listed for each in needed))

    def _names_everybody(self) -> bool:
        return EVERYBODY in self.listed.get("AWS", ())
