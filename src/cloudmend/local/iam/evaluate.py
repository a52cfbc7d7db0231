"""The evaluation of IAM policies: whether one request of one caller is allowed, and which kind of policy decided.

It follows AWS's page "Policy evaluation logic". An explicit denial of any policy wins. Otherwise each kind of policy
that limits the caller has to allow the request, and identity policies or the policy of the resource have to grant it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from cloudmend.local.iam.documents import MalformedPolicy, Statement, parse_policy
from cloudmend.local.iam.patterns import folded
from cloudmend.local.iam.principals import Closeness, names_of
from cloudmend.local.iam.request import AccessRequest, Caller, Levels, Policies, Policy, caller_keys, owner_of

PolicyKind = Literal["scp", "rcp", "resource", "trust", "identity", "boundary", "session"]

# AWS: they need no permission, and no policy can deny them.
ALWAYS_ALLOWED: Final = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
# They need the trust of the role that they are about.
ROLE_ACTIONS: Final = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
    }
)
_SERVICE_LINKED: Final = ":role/aws-service-role/"
# EC2's resources have no policies. Another account shares them through RAM, without which EC2 does not show them.
_SHARED_BY_RAM: Final = "ec2:"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a request, and the statement that decided, if one did."""

    allowed: bool
    explicit: bool  # a statement denies the request
    kind: PolicyKind  # the kind of policy that decided
    policy: str = ""  # name of the policy of that statement
    statement: str = ""  # its Sid, or "statement 2"


class _Found(NamedTuple):
    """A statement that applies to the request."""

    kind: PolicyKind
    policy: str
    statement: str
    closeness: Closeness = Closeness.UNNAMED


@dataclass(frozen=True, slots=True)
class _Applying:
    """The statements of one kind of policy that apply: the first that denies, and the closest that allows."""

    kind: PolicyKind
    deny: _Found | None
    allow: _Found | None


def evaluate(request: AccessRequest, caller: Caller, policies: Policies) -> Decision:
    """Return whether the caller may do what is requested.

    AWS stores no malformed policy. One that reached moto's state by another way neither allows nor denies anything.
    """
    if request.action.lower() in ALWAYS_ALLOWED:
        return Decision(True, False, "identity")
    return _Evaluation(request, caller, policies).decision()


def is_unlimited(caller: Caller, policies: Policies) -> bool:
    """Return whether the policies allow the caller every action on every resource, and nothing denies any.

    The policies of resources do not count.
    """
    if caller.kind == "federated" and not policies.session:
        return False
    root = caller.kind == "root"
    levels = () if caller.management else policies.scps
    needed = [*([] if root else [policies.identity]), *levels]
    needed += [[policies.boundary]] if policies.boundary else []
    needed += [policies.session] if policies.session else []
    found = [[each for policy in kind for each in _statements(policy, of_resource=False)] for kind in needed]
    allowing = all(any(map(_allows_all, statements)) for statements in found)
    return allowing and not any(each.denies for statements in found for each in statements)


def _allows_all(statement: Statement) -> bool:
    actions, resources = statement.actions, statement.resources
    everything = actions.everything and not actions.negated and not statement.denies and not statement.conditions
    return everything and resources is not None and resources.everything and not resources.negated


