"""The security groups and managed prefix lists of one account and Region, with EC2's own strictness."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypedDict, Unpack

from cloudmend.local.ec2 import describe, describe_prefix_lists, lifecycle, prefix_lists, rules, tagging
from cloudmend.local.ec2.aws_lists import aws_lists
from cloudmend.local.ec2.errors import Ec2Error, dry_run
from cloudmend.local.ec2.lag import Lag
from cloudmend.local.ec2.model import Behaviour, Group, Params, PrefixList, State, Vpc
from cloudmend.local.ec2.throttle import Throttle

Handler = Callable[[State, Params], dict[str, Any]]

_READS: Mapping[str, Handler] = {
    "DescribeSecurityGroups": describe.describe_groups,
    "DescribeSecurityGroupRules": describe.describe_rules,
    "DescribeVpcs": describe.describe_vpcs,
    "DescribeManagedPrefixLists": describe_prefix_lists.describe,
    "GetManagedPrefixListEntries": describe_prefix_lists.entries,
    "GetManagedPrefixListAssociations": describe_prefix_lists.associations,
}
_WRITES: Mapping[str, Handler] = {
    "CreateSecurityGroup": lifecycle.create,
    "DeleteSecurityGroup": lifecycle.delete,
    "AuthorizeSecurityGroupIngress": partial(rules.authorize, is_egress=False),
    "AuthorizeSecurityGroupEgress": partial(rules.authorize, is_egress=True),
    "ModifySecurityGroupRules": rules.modify,
    "RevokeSecurityGroupIngress": partial(rules.revoke, is_egress=False),
    "RevokeSecurityGroupEgress": partial(rules.revoke, is_egress=True),
    "CreateManagedPrefixList": prefix_lists.create,
    "ModifyManagedPrefixList": prefix_lists.modify,
    "RestoreManagedPrefixListVersion": prefix_lists.restore,
    "DeleteManagedPrefixList": prefix_lists.delete,
    "CreateTags": tagging.create,
    "DeleteTags": tagging.delete,
}
OPERATIONS = frozenset(_READS.keys() | _WRITES.keys())
"""The EC2 operations that SecurityGroups answers."""


class BehaviourOptions(TypedDict, total=False):
    """The fields of Behaviour, each of which may be left out."""

    in_use: Callable[[str], bool]
    keeps_omitted_description: bool
    modify_is_atomic: bool
    repeats_are_duplicates: bool
    rule_quota: int
    read_lag: Callable[[], int]
    throttle_clock: Callable[[], float] | None


class SecurityGroups:
    """One account and Region. Safe to share between threads: one call at a time.

    A write works on a draft, which replaces the state only when the call succeeds.
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
        self._state = State(account, region, (), {}, aws_lists(region), self._behaviour)
        self._lag = Lag(self._behaviour.read_lag)
        clock = self._behaviour.throttle_clock
        self._throttle = None if clock is None else Throttle(clock)
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """The state as it is now, whatever reads that lag still show. It is not to be changed."""
        with self._lock:
            self._follow_vpcs()
            return self._state

    def call(self, operation: str, params: Params) -> dict[str, Any]:
        """Answer one operation: botocore-shaped parameters in, result out; raises Ec2Error."""
        if operation not in OPERATIONS:
            raise Ec2Error("InvalidAction", f"The action {operation} is not valid for this web service.")
        with self._lock:
            if self._throttle is not None:
                self._throttle.take(operation)
            self._follow_vpcs()
            if operation in _READS:
                return self._read(_READS[operation], params)
            return self._write(_WRITES[operation], params)

    def share(self, shared: Group | PrefixList) -> None:
        """Another account shares it: it is shown here, and only its owner may change it."""
        with self._lock:
            draft = self._state.draft()
            draft.hidden -= {shared.id}
            if isinstance(shared, Group):
                draft.groups[shared.id] = shared
            else:
                draft.prefix_lists[shared.id] = shared
            self._keep(draft)

    def unshare(self, resource_id: str) -> None:
        """Its owner stops sharing it: it is shown no more, and the rules that refer to it go on to."""
        with self._lock:
            draft = self._state.draft()
            draft.hidden |= {resource_id}
            self._keep(draft)

    def _read(self, handler: Handler, params: Params) -> dict[str, Any]:
        result = handler(self._lag.shown(self._state), params)
        if params.get("DryRun"):
            raise dry_run()
        return result

    def _write(self, handler: Handler, params: Params) -> dict[str, Any]:
        draft = self._state.draft()
        try:
            result = handler(draft, params)
        except Ec2Error:
            if handler is rules.modify and not self._behaviour.modify_is_atomic and not params.get("DryRun"):
                self._keep(draft)
            raise
        if params.get("DryRun"):
            raise dry_run()
        self._keep(draft)
        return result

    def _keep(self, draft: State) -> None:
        self._lag.wrote(before=self._state)
        self._state = draft

    def _follow_vpcs(self) -> None:
        """New VPCs get their default groups, whatever becomes of the call."""
        vpcs = tuple(self._vpcs())
        if vpcs != self._state.vpcs:
            self._state = self._state.draft()
            self._state.vpcs = vpcs
            lifecycle.follow_vpcs(self._state)
