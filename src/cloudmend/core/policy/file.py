"""The shape of a policy file: its tables and keys. What a value means is read elsewhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.place import GUARDED_PORTS, MODE, REPLACEMENT, Document, Key, Refused, did_you_mean
from cloudmend.core.policy.review import Review

T = TypeVar("T", bound=Struct)


class LimitsTable(Struct, frozen=True):
    ipv4: int | str = "/12"
    ipv6: int | str = "/40"


class TrustedTable(Struct, frozen=True):
    ipv4: tuple[str | None, ...] = ()
    ipv6: tuple[str | None, ...] = ()


class ReplacementTable(Struct, frozen=True):
    ipv4: str = REPLACEMENT[4].default
    ipv6: str = REPLACEMENT[6].default


class ModeTable(Struct, frozen=True):
    """The names are ids that the file chooses, so their values are read one by one, for errors that name them."""

    default: object = MODE.default
    control: Mapping[str, object] = {}
    account: Mapping[str, object] = {}
    vpc: Mapping[str, object] = {}


REQUIRED: Final = ("owner", "reason", "expires")  # of an exemption: asked for where it is read


class ExemptionTable(Struct, frozen=True):
    owner: str | None = None
    reason: str | None = None
    expires: object = None  # a date or a datetime; msgspec has no union of the two
    group: str | None = None
    vpc: str | None = None
    account: str | None = None
    actor_role: str | None = None


class PolicyFile(Struct, frozen=True):
    """A whole file; an absent key has its default. An item of a list that was refused is None, and keeps its place."""

    guarded: tuple[int | str | None, ...] = tuple(GUARDED_PORTS.default.split(","))
    aws_prefix_lists: object = "trusted"
    unreadable_prefix_lists: object = "report"
    limits: LimitsTable = LimitsTable()
    trusted: TrustedTable = TrustedTable()
    replacement: ReplacementTable = ReplacementTable()
    mode: ModeTable = ModeTable()
    exemption: tuple[ExemptionTable | None, ...] = ()


# Every key of the tables above, as an error tells to write it.
EXAMPLES: Final = {
    "guarded": 'guarded = ["remote-admin", 5432, "8000-8100", "udp/53"]',
    "aws_prefix_lists": 'aws_prefix_lists = "trusted"',
    "unreadable_prefix_lists": 'unreadable_prefix_lists = "report"',
    "limits": "[limits]",
    "limits.ipv4": 'ipv4 = "/12"',
    "limits.ipv6": 'ipv6 = "/40"',
    "trusted": "[trusted]",
    "trusted.ipv4": 'ipv4 = ["198.51.100.0/24"]',
    "trusted.ipv6": 'ipv6 = ["2001:db8:1::/48"]',
    "replacement": "[replacement]",
    "replacement.ipv4": 'ipv4 = "10.0.0.0/8"',
    "replacement.ipv6": 'ipv6 = "fd00::/8"',
    "mode": "[mode]",
    "mode.default": 'default = "fix"',
    "mode.control": 'control = { security_group_ingress = "observe" }',
    "mode.account": 'account = { 111122223333 = "observe" }',
    "mode.vpc": 'vpc = { vpc-0123456789abcdef0 = "observe" }',
    "exemption": "[[exemption]]",
    "exemption.owner": 'owner = "network-team@example.com"',
    "exemption.reason": 'reason = "The vendor has no VPN yet"',
    "exemption.expires": "expires = 2030-06-30",
    "exemption.group": 'group = "sg-0123456789abcdef0"',
    "exemption.vpc": 'vpc = "vpc-0123456789abcdef0"',
    "exemption.account": 'account = "111122223333"',
    "exemption.actor_role": 'actor_role = "arn:aws:iam::111122223333:role/Break-Glass"',
}


_AT: Final = re.compile(r"\(at line (\d+), column (\d+)\)")


def read_file(document: Document, review: Review) -> PolicyFile:
    """Return the tables of a policy file. What is unknown or of a wrong type is refused, and has its default.

    Raises:
        PolicyError: The text is not TOML.
    """
    try:
        table = tomllib.loads(document.text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(_not_toml(document, str(error))) from None
    return _Reading(review).table(PolicyFile, table, document.at())


def _not_toml(document: Document, problem: str) -> str:
    where = document.name
    if found := _AT.search(problem):
        where, problem = f"{where}, line {found[1]}", problem.replace(found[0], f"(column {found[2]})")
    return f"{where}: this is not TOML: {problem}. Correct it there."


class _Reading(Struct, frozen=True):
    """Raw TOML -> the Structs above, value by value, so that one that is wrong hides no other."""

    review: Review

    def table(self, kind: type[T], raw: Mapping[str, object], key: Key) -> T:
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        values = {}
        for name, value in raw.items():
            inner = key.at(name)
            if name not in fields:
                self.review.refuse(inner, "there is no such key", did_you_mean(name, fields))
            elif (read := self.value(fields[name], value, inner)) is not None:
                values[name] = read
        return kind(**values)

    def value(self, kind: Any, raw: object, key: Key) -> Any:
        """Return the value of a key; None if it is of a wrong type."""
        table = next((each for each in (kind, *get_args(kind)) if is_table(each)), None)
        if table and isinstance(raw, dict):
            return self.table(table, raw, key)
        if isinstance(raw, list) and get_origin(kind) is tuple:
            return tuple(self.value(get_args(kind)[0], item, key.at(index)) for index, item in enumerate(raw))
        return self.review.attempt(None, _converted, kind, raw, key)


def is_table(kind: Any) -> bool:
    """Return whether a type is a table of its own."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def _converted(kind: Any, raw: object, key: Key) -> Any:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        problem = str(error).partition(" - at ")[0].replace("`", "").replace("object", "table").replace(" | null", "")
        expected = problem.removeprefix("Expected ")
        raise Refused(key, f"this should be of type {expected}", f"Write for example {example(key)}.") from None


def example(key: Key) -> str:
    """A line of TOML that sets the key."""
    return EXAMPLES[_name(key)]


def _name(key: Key) -> str:
    """The key in EXAMPLES: without the indices of lists."""
    return ".".join(step for step in key.steps if isinstance(step, str))
