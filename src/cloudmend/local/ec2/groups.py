"""The security groups and managed prefix lists of one account and Region, with EC2's own strictness.

Reads lag behind writes where the options say so (Lag), and a bucket of tokens limits the calls (Throttle).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypedDict, Unpack

from cloudmend.local.ec2 import describe, lifecycle, prefix_lists, regions, rules, tags, vpcs
from cloudmend.local.ec2.checks import Ec2Error, dry_run
from cloudmend.local.ec2.model import Behaviour, Group, Params, Peering, PrefixList, State, TagRow, Vpc, aws_lists

Handler = Callable[[State, Params], dict[str, Any]]

_READS: Mapping[str, Handler] = {
    "DescribeSecurityGroups": describe.describe_groups,
    "DescribeSecurityGroupRules": describe.describe_rules,
    "DescribeSecurityGroupReferences": vpcs.references,
    "DescribeSecurityGroupVpcAssociations": vpcs.describe_associations,
    "DescribeStaleSecurityGroups": vpcs.stale,
    "GetSecurityGroupsForVpc": vpcs.for_vpc,
    "DescribeVpcs": describe.describe_vpcs,
    "DescribeRegions": regions.describe_regions,
    "DescribeTags": tags.describe_tags,
    "DescribePrefixLists": describe.describe_aws_lists,
    "DescribeManagedPrefixLists": describe.describe_lists,
    "GetManagedPrefixListEntries": describe.entries,
    "GetManagedPrefixListAssociations": describe.associations,
}
_WRITES: Mapping[str, Handler] = {
    "CreateSecurityGroup": lifecycle.create,
    "DeleteSecurityGroup": lifecycle.delete,
    "AuthorizeSecurityGroupIngress": partial(rules.authorize, is_egress=False),
    "AuthorizeSecurityGroupEgress": partial(rules.authorize, is_egress=True),
    "ModifySecurityGroupRules": rules.modify,
    "RevokeSecurityGroupIngress": partial(rules.revoke, is_egress=False),
    "RevokeSecurityGroupEgress": partial(rules.revoke, is_egress=True),
    "UpdateSecurityGroupRuleDescriptionsIngress": partial(rules.describe_anew, is_egress=False),
    "UpdateSecurityGroupRuleDescriptionsEgress": partial(rules.describe_anew, is_egress=True),
    "AssociateSecurityGroupVpc": vpcs.associate,
    "DisassociateSecurityGroupVpc": vpcs.disassociate,
    "CreateManagedPrefixList": prefix_lists.create,
    "ModifyManagedPrefixList": prefix_lists.modify,
    "RestoreManagedPrefixListVersion": prefix_lists.restore,
    "DeleteManagedPrefixList": prefix_lists.delete,
    "CreateTags": tags.create_tags,
    "DeleteTags": tags.delete_tags,
}
OPERATIONS = frozenset(_READS.keys() | _WRITES.keys())
"""The EC2 operations that SecurityGroups answers."""
# The tokens of an action, and those that come back each second. Source:
# docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
Bucket = tuple[int, int]
READING: Bucket = (100, 20)
READING_ALL: Bucket = (50, 10)
WRITING: Bucket = (50, 5)


class BehaviourOptions(TypedDict, total=False):
    """The fields of Behaviour. Any of them may be left out."""

    carriers: Callable[[str], Collection[str]]
    peerings: Callable[[], Collection[Peering]]
    other_tags: Callable[[], Collection[TagRow]]
    routed: Callable[[str], Collection[str]]
    keeps_omitted_description: bool
    modify_is_atomic: bool
    repeats_are_duplicates: bool
    rule_quota: int
    read_lag: Callable[[], int]
    throttle_clock: Callable[[], float] | None


class SecurityGroups:
    """The groups of one account and Region. Safe to share between threads: one call at a time.

    A write works on a draft, which replaces the state only when the call succeeds.
    """

    def __init__(
        self,
        account: str,
        region: str,
        known_vpcs: Callable[[], Sequence[Vpc]],
        **behaviour: Unpack[BehaviourOptions],
    ) -> None:
        """`known_vpcs` is asked at each call; the options are the fields of Behaviour."""
        self.account = account
        self.region = region
        self._vpcs = known_vpcs
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
                self._throttle.take(operation, bucket(operation, params))
            self._follow_vpcs()
            if operation in _READS:
                return self._read(_READS[operation], params)
            return self._write(_WRITES[operation], params)

    def tag_by_aws(self, resource_id: str, added: Mapping[str, str]) -> None:
        """Set the tags of a stack. Some of them only AWS may set."""
        with self._lock:
            draft = self._state.draft()
            tags.set_tags(draft, resource_id, added)
            self._keep(draft)

    def check(self, operation: str, params: Params) -> None:
        """Raise Ec2Error if a call would be refused. Nothing is changed."""
        try:
            self.call(operation, {**params, "DryRun": True})
        except Ec2Error as error:
            if error.code != "DryRunOperation":
                raise

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
        known = tuple(self._vpcs())
        if known != self._state.vpcs:
            self._state = self._state.draft()
            self._state.vpcs = known
            lifecycle.follow_vpcs(self._state)


def bucket(operation: str, params: Params) -> Bucket:
    """Return the bucket of a call. One that reads all there is, in one page, has a smaller one of its own."""
    if operation in _WRITES:
        return WRITING
    return READING if params.keys() - {"DryRun"} else READING_ALL


class Throttle:
    """Takes a token for each call, refused ones included."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells seconds that only grow."""
        self._clock = clock
        self._left: dict[tuple[str, Bucket], tuple[float, float]] = {}

    def take(self, operation: str, size: Bucket) -> None:
        """Raise Ec2Error if that bucket of the action is empty."""
        now, (capacity, refill_per_s) = self._clock(), size
        tokens, since = self._left.get((operation, size), (capacity, now))
        tokens = min(capacity, tokens + (now - since) * refill_per_s)
        self._left[operation, size] = (tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise Ec2Error("RequestLimitExceeded", "Request limit exceeded.", status=503)


class Lag:
    """The writes that reads do not show yet. They come to light in their order, as on a replica that is behind."""

    def __init__(self, reads: Callable[[], int]) -> None:
        """`reads` is asked at each write: how many reads are yet to show what was before."""
        self._reads = reads
        self._hidden: deque[tuple[State, int]] = deque()  # what was before a write, and the last read that shows it
        self._count = 0

    def wrote(self, before: State) -> None:
        reads = self._reads()
        if reads > 0:
            self._hidden.append((before, self._count + reads))

    def shown(self, now: State) -> State:
        """Return what the next read shows: `now`, or what was before the first write that is still hidden."""
        self._count += 1
        while self._hidden and self._hidden[0][1] < self._count:
            self._hidden.popleft()
        return self._hidden[0][0] if self._hidden else now