class _Evaluation:
    """An evaluation: the request under each kind of policy."""

    def __init__(self, request: AccessRequest, caller: Caller, policies: Policies) -> None:
        self._action = request.action.lower()
        self._resource = request.resource
        self._caller = caller
        self._names = names_of(caller)
        self._context = folded({**caller_keys(caller), **request.context})
        self._owner = owner_of(request, caller.account)
        self._bounded = policies.boundary is not None
        self._policies = policies
        linked = _SERVICE_LINKED in caller.issuer
        self._scps = [] if linked or caller.management or not caller.account else self._levels("scp", policies.scps)
        self._rcps = [] if linked else self._levels("rcp", policies.rcps)
        self._granted = self._of_resource("trust" if self._action in ROLE_ACTIONS else "resource")
        self._identity = self._under("identity", policies.identity)
        self._boundary = self._under("boundary", [policies.boundary] if policies.boundary else ())
        self._session = self._under("session", policies.session)

    def decision(self) -> Decision:
        everything = [*self._scps, *self._rcps, self._granted, self._identity, self._boundary, self._session]
        denied = next((kind.deny for kind in everything if kind.deny), None)
        return _decided(False, denied) if denied else self._without_denial()

    def _without_denial(self) -> Decision:
        """Decide a request that no statement denies."""
        closed = next((level for level in (*self._scps, *self._rcps) if level.allow is None), None)
        if closed:
            return _implicit(closed.kind)
        granted = self._granted.allow
        if granted is None and self._resource_must_allow():
            return _implicit(self._granted.kind)
        if granted and (not self._caller.account or (self._at_home() and granted.closeness is Closeness.DIRECT)):
            return _decided(True, granted)
        return self._limited(granted if self._at_home() else None)

    def _limited(self, granted: _Found | None) -> Decision:
        """Decide what identity policies, or the resource's policy beside them, grant within boundary and session."""
        closeness = granted.closeness if granted else Closeness.UNNAMED
        allow = self._identity.allow or (granted if closeness >= Closeness.ENTITY else None)
        if allow is None and self._caller.kind != "root":
            return _implicit("identity")
        if self._bounded and self._boundary.allow is None and closeness < Closeness.EVERYBODY:
            return _implicit("boundary")
        # AWS: without a session policy, a session of GetFederationToken may do nothing.
        if (self._policies.session or self._caller.kind == "federated") and self._session.allow is None:
            return _implicit("session")
        return _decided(True, allow) if allow else Decision(True, False, "identity")

    def _at_home(self) -> bool:
        return self._caller.account == self._owner

    def _resource_must_allow(self) -> bool:
        """Return whether no identity policy suffices: a stranger to the account, a role's trust, and a KMS key."""
        key = self._action.startswith("kms:") and ":key/" in self._resource
        abroad = not self._at_home() and not self._action.startswith(_SHARED_BY_RAM)
        return not self._caller.account or abroad or self._granted.kind == "trust" or key

    def _under(self, kind: PolicyKind, policies: Iterable[Policy]) -> _Applying:
        found = [
            (statement.denies, _Found(kind, policy.name, statement.name))
            for policy in policies
            for statement in _statements(policy, of_resource=False)
            if self._applies(statement)
        ]
        return _applying(kind, found)

    def _of_resource(self, kind: PolicyKind) -> _Applying:
        policy = self._policies.resource
        return _applying(kind, self._naming(kind, policy) if policy else [])

    def _levels(self, kind: PolicyKind, levels: Levels) -> list[_Applying]:
        if kind == "scp":
            return [self._under(kind, level) for level in levels]
        return [_applying(kind, [each for policy in level for each in self._naming(kind, policy)]) for level in levels]

    def _naming(self, kind: PolicyKind, policy: Policy) -> list[tuple[bool, _Found]]:
        """Return the statements that apply and name the caller."""
        found = []
        for statement in _statements(policy, of_resource=True):
            if statement.principals is not None and self._applies(statement):
                closeness = statement.principals.closeness(self._names, statement.denies, self._bounded)
                if closeness is not Closeness.UNNAMED:
                    found.append((statement.denies, _Found(kind, policy.name, statement.name, closeness)))
        return found

    def _applies(self, statement: Statement) -> bool:
        return statement.applies(self._action, self._resource, self._context)


def _statements(policy: Policy, *, of_resource: bool) -> Sequence[Statement]:
    """Return the statements of a policy; none of a malformed one."""
    try:
        return parse_policy(policy.text, policy.name, of_resource)
    except MalformedPolicy:
        return ()


def _applying(kind: PolicyKind, found: Iterable[tuple[bool, _Found]]) -> _Applying:
    denies = [each for denies, each in found if denies]
    allows = [each for denies, each in found if not denies]
    closest = max(allows, key=lambda each: each.closeness, default=None)
    return _Applying(kind, denies[0] if denies else None, closest)


def _decided(allowed: bool, by: _Found) -> Decision:
    return Decision(allowed, not allowed, by.kind, by.policy, by.statement)


def _implicit(kind: PolicyKind) -> Decision:
    return Decision(False, False, kind)
