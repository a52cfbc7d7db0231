"""A client of EC2 that can change or delete nothing but what it made and tagged itself.

It holds by construction: each call of the client passes `Guard.check` before it is built, paginators and waiters
included. Only reads, the operations of CREATES and those of CHANGES pass, and of the last only calls whose resources
are this run's own, or exist nowhere, as the tests of refusals name them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

TAG: Final = "cloudmend:contract"
_READS: Final = ("Describe", "Get")
# An operation that makes something: the type of that in a tag specification, and the path of its id in the answer.
CREATES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "CreateManagedPrefixList": ("prefix-list", ("PrefixList", "PrefixListId")),
    "CreateSecurityGroup": ("security-group", ("GroupId",)),
    "CreateVpc": ("vpc", ("Vpc", "VpcId")),
}
# An operation that changes something: the parameters that name what it changes.
CHANGES: Final[Mapping[str, tuple[str, ...]]] = {
    "AssociateVpcCidrBlock": ("VpcId",),
    "AuthorizeSecurityGroupEgress": ("GroupId",),
    "AuthorizeSecurityGroupIngress": ("GroupId", "GroupName"),
    "CreateTags": ("Resources",),
    "DeleteManagedPrefixList": ("PrefixListId",),
    "DeleteSecurityGroup": ("GroupId", "GroupName"),
    "DeleteTags": ("Resources",),
    "DeleteVpc": ("VpcId",),
    "ModifyManagedPrefixList": ("PrefixListId",),
    "ModifySecurityGroupRules": ("GroupId",),
    "RestoreManagedPrefixListVersion": ("PrefixListId",),
    "RevokeSecurityGroupEgress": ("GroupId",),
    "RevokeSecurityGroupIngress": ("GroupId", "GroupName"),
    "UpdateSecurityGroupRuleDescriptionsEgress": ("GroupId", "GroupName"),
    "UpdateSecurityGroupRuleDescriptionsIngress": ("GroupId", "GroupName"),
}
# How AWS is asked whether there is a resource, by the prefix of its id.
_LOOKED_UP: Final = {
    "pl": ("describe_managed_prefix_lists", "PrefixListIds", "PrefixLists"),
    "sg": ("describe_security_groups", "GroupIds", "SecurityGroups"),
    "sgr": ("describe_security_group_rules", "SecurityGroupRuleIds", "SecurityGroupRules"),
    "vpc": ("describe_vpcs", "VpcIds", "Vpcs"),
}
_KINDS: Final = {"GroupId": "sg", "PrefixListId": "pl", "VpcId": "vpc"}


class NotOurs(Exception):
    """A call that would touch what this run did not make. It was not sent."""


class Guard:
    """The watch over a client: what it may send, what it made, and how long reads wait after a write."""

    def __init__(self, client: Any, reader: Any, run: str, settle_s: float) -> None:
        """Watch `client`. `reader` is another client, which only reads. `run` is the value of the tag."""
        self._reader = reader
        self._run = run
        self._settle_s = settle_s
        self._wrote_at = float("-inf")
        self.own: set[str] = set()
        events = client.meta.events
        events.register_first("provide-client-params.ec2", self._before)
        events.register_last("after-call.ec2", self._after)
        reader.meta.events.register_first("provide-client-params.ec2", self._wait)

    def _before(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
        operation = model.name
        if operation.startswith(_READS):
            self._wait()
            return params
        self.check(operation, params)
        return self._tagged(params, CREATES[operation][0]) if operation in CREATES else params

    def _wait(self, **_: Any) -> None:
        """Wait until reads show the last write."""
        time.sleep(max(0.0, self._wrote_at + self._settle_s - time.monotonic()))

    def check(self, operation: str, params: Mapping[str, Any]) -> None:
        """Raise NotOurs for a call that might change what this run did not make."""
        if operation in CREATES:
            return
        if operation not in CHANGES:
            raise NotOurs(f"{operation} is not among the calls that the contract suite makes.")
        named = list(_named(params, CHANGES[operation]))
        if not named:
            raise NotOurs(f"{operation} names nothing that this run made.")
        for parameter, each in named:
            if each not in self.own and self._is_there(parameter, each):
                raise NotOurs(f"{operation} names {each}, which this run did not make.")
        tags = [tag["Key"] for tag in params.get("Tags") or ()]
        if operation == "DeleteTags" and (not tags or TAG in tags):
            raise NotOurs("DeleteTags would remove the tag of the suite.")
        if operation == "CreateTags" and TAG in tags:
            raise NotOurs("CreateTags would change the tag of the suite.")

    def _is_there(self, parameter: str, value: str) -> bool:
        """Return whether AWS has a resource of that id, or another's group of that name.

        What cannot be looked up counts as there.
        """
        if parameter == "GroupName":
            filters = [{"Name": "group-name", "Values": [value]}]
            groups = self._reader.describe_security_groups(Filters=filters)["SecurityGroups"]
            return any(group["GroupId"] not in self.own for group in groups)
        kind = _KINDS.get(parameter, value.partition("-")[0])
        if kind not in _LOOKED_UP:
            return True
        operation, ids, rows = _LOOKED_UP[kind]
        try:
            return bool(getattr(self._reader, operation)(**{ids: [value]})[rows])
        except ClientError as error:
            return not error.response["Error"]["Code"].endswith((".NotFound", ".Malformed"))

    def _tagged(self, params: dict[str, Any], kind: str) -> dict[str, Any]:
        """Return the parameters with this run's tag, so that nothing is ever made without it."""
        own = {"Key": TAG, "Value": self._run}
        given = list(params.get("TagSpecifications") or ())
        others = [each for each in given if each.get("ResourceType") != kind]
        tags = [tag for each in given if each not in others for tag in each.get("Tags", ())]
        return {**params, "TagSpecifications": [*others, {"ResourceType": kind, "Tags": [*tags, own]}]}

    def _after(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        """Note what was made, and hide this run's tag from the tests."""
        if not model.name.startswith(_READS) and "Error" not in parsed:
            self._wrote_at = time.monotonic()
            self.own.update(_made(model.name, parsed))
        _without_tag(parsed)


def _named(params: Mapping[str, Any], names: Iterable[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        value = params.get(name)
        yield from ((name, each) for each in ([value] if isinstance(value, str) else value or ()))


def _made(operation: str, answer: Mapping[str, Any]) -> Iterable[str]:
    """Yield the ids of what a call made: the resource, and the names and the rules of groups."""
    if operation in CREATES:
        found: Any = answer
        for key in CREATES[operation][1]:
            found = found[key]
        yield found
    for rule in answer.get("SecurityGroupRules") or ():
        yield rule["SecurityGroupRuleId"]


def _without_tag(value: Any) -> None:
    """Take this run's tag out of an answer; a list of tags that is then empty goes, as AWS leaves it out."""
    if isinstance(value, list):
        for each in value:
            _without_tag(each)
    if isinstance(value, dict):
        for each in value.values():
            _without_tag(each)
        tags = value.get("Tags")
        if isinstance(tags, list) and any(tag.get("Key") == TAG for tag in tags):
            value["Tags"] = [tag for tag in tags if tag.get("Key") != TAG]
            if not value["Tags"]:
                del value["Tags"]
