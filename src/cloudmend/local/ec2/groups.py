"""The security groups of one account and Region, with EC2's own strictness.

Tags of groups and rules live here too, while CreateTags and DeleteTags speak of any resource: whoever
answers those asks `owns` and hands the ids of groups and rules to `tag` and `untag`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypedDict, Unpack

from . import checks, describe, lifecycle, rules
from .errors import Ec2Error, dry_run, group_not_found
from .model import Behaviour, Group, Params, PrefixList, State, Vpc

Handler = Callable[[State, Params], dict[str, Any]]

_HANDLERS: Mapping[str, Handler] = {
    "CreateSecurityGroup": lifecycle.create,
    "DeleteSecurityGroup": lifecycle.delete,
    "DescribeSecurityGroups": describe.describe_groups,
    "DescribeSecurityGroupRules": describe.describe_rules,
    "AuthorizeSecurityGroupIngress": partial(rules.authorize, is_egress=False),
    "AuthorizeSecurityGroupEgress": partial(rules.authorize, is_egress=True),
    "ModifySecurityGroupRules": rules.modify,
    "RevokeSecurityGroupIngress": partial(rules.revoke, is_egress=False),
    "RevokeSecurityGroupEgress": partial(rules.revoke, is_egress=True),
}
OPERATIONS = frozenset(_HANDLERS)
"""The EC2 operations that SecurityGroups answers."""


class BehaviourOptions(TypedDict, total=False):
    """The fields of Behaviour, each of which may be left out."""

    prefix_list: Callable[[str], PrefixList | None]
    in_use: Callable[[str], bool]
    keeps_omitted_description: bool
    modify_is_atomic: bool


class SecurityGroups:
    """One account and Region. Safe to share between threads: one call at a time.

    A call works on a copy of the state, which replaces the state only when the call succeeds.
    """

    def __init__(
        self,
        account: str,
        region: str,
        vpcs: Callable[[], Sequence[Vpc]],
        **behaviour: Unpack[BehaviourOptions],
    ) -> None:
        """`vpcs` is asked at each call; the options are the fields of Behaviour."""
        self.account = account
        self.region = region
        self._vpcs = vpcs
        self._behaviour = Behaviour(**behaviour)
        self._groups: dict[str, Group] = {}
        self._lock = threading.RLock()

    def call(self, operation: str, params: Params) -> dict[str, Any]:
        """Answers one operation: botocore-shaped parameters in, result out; raises Ec2Error."""
        handler = _HANDLERS.get(operation)
        if handler is None:
            raise Ec2Error("InvalidAction", f"The action {operation} is not valid for this web service.")
        with self._lock:
            return self._answer(handler, params)

    def _answer(self, handler: Handler, params: Params) -> dict[str, Any]:
        state = self._state()
        try:
            result = handler(state, params)
        except Ec2Error:
            if handler is rules.modify and not self._behaviour.modify_is_atomic and not params.get("DryRun"):
                self._groups = state.groups
            raise
        if params.get("DryRun"):
            raise dry_run()
        self._groups = state.groups
        return result

    def _state(self) -> State:
        """The state for one call; default groups of new VPCs are kept whatever becomes of the call."""
        state = State(self.account, self.region, tuple(self._vpcs()), dict(self._groups), self._behaviour)
        lifecycle.follow_vpcs(state)
        self._groups = dict(state.groups)
        return state

    def owns(self, resource_id: str) -> bool:
        """Whether the id is that of a group or a rule that exists here."""
        with self._lock:
            return self._owner(resource_id) is not None

    def tag(self, resource_id: str, tags: Sequence[Params]) -> None:
        """CreateTags for one group or rule: sets each of [{Key, Value}]."""
        added = checks.tag_map(tags)
        self._retag(resource_id, lambda old: {**old, **added})

    def untag(self, resource_id: str, tags: Sequence[Params]) -> None:
        """DeleteTags for one group or rule: by key, and by value where one is given; without tags, all."""
        gone = [(tag.get("Key"), tag.get("Value")) for tag in tags]

        def kept(key: str, value: str) -> bool:
            return bool(gone) and (key, value) not in gone and (key, None) not in gone

        self._retag(resource_id, lambda old: {key: value for key, value in old.items() if kept(key, value)})

    def _owner(self, resource_id: str) -> Group | None:
        for group in self._state().groups.values():
            if resource_id == group.id or any(rule.id == resource_id for rule in group.rules):
                return group
        return None

    def _retag(self, resource_id: str, change: Callable[[Mapping[str, str]], dict[str, str]]) -> None:
        with self._lock:
            group = self._owner(resource_id)
            if group is None:
                raise group_not_found(resource_id)
            if resource_id == group.id:
                group = replace(group, tags=change(group.tags))
            retagged = tuple(
                replace(rule, tags=change(rule.tags)) if rule.id == resource_id else rule for rule in group.rules
            )
            self._groups[group.id] = replace(group, rules=retagged)
