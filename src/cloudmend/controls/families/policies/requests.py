"""The search for a request of one stranger that one Allow admits and no Deny takes away.

The Allow asks something of each key of the request, its action and resource included. Of every Deny, one condition has
to fail. So the search takes the Denies one by one, and tries each of their conditions. If it finds no request, there is
none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.policies import texts
from cloudmend.controls.families.policies.actions import spelled, usual_actions
from cloudmend.controls.families.policies.callers import Stranger, Strangers
from cloudmend.controls.families.policies.conditions import SOMETHING, Domain, Impossible, Literal, Value, solve
from cloudmend.controls.families.policies.document import ACTION, RESOURCE, Statement, in_all
from cloudmend.controls.families.policies.texts import TooHard, Wanted
from cloudmend.controls.families.policies.variables import solve_all

_MOST_TRIES: Final = 2_000  # of one search
# Services that answer no request without a signature.
_SIGNED: Final = tuple(
    texts.glob(f"{service}:*")
    for service in ("dynamodb", "ecr", "events", "iam", "kinesis", "kms", "secretsmanager", "sts")
)
# A service that assumes a role was given it by a principal of the role's own account, who needs iam:PassRole.
_PASSED: Final = (texts.glob("sts:*"),)
_NOT_FOR: Final = {"nobody": _SIGNED, "service": _PASSED}
_ACTIONS: Final = texts.glob("?*:?*")

Asked = Mapping[str, tuple[Literal, ...]]


class Request(Struct, frozen=True):
    """A request that a policy admits. `resource` is empty where no statement names one."""

    stranger: Stranger
    action: str
    resource: str
    keys: Mapping[str, Value]  # those that decide; None: the request lacks the key


class Search:
    """The search for requests of one stranger. `resources` are the ARNs that the policy is about, with wildcards."""

    def __init__(
        self, stranger: Stranger, strangers: Strangers, denies: Sequence[Statement], resources: Sequence[str]
    ) -> None:
        self._stranger = stranger
        self._strangers = strangers
        named = (each for each in denies if stranger.is_named(each.principals))
        self._denies = sorted(named, key=lambda each: len(each.conditions))
        self._resource = Wanted(fit=(tuple(map(texts.glob, resources)),)) if resources else SOMETHING
        self._tries = 0

    def admitted(self, allow: Statement) -> Request | None:
        """Return a request that the Allow admits and no Deny takes away; None if there is none. Raises TooHard."""
        self._actions = usual_actions(allow)
        asked: dict[str, tuple[Literal, ...]] = {}
        for condition in allow.conditions:
            asked[condition.key] = (*asked.get(condition.key, ()), (condition, True))
        found = self._without(asked, self._denies) if all(map(self._is_possible, asked, asked.values())) else None
        if found is None:
            return None
        action, resource = spelled(str(found.pop(ACTION)), allow), str(found.pop(RESOURCE, ""))
        named = {each.key: each.spelled for each in in_all([allow, *self._denies])}
        return Request(self._stranger, action, resource, {named.get(key, key): value for key, value in found.items()})

    def _without(self, asked: Asked, denies: Sequence[Statement]) -> dict[str, Value] | None:
        self._tries += 1
        if self._tries > _MOST_TRIES:
            raise TooHard
        if not denies:
            try:
                return solve_all(asked, self._domain)
            except Impossible:
                return None
        first, *others = denies
        for condition in reversed(first.conditions):  # another action or resource is the last resort
            literals = (*asked.get(condition.key, ()), (condition, False))
            if self._is_possible(condition.key, literals):
                found = self._without({**asked, condition.key: literals}, others)
                if found is not None:
                    return found
        return None

    def _is_possible(self, key: str, literals: Sequence[Literal]) -> bool:
        """Return whether a key may do what is asked; what depends on other keys is left for the end."""
        try:
            solve([literal for literal in literals if not literal[0].has_variables], self._domain(key))
        except Impossible:
            return False
        return True

    def _domain(self, key: str) -> Domain:
        if key == ACTION:
            none = _NOT_FOR.get(self._stranger.kind, ())
            return Domain(absent=False, present=Wanted(((_ACTIONS,),), none), first=self._actions)
        if key == RESOURCE:
            first = () if self._resource is not SOMETHING else ("*",)  # nobody said which: any
            return Domain(absent=False, present=self._resource, first=first)
        return self._strangers.domain(self._stranger, key)
