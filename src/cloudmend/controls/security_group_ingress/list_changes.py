"""Compare a prefix list with its state when a rule that refers to it was revoked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from cloudmend.core.contract import Difference
from cloudmend.core.errors import AwsError
from cloudmend.core.escaping import plural
from cloudmend.core.model import Json, Request
from cloudmend.core.ports import Reader

_NAMED: Final = 3  # how many ranges a sentence names


class ListState(NamedTuple):
    """The content of a list. AWS shows no version of its own lists, nor of a list that it does not describe.

    Where its `ranges` could not be read they are None.
    """

    version: int | None
    ranges: frozenset[str] | None

    def __str__(self) -> str:
        of_version = "" if self.version is None else f" in version {self.version}"
        return f"a prefix list{of_version} of {self._count}"

    @property
    def _count(self) -> str:
        return "unknown ranges" if self.ranges is None else plural(len(self.ranges), "range")

    def added(self, was: ListState) -> str:
        """The ranges that it did not hold; the first few by name."""
        new = sorted((self.ranges or frozenset()) - (was.ranges or frozenset()))
        more = f" and {len(new) - _NAMED:,} more" if len(new) > _NAMED else ""
        return f"; new are {', '.join(new[:_NAMED])}{more}" if new else ""


def list_before(list_id: str, image: Json) -> ListState:
    """Return the list of the before-image. Raises LookupError or TypeError for an image that is not cloudmend's."""
    unread = list_id in image.get("UnreadPrefixLists", {})
    return _state(list_id, image["PrefixLists"], None if unread else image["PrefixListEntries"].get(list_id))


def change_of(list_id: str, was: ListState, reader: Reader) -> Difference | None:
    """Return what differs now: its version or its ranges, or that it is gone. Raises AwsError.

    Both are compared, so that who changed one of the two in the ledger is found out.
    """
    filters = [{"Name": "prefix-list-id", "Values": [list_id]}]
    try:
        described = reader.rows(Request("ec2:DescribeManagedPrefixLists", {"Filters": filters}), "PrefixLists")
        entries = reader.rows(Request("ec2:GetManagedPrefixListEntries", {"PrefixListId": list_id}), "Entries")
    except AwsError as error:
        if not error.code.endswith(".NotFound"):
            raise
        return Difference(part=list_id, expected=str(was), found="no such prefix list")
    now = _state(list_id, described, entries)
    return None if was == now else Difference(part=list_id, expected=str(was), found=f"{now}{now.added(was)}")


def _state(list_id: str, described: Iterable[Json], entries: Iterable[Json] | None) -> ListState:
    versions = {row["PrefixListId"]: row.get("Version") for row in described}
    return ListState(versions.get(list_id), None if entries is None else frozenset(entry["Cidr"] for entry in entries))
