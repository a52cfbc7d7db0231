"""A managed prefix list of a backend, and the calls that most tests make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Listed:
    ec2: Any
    id: str

    def modify(self, *, add: Sequence[str] = (), remove: Sequence[str] = (), **more: Any) -> dict[str, Any]:
        """ModifyManagedPrefixList, with these CIDRs; the list's row in the answer."""
        entries = {
            name: [{"Cidr": cidr} for cidr in cidrs]
            for name, cidrs in (("AddEntries", add), ("RemoveEntries", remove))
            if cidrs
        }
        row: dict[str, Any] = self.ec2.modify_managed_prefix_list(PrefixListId=self.id, **entries, **more)["PrefixList"]
        return row

    def cidrs(self, **more: Any) -> list[str]:
        """Of all pages of the entries."""
        pages = self.ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=self.id, **more)
        return [entry["Cidr"] for page in pages for entry in page["Entries"]]

    def shown(self) -> dict[str, Any]:
        """The list's row of DescribeManagedPrefixLists."""
        row: dict[str, Any] = self.ec2.describe_managed_prefix_lists(PrefixListIds=[self.id])["PrefixLists"][0]
        return row


def create(ec2: Any, *cidrs: str, size: int = 10, family: str = "IPv4", **more: Any) -> Listed:
    """CreateManagedPrefixList."""
    entries = [{"Cidr": cidr} for cidr in cidrs]
    answer = ec2.create_managed_prefix_list(
        **{"PrefixListName": "offices", "MaxEntries": size, "AddressFamily": family, "Entries": entries, **more}
    )
    return Listed(ec2, answer["PrefixList"]["PrefixListId"])
