"""The removal of all that carries the tag of the contract suite: after each test, and after a run that crashed."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from contracts.real.guard import TAG, Guard

_TRIES: Final = 6
_TAGGED: Final = [{"Name": "tag-key", "Values": [TAG]}]
# AWS still sees what was just changed or deleted.
_NOT_YET: Final = frozenset({"DependencyViolation", "IncorrectState", "InvalidGroup.InUse"})


class Left(NamedTuple):
    """The ids of what carries the tag."""

    groups: tuple[str, ...]
    lists: tuple[str, ...]
    vpcs: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in an order in which AWS deletes them."""
        return (*self.groups, *self.lists, *self.vpcs)


class Cleaner:
    """Finds what carries the tag, of this run or of an earlier one, and deletes it by the guarded client."""

    def __init__(self, ec2: Any, reader: Any, guard: Guard, page_size: int, pause_s: float) -> None:
        """`reader` is not guarded, and only reads: it sees the tag."""
        self._ec2 = ec2
        self._reader = reader
        self._guard = guard
        self._page_size = page_size
        self._pause_s = pause_s

    def left(self) -> Left:
        """Return what carries the tag now."""
        return Left(
            self._tagged("describe_security_groups", "SecurityGroups", "GroupId", Filters=_TAGGED),
            self._tagged("describe_managed_prefix_lists", "PrefixLists", "PrefixListId"),  # no filter for tags
            self._tagged("describe_vpcs", "Vpcs", "VpcId", Filters=_TAGGED),
        )

    def clean(self) -> Left:
        """Delete what carries the tag. Return what AWS did not delete."""
        left = self.left()
        self._guard.own.update(left.ids)
        for group in left.groups:
            self._try(partial(self._revoke, group))
        for group in left.groups:
            self._try(partial(self._ec2.delete_security_group, GroupId=group))
        for prefix_list in left.lists:
            self._try(partial(self._ec2.delete_managed_prefix_list, PrefixListId=prefix_list))
        for vpc in left.vpcs:
            self._try(partial(self._ec2.delete_vpc, VpcId=vpc))
        return self._when_gone(left)

    def _when_gone(self, before: Left) -> Left:
        """Return what is left once AWS no longer shows what it has deleted."""
        left = before
        for _ in range(_TRIES if before.ids else 0):
            left = self.left()
            if not left.ids:
                break
            time.sleep(self._pause_s)
        return left

    def _tagged(self, operation: str, rows: str, key: str, **filters: Any) -> tuple[str, ...]:
        paged = {"PaginationConfig": {"PageSize": self._page_size}}
        pages = self._reader.get_paginator(operation).paginate(**filters, **paged)
        found = (row for page in pages for row in page[rows])
        return tuple(
            row[key]
            for row in found
            if any(tag["Key"] == TAG for tag in row.get("Tags", ())) and row.get("State") != "delete-complete"
        )

    def _revoke(self, group: str) -> None:
        """Delete the rules of a group, which refer to other groups and to lists."""
        own = [{"Name": "group-id", "Values": [group]}]
        pages = self._reader.get_paginator("describe_security_group_rules").paginate(
            Filters=own, PaginationConfig={"PageSize": self._page_size}
        )
        rules = [row for page in pages for row in page["SecurityGroupRules"]]
        for is_egress, revoke in (
            (False, self._ec2.revoke_security_group_ingress),
            (True, self._ec2.revoke_security_group_egress),
        ):
            ids = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"] is is_egress]
            if ids:
                revoke(GroupId=group, SecurityGroupRuleIds=ids)

    def _try(self, call: Callable[[], object]) -> None:
        """Call until AWS no longer sees what stands in the way. What stays is found by its tag."""
        for attempt in range(_TRIES):
            try:
                call()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code not in _NOT_YET:
                    return
                time.sleep(attempt * self._pause_s)
            else:
                return
