"""The state that a record tells, to compare with the present: the rules that its commands restore, and its lists."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from cloudmend.controls.families.groups import FIELDS, Rule
from cloudmend.core.contract import Difference
from cloudmend.core.errors import AwsError
from cloudmend.core.escaping import plural
from cloudmend.core.model import Intent, Json, Request
from cloudmend.core.ports import Reader

_MODIFY: Final = "modify-security-group-rules"
_AUTHORIZE: Final = "authorize-security-group-ingress"
# Where a permission has a source, and under which name a rule has it.
_SOURCES: Final = {
    "IpRanges": ("CidrIp", "CidrIpv4"),
    "Ipv6Ranges": ("CidrIpv6", "CidrIpv6"),
    "PrefixListIds": ("PrefixListId", "PrefixListId"),
}

Tags = tuple[tuple[str, str], ...]
_NAMED: Final = 3  # how many ranges a sentence names


class Contradiction(Exception):
    """A contradiction within a record."""


class Return(NamedTuple):
    """A call that restores a rule: a Modify of the rule with this id, or an Authorize, which names none."""

    group_id: str
    rule_id: str
    fields: tuple[Any, ...]
    tags: Tags = ()


def fields_of(rule: Rule) -> tuple[Any, ...]:
    """Return all that a rule says; an empty text is no text."""
    return tuple(None if value == "" else value for value in map(rule.row.get, FIELDS))


def tags_of(rule: Rule) -> Tags:
    return _tags(rule.row.get("Tags", ()))


def given_back(commands: Iterable[str], intent: Intent) -> Iterator[Return]:
    """Yield what AWS CLI commands give back, rule by rule."""
    for text in commands:
        aws, service, operation, region_option, region, body_option, body = shlex.split(text)
        if (aws, service, region_option, body_option) != ("aws", "ec2", "--region", "--cli-input-json"):
            raise Contradiction(f"it holds a command that is not cloudmend's: {text[:80]}")
        if region != intent.region:
            raise Contradiction(f"it belongs to {intent.region}, and one of its commands is for {region}")
        yield from _of_command(operation, msgspec.json.decode(body))


def _of_command(operation: str, params: Json) -> Iterator[Return]:
    if operation == _MODIFY:
        for update in params["SecurityGroupRules"]:
            rule = Rule(update["SecurityGroupRule"])
            yield Return(params["GroupId"], update["SecurityGroupRuleId"], fields_of(rule))
    elif operation == _AUTHORIZE:
        (permission,) = params["IpPermissions"]
        tags = [tag for each in params.get("TagSpecifications", ()) for tag in each["Tags"]]
        yield Return(params["GroupId"], "", fields_of(_permitted(permission)), _tags(tags))
    else:
        raise Contradiction(f"its undo would call {operation}")


def _permitted(permission: Json) -> Rule:
    """The one rule that a permission makes."""
    ((plural, (source,)),) = [(key, permission[key]) for key in _SOURCES if key in permission]
    member, field = _SOURCES[plural]
    described = {"Description": source.get("Description")}
    return Rule({**permission, field: source[member], **described})


def _tags(rows: Iterable[Json]) -> Tags:
    return tuple(sorted((tag["Key"], tag["Value"]) for tag in rows))


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
