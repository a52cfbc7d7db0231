"""The rules that AWS CLI commands restore, as values that can be compared with the rules of a before-image."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from cloudmend.controls.security_group_ingress.facts import Rule
from cloudmend.core.model import Intent, Json

# What a rule says; its id and ARN are AWS's.
FIELDS: Final = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "PrefixListId", "Description")

_MODIFY: Final = "modify-security-group-rules"
_AUTHORIZE: Final = "authorize-security-group-ingress"
# Where a permission has a source, and under which name a rule has it.
_SOURCES: Final = {
    "IpRanges": ("CidrIp", "CidrIpv4"),
    "Ipv6Ranges": ("CidrIpv6", "CidrIpv6"),
    "PrefixListIds": ("PrefixListId", "PrefixListId"),
}

Tags = tuple[tuple[str, str], ...]


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
