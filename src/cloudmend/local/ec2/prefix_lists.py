"""Creating, modifying, restoring and deleting managed prefix lists.

Where EC2 takes its time (modify-in-progress), a change is complete at once here. What EC2 finds out only then, it tells
in the list's state and state message, not by an error: a size that some group cannot bear, a list that is still in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.checks import Ec2Error, invalid, missing, not_authorized
from cloudmend.local.ec2.describe import entries_of
from cloudmend.local.ec2.lifecycle import prefix_list_by_id, referring
from cloudmend.local.ec2.model import AWS, Entry, Family, Params, PrefixList, State, new_id
from cloudmend.local.ec2.rows import prefix_list_row
from cloudmend.local.ec2.rules import exceeds

_MAX_NAME = 255
_MAX_SIZE = 1000
_MAX_CHANGES = 100
_NAMED_RESOURCES = 10
_CIDRS: Mapping[Family, Callable[[str], str]] = {"IPv4": checks.ipv4_cidr, "IPv6": checks.ipv6_cidr}


def create(state: State, params: Params) -> dict[str, Any]:
    """CreateManagedPrefixList: at version one. A client token that comes again makes no second list."""
    token = params.get("ClientToken")
    if token in state.tokens:
        return _made_before(state, params, token)
    for parameter in ("PrefixListName", "MaxEntries", "AddressFamily"):
        if params.get(parameter) in (None, ""):
            raise missing(parameter)
    if len(params.get("Entries", ())) > _MAX_CHANGES:
        raise invalid(f"The number of entries per request cannot exceeds limit ({_MAX_CHANGES}).")
    family = _family(params["AddressFamily"])
    made = PrefixList(
        id=new_id("pl"),
        name=_name(params["PrefixListName"]),
        family=family,
        owner=state.account,
        max_entries=_size(params["MaxEntries"]),
        versions=(_entries(family, params.get("Entries", ())),),
        tags=checks.tags(params.get("TagSpecifications", ()), "prefix-list"),
    )
    if token:
        state.tokens[token] = (params, made.id)
    return _stored(state, _fitting(made))


def _made_before(state: State, params: Params, token: str) -> dict[str, Any]:
    request, list_id = state.tokens[token]
    if {**request, "DryRun": None} != {**params, "DryRun": None}:
        words = "The client token is that of another request, whose parameters were different."
        raise Ec2Error("IdempotentParameterMismatch", words)
    return {"PrefixList": prefix_list_row(state, prefix_list_by_id(state, list_id))}


def modify(state: State, params: Params) -> dict[str, Any]:
    """ModifyManagedPrefixList: only a change of entries makes a version."""
    known = _own(state, params)
    if params.get("IpamPrefixListResolverSyncEnabled") is not None:
        raise Ec2Error("UnsupportedOperation", "The embedded AWS has no IPAM prefix list resolvers.")
    adding, removing = params.get("AddEntries") or (), params.get("RemoveEntries") or ()
    size = params.get("MaxEntries")
    if size is not None and (adding or removing):
        raise Ec2Error(
            "InvalidParameterCombination",
            "You cannot modify the entries and the maximum entries for the prefix list in the same request.",
        )
    _check_version(known, params.get("CurrentVersion"))
    name = _name(params["PrefixListName"]) if params.get("PrefixListName") else known.name
    changed = replace(known, name=name, state="modify-complete", state_message=None)
    if adding or removing:
        changed = _with_version(changed, _edited(known, adding, removing))
    return _stored(state, changed if size is None else _resized(state, changed, _size(size)))


def restore(state: State, params: Params) -> dict[str, Any]:
    """RestoreManagedPrefixListVersion: a new version with the entries of an old one."""
    for parameter in ("PreviousVersion", "CurrentVersion"):
        if params.get(parameter) is None:
            raise missing(parameter)
    known = _own(state, params)
    _check_version(known, params["CurrentVersion"])
    entries = entries_of(known, params["PreviousVersion"])
    return _stored(state, _with_version(replace(known, state="restore-complete", state_message=None), entries))


def delete(state: State, params: Params) -> dict[str, Any]:
    """DeleteManagedPrefixList: a list that a group or a route refers to stays, in the state delete-failed."""
    known = _own(state, params)
    users = [*(group.id for group in referring(state, known.id)), *state.behaviour.routed(known.id)]
    if users:
        message = f"The following resources refer to the prefix list: {_ids(users)}"
        return _stored(state, replace(known, state="delete-failed", state_message=message))
    del state.prefix_lists[known.id]
    return {"PrefixList": prefix_list_row(state, replace(known, state="delete-complete", state_message=None))}


def _own(state: State, params: Params) -> PrefixList:
    if not params.get("PrefixListId"):
        raise missing("PrefixListId")
    known = prefix_list_by_id(state, params["PrefixListId"])
    if known.owner == AWS:
        raise Ec2Error("OperationNotPermitted", f"The prefix list '{known.id}' is managed by AWS.")
    if known.owner != state.account:
        raise not_authorized()
    return known


def _stored(state: State, changed: PrefixList) -> dict[str, Any]:
    state.prefix_lists[changed.id] = changed
    return {"PrefixList": prefix_list_row(state, changed)}


def _name(value: str) -> str:
    if value.startswith("com.amazonaws") or len(value) > _MAX_NAME:
        raise invalid(f"Value ({value}) for parameter PrefixListName is invalid.")
    return value


def _family(value: str) -> Family:
    for family in _CIDRS:
        if value == family:
            return family
    raise invalid(f"Value ({value}) for parameter AddressFamily is invalid. Valid values are IPv4 and IPv6.")


def _size(value: int) -> int:
    if not 1 <= value <= _MAX_SIZE:
        raise invalid(f"Must specify a max size between 1 and {_MAX_SIZE}")
    return value


def _check_version(known: PrefixList, version: int | None) -> None:
    if version is not None and version < 1:
        raise invalid("The specified value for version is not valid. The value must be greater than (1).")
    if version not in (None, known.version):
        raise Ec2Error("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")


def _entries(family: Family, requested: Sequence[Params]) -> tuple[Entry, ...]:
    entries = tuple(
        Entry(_CIDRS[family](item.get("Cidr", "")), checks.rule_description(item.get("Description")))
        for item in requested
    )
    if len({entry.cidr for entry in entries}) < len(entries):
        raise invalid("The same CIDR must not appear multiple times")
    return entries


def _edited(known: PrefixList, adding: Sequence[Params], removing: Sequence[Params]) -> tuple[Entry, ...]:
    """The entries without those removed, then those added."""
    if len(adding) > _MAX_CHANGES or len(removing) > _MAX_CHANGES:
        raise invalid(f"Request cannot contain more than {_MAX_CHANGES} entry additions or removals.")
    added = _entries(known.family, adding)
    gone = {entry.cidr for entry in _entries(known.family, removing)}
    for entry in added:
        if entry.cidr in gone:
            both = "both AddPrefixListEntries and RemovePrefixListEntries"
            raise invalid(f"Request cannot contain Cidr {entry.cidr} in {both}")
    _check_present(known, gone)
    _refuse_present(known, added)
    return tuple(entry for entry in known.entries if entry.cidr not in gone) + added


def _check_present(known: PrefixList, cidrs: Iterable[str]) -> None:
    present = {entry.cidr for entry in known.entries}
    for cidr in cidrs:
        if cidr not in present:
            raise Ec2Error("InvalidPrefixListModification", f"An entry with the CIDR ({cidr}) does not exist.")


def _refuse_present(known: PrefixList, added: Iterable[Entry]) -> None:
    """A CIDR that is there already; also with another description, which takes two calls to change."""
    present = {entry.cidr: entry for entry in known.entries}
    for entry in added:
        if present.get(entry.cidr) == entry:
            words = f"An entry with the CIDR ({entry.cidr}) and description ({entry.description or ''}) already exists."
            raise Ec2Error("InvalidPrefixListModification", words)
        if entry.cidr in present:
            raise Ec2Error("InvalidRequest", "The request received was invalid.")


def _with_version(known: PrefixList, entries: tuple[Entry, ...]) -> PrefixList:
    return _fitting(replace(known, versions=(*known.versions, entries)))


def _fitting(changed: PrefixList) -> PrefixList:
    if len(changed.entries) > changed.max_entries:
        raise Ec2Error(
            "PrefixListMaxEntriesExceeded",
            f"The prefix list cannot hold more than its maximum of {changed.max_entries} entries.",
        )
    return changed


def _resized(state: State, known: PrefixList, size: int) -> PrefixList:
    """The list with another size, or as it was, in the state modify-failed, where that exceeds a group's quota."""
    resized = _fitting(replace(known, max_entries=size))
    lists = {**state.prefix_lists, known.id: resized}
    full = [group for group in referring(state, known.id) if exceeds(group, lists, state.behaviour.rule_quota)]
    if not full:
        return resized
    message = f"The following resources do not support the new maximum size: {_ids([group.id for group in full])}"
    return replace(known, state="modify-failed", state_message=message)


def _ids(resource_ids: Sequence[str]) -> str:
    """EC2 names the first ten."""
    return ", ".join(resource_ids[:_NAMED_RESOURCES])
