"""Reads prefix lists. One that cannot be read costs itself alone: what can be read is judged without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.controls.security_group_ingress.facts import Unread
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Json, Request
from cloudmend.core.ports import Reader, Rows

_FILTER_VALUES: Final = 200  # the most that one filter may hold
_ENTRIES_PAGE: Final = 100
_AWS: Final = "AWS"  # the owner of AWS's own prefix lists


class Lists(Struct, frozen=True):
    """Prefix lists as AWS describes them, and by id the entries of those that are judged.

    Of what is `unread` there are the entries that came before the failure, or none.
    """

    described: Rows = ()
    entries: Mapping[str, Rows] = {}
    unread: Mapping[str, Unread] = {}

    def image(self) -> Json:
        """For the before-image."""
        unread = {"UnreadPrefixLists": {key: each.why for key, each in self.unread.items()}} if self.unread else {}
        return {"PrefixLists": list(self.described), "PrefixListEntries": self.entries, **unread}


def read_lists(ids: Sequence[str], reader: Reader, settings: Settings) -> Lists:
    """A list that AWS does not describe is judged by its entries, if they are shown: AWS's own are always described."""
    described: list[Json] = []
    unread: dict[str, Unread] = {}
    for some in _portions(ids):
        try:
            described += _described(some, reader)
        except AwsError as error:
            unread |= dict.fromkeys(some, _unread(error))
    trusted = {row["PrefixListId"] for row in described if settings.aws_prefix_lists == "trusted" and _is_of_aws(row)}
    entries: dict[str, Rows] = {}
    for list_id in (each for each in ids if each not in trusted and each not in unread):
        try:
            entries[list_id] = _entries(list_id, reader)
        except AwsError as error:
            entries[list_id], unread[list_id] = error.rows, _unread(error)
    return Lists(described, entries, unread)


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[first : first + _FILTER_VALUES] for first in range(0, len(ids), _FILTER_VALUES))


def _described(ids: Sequence[str], reader: Reader) -> Rows:
    """Return the lists, by a filter: in a request by ids, one missing list hides the others."""
    filters = [{"Name": "prefix-list-id", "Values": list(ids)}]
    return reader.lasting_rows(Request("ec2:DescribeManagedPrefixLists", {"Filters": filters}), "PrefixLists")


def _is_of_aws(row: Json) -> bool:
    return row.get("OwnerId") == _AWS


def _entries(list_id: str, reader: Reader) -> Rows:
    request = Request("ec2:GetManagedPrefixListEntries", {"PrefixListId": list_id, "MaxResults": _ENTRIES_PAGE})
    return reader.lasting_rows(request, "Entries")


def _unread(error: AwsError) -> Unread:
    return Unread(str(error), lasts=error.lasts)
