"""The search for a request of one stranger that one Allow admits and no Deny takes away.

The Allow asks something of each key of the request, its action and resource included. Of every Deny, one condition has
to fail. The search keeps a request that the Allow admits, takes the Denies one by one, and looks whether one fails for
this request already. Otherwise it tries each condition of the Deny, and changes the request. If it finds no request,
there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.policies.actions import spelled, usual_actions
from cloudmend.controls.families.policies.callers import ADDRESS, TWELVE_DIGITS, Kind, Owner, Stranger, Strangers
from cloudmend.controls.families.policies.conditions import ACTION, RESOURCE, Condition, Value, does
from cloudmend.controls.families.policies.document import Statement
from cloudmend.controls.families.policies.naming import is_of_many
from cloudmend.controls.families.policies.patterns import glob
from cloudmend.controls.families.policies.solving import SOMETHING, Domain, Impossible, Literal, solve
from cloudmend.controls.families.policies.texts import Effort, TooHard, Wanted
from cloudmend.controls.families.policies.values import Values
from cloudmend.controls.families.policies.variables import Guess, relaxed

_DEEPEST: Final = 300  # Denies, one after the other
# Services that answer no request without a signature.
_SIGNED: Final = tuple(
    glob(f"{service}:*") for service in ("dynamodb", "ecr", "events", "iam", "kinesis", "kms", "secretsmanager", "sts")
)
# A service that assumes a role was given it by a principal of the role's own account, who needs iam:PassRole.
_PASSED: Final = (glob("sts:*"),)
_ANY_ACTION: Final = ((glob("?*:?*"),),)
_ACTIONS: Final = {
    "nobody": Wanted(_ANY_ACTION, _SIGNED),
    "somebody": Wanted(_ANY_ACTION),
    "service": Wanted(_ANY_ACTION, _PASSED),
    "federated": Wanted(fit=((glob("sts:assumerolewithwebidentity"),),)),
}
_OF_ALL: Final = (ACTION, RESOURCE, ADDRESS)  # the keys that all strangers bring alike

_ORGANIZATIONS: Final = re.compile(r"^o-[^/\n]+", re.MULTILINE)

Asked = Mapping[str, tuple[Literal, ...]]
Model = Mapping[str, Value]


class Request(Struct, frozen=True):
    """A request that a policy admits. `resource` is empty where no statement names one."""

    stranger: Stranger
    action: str
    resource: str
    keys: Mapping[str, Value]  # those that decide; None: the request lacks the key


class Policy:
    """A policy, its owner, and the ARNs that it is about, with wildcards: all that a search needs to know of it."""

    def __init__(self, statements: Sequence[Statement], owner: Owner, resources: Sequence[str], effort: Effort) -> None:
        self.strangers = Strangers(statements, owner)
        self.owner = owner
        self.effort = effort
        self.denies = [each for each in statements if each.denies]
        present = Wanted(fit=(tuple(map(glob, resources)),)) if resources else SOMETHING
        # Where nobody said which, it is any.
        self.resources = Domain(absent=False, present=present, first=() if resources else ("*",))
        self._searches: dict[Stranger, Search] = {}
        self._actions: dict[tuple[Kind, int], Domain] = {}
        self._solved: dict[tuple[object, ...], Value | Impossible] = {}

    def actions(self, kind: Kind, allow: Statement) -> Domain:
        """Return the actions that strangers can call."""
        found = self._actions.get((kind, allow.place))
        if found is None:
            first = () if kind == "federated" else usual_actions(allow)
            found = Domain(absent=False, present=_ACTIONS[kind], first=first)
            self._actions[kind, allow.place] = found
        return found

    def solved(self, domain: Domain, literals: Sequence[Literal]) -> Value:
        """Return what `solve` does, once for all strangers. Raises Impossible, and TooHard."""
        asked = (id(domain), *((id(condition), wanted) for condition, wanted in literals))
        if asked not in self._solved:
            try:
                self._solved[asked] = solve(literals, domain, self.effort)
            except Impossible as error:
                self._solved[asked] = error
        found = self._solved[asked]
        if isinstance(found, Impossible):
            raise found
        return found

    def search(self, stranger: Stranger) -> Search:
        """Return the search for requests of one stranger."""
        if stranger not in self._searches:
            self._searches[stranger] = Search(stranger, self)
        return self._searches[stranger]


class Search:
    """The search for requests of one stranger."""

    def __init__(self, stranger: Stranger, policy: Policy) -> None:
        self._stranger = stranger
        self._policy = policy
        self._effort = policy.effort
        self._values = Values(stranger, policy.strangers, policy.owner)
        self._defaults: dict[str, Value] = {}
        named = (each for each in policy.denies if stranger.is_named(each.principals))
        self._denies = sorted(named, key=lambda each: len(each.conditions))

    def admitted(self, allow: Statement) -> Request | None:
        """Return a request that the Allow admits and no Deny takes away; None if there is none. Raises TooHard."""
        found, is_open = self.search(allow, anywhere=False)
        if found is None and self._is_limited:
            found, is_open = self.search(allow, anywhere=True)
        if found is None and is_open:
            raise TooHard
        return found

    def search(self, allow: Statement, anywhere: bool) -> tuple[Request | None, bool]:
        """Return a request, and whether there may be one if none was found.

        `anywhere`: callers like this stranger count too, of whatever account and organization.
        """
        self._allow = allow
        self._anywhere = anywhere
        self._is_limited = False  # whether a stranger of another account may do what this one cannot
        self._is_open = False
        self._elsewhere: set[tuple[str, Value]] = set()
        asked: dict[str, tuple[Literal, ...]] = {}
        for condition in reversed(allow.conditions):  # those on keys say sooner that there is none
            asked[condition.key] = (*asked.get(condition.key, ()), (condition, True))
        try:
            model = {key: self._solved(key, literals) for key, literals in asked.items()}
        except Impossible:
            return None, False
        return self._without_denies(asked, model, 0), self._is_open

    def _without_denies(self, asked: Asked, model: Model, number: int) -> Request | None:
        """Return a request that the rest of the Denies does not take away, from the one with a number on."""
        if number == len(self._denies):
            return self._request(asked, model)
        if number > _DEEPEST:
            raise TooHard
        for condition, value in self._failing(self._denies[number], asked, model):
            self._effort.spend()
            literals = (*asked.get(condition.key, ()), (condition, False))
            found = self._without_denies(
                {**asked, condition.key: literals}, {**model, condition.key: value}, number + 1
            )
            if found is not None:
                return found
        return None

    def _failing(self, deny: Statement, asked: Asked, model: Model) -> Iterator[tuple[Condition, Value]]:
        """Yield the conditions of a Deny that can fail, each with a value of its key. Those first that fail already."""
        later = []
        for condition in reversed(deny.conditions):  # another action or resource is the last resort
            value = model[condition.key] if condition.key in model else self._default(condition.key)
            settled = self._values.settled(condition)
            if not settled.has_variables and does(settled, False, value):
                yield condition, value
            else:
                later.append(condition)
        for condition in later:
            literals = (*asked.get(condition.key, ()), (condition, False))
            self._effort.spend(len(literals))
            try:
                value = self._solved(condition.key, literals)
            except Impossible:
                continue
            yield condition, value

    def _solved(self, key: str, literals: Sequence[Literal]) -> Value:
        """Return a value of one key. What depends on other keys is left for the end. Raises Impossible, and TooHard."""
        if key in _OF_ALL and not any(condition.has_variables for condition, _ in literals):
            return self._policy.solved(self._domain(key), literals)
        try:
            return solve(self._relaxed(literals, self._values.settled), self._domain(key), self._effort)
        except Impossible:
            others = self._values.domain_of_any(key) if any(is_of_many(each) for each, _ in literals) else None
            if others is None:
                raise
            self._is_limited = True
            if not self._anywhere:
                raise
        value = solve(self._relaxed(literals, self._values.settled_for_any), others, self._effort)
        self._elsewhere.add((key, value))
        return value

    def _relaxed(self, literals: Sequence[Literal], settled: Callable[[Condition], Condition]) -> Sequence[Literal]:
        """Return what conditions ask for at least, whatever those of their variables are that are not settled."""
        if not any(condition.has_variables for condition, _ in literals):
            return literals
        return relaxed([(settled(condition), wanted) for condition, wanted in literals], self._domain)

    def _default(self, key: str) -> Value:
        if key not in self._defaults:
            self._defaults[key] = solve((), self._domain(key), self._effort)
        return self._defaults[key]

    def _domain(self, key: str) -> Domain:
        if key == RESOURCE:
            return self._policy.resources
        if key != ACTION:
            return self._values.domain(key)
        return self._policy.actions(self._stranger.kind, self._allow)

    def _request(self, asked: Asked, model: Model) -> Request | None:
        """Return the request of a model; None if none was found, though there may be one."""
        elsewhere = [value for key, value in model.items() if (key, value) in self._elsewhere]
        if elsewhere:
            found = (self._policy.search(each).search(self._allow, anywhere=False) for each in self._like(elsewhere))
            request = next((each for each, _ in found if each is not None), None)
        else:
            request = self._named(self._complete(asked, model))
        self._is_open = self._is_open or request is None
        return request

    def _like(self, values: Iterable[Value]) -> Iterator[Stranger]:
        """Yield strangers like this one, of the accounts and organizations that stand in values."""
        texts = "\n".join(each if isinstance(each, str) else "\n".join(each or ()) for each in values)
        accounts, found = TWELVE_DIGITS.findall(texts), map(str.lower, _ORGANIZATIONS.findall(texts))
        organizations = [each for each in found if each not in self._policy.strangers.organizations]
        for account in accounts or [self._stranger.account]:
            for organization in organizations or [self._stranger.organization]:
                other = self._stranger._replace(account=account, organization=organization)
                if other != self._stranger:
                    yield other

    def _complete(self, asked: Asked, model: Model) -> dict[str, Value] | None:
        settled = {key: [(self._values.settled(each), wanted) for each, wanted in asked[key]] for key in asked}
        if not any(each.has_variables for literals in settled.values() for each, _ in literals):
            return dict(model)
        return Guess(self._domain, self._effort).values(settled)

    def _named(self, values: dict[str, Value] | None) -> Request | None:
        if values is None:
            return None
        action, resource = spelled(str(values.pop(ACTION)), self._allow), str(values.pop(RESOURCE, ""))
        conditions = self._policy.strangers.conditions
        keys = {conditions[key][0].spelled if key in conditions else key: value for key, value in values.items()}
        return Request(self._stranger, action, resource, keys)
