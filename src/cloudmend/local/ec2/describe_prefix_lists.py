"""Answers about managed prefix lists: the lists, the entries of a version, and the groups that refer to a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.errors import Ec2Error
from cloudmend.local.ec2.listing import Values, matching, page
from cloudmend.local.ec2.lookup import prefix_list_by_id, referring
from cloudmend.local.ec2.model import Entry, Params, PrefixList, State
from cloudmend.local.ec2.rows import prefix_list_row

_SIZES = range(1, 101)
_ASSOCIATION_SIZES = range(5, 256)
_FILTERS: Mapping[str, Values[PrefixList]] = {
    "owner-id": lambda _, known: [known.owner],
    "prefix-list-id": lambda _, known: [known.id],
    "prefix-list-name": lambda _, known: [known.name],
}


def describe(state: State, params: Params) -> dict[str, Any]:
    """DescribeManagedPrefixLists: those of the account, of AWS, and of others that share theirs."""
    named = {prefix_list_by_id(state, list_id).id for list_id in params.get("PrefixListIds", ())}
    shown = (known for known in state.prefix_lists.values() if known.id not in state.hidden)
    lists = [known for known in shown if not named or known.id in named]
    found = matching(state, lists, params, _FILTERS, lambda known: known.tags)
    of_page, following = page(found, params, _SIZES, _SIZES[-1])
    return {"PrefixLists": [prefix_list_row(state, known) for known in of_page], **following}


def entries(state: State, params: Params) -> dict[str, Any]:
    """GetManagedPrefixListEntries: of the current version, or of TargetVersion."""
    list_id = checks.prefix_list_id(params.get("PrefixListId", ""))
    if list_id in state.hidden or list_id not in state.prefix_lists:
        raise Ec2Error("InvalidPrefixListID.NotFound", f"The prefix list ({list_id}) does not exist.")
    known = prefix_list_by_id(state, list_id)
    version = entries_of(known, params.get("TargetVersion", known.version))
    shown, following = page(version, params, _SIZES, _SIZES[-1])
    return {"Entries": [_row(entry) for entry in shown], **following}


def associations(state: State, params: Params) -> dict[str, Any]:
    """GetManagedPrefixListAssociations: route tables are moto's, so security groups are all that is told."""
    users = referring(state, prefix_list_by_id(state, params.get("PrefixListId", "")).id)
    shown, following = page(users, params, _ASSOCIATION_SIZES, _ASSOCIATION_SIZES[-1])
    rows = [{"ResourceId": group.id, "ResourceOwner": group.owner or state.account} for group in shown]
    return {"PrefixListAssociations": rows, **following}


def entries_of(known: PrefixList, version: int) -> tuple[Entry, ...]:
    """The entries of one version, counted from one."""
    if not 1 <= version <= known.version:
        raise Ec2Error(
            "InvalidPrefixListVersion.NotFound", f"The prefix list '{known.id}' does not have a version '{version}'"
        )
    return known.versions[version - 1]


def _row(entry: Entry) -> dict[str, str]:
    described = {} if entry.description is None else {"Description": entry.description}
    return {"Cidr": entry.cidr, **described}
