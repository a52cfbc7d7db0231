"""The shape of a policy file: its tables and keys. What a value means is read elsewhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.place import GUARDED_PORTS, MODE, REPLACEMENT, Document, Key, did_you_mean


class LimitsTable(Struct, frozen=True, forbid_unknown_fields=True):
    ipv4: int | str = "/12"
    ipv6: int | str = "/40"


class TrustedTable(Struct, frozen=True, forbid_unknown_fields=True):
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()


class ReplacementTable(Struct, frozen=True, forbid_unknown_fields=True):
    ipv4: str = REPLACEMENT[4].default
    ipv6: str = REPLACEMENT[6].default


class ModeTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The names are ids that the file chooses, so their values are read one by one, for errors that name them."""

    default: object = MODE.default
    control: Mapping[str, object] = {}
    account: Mapping[str, object] = {}
    vpc: Mapping[str, object] = {}


class ExemptionTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    owner: str
    reason: str
    expires: object  # a date or a datetime; msgspec has no union of the two
    group: str | None = None
    vpc: str | None = None
    account: str | None = None
    actor_role: str | None = None


class PolicyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file; an absent key has its default."""

    guarded: tuple[int | str, ...] = tuple(GUARDED_PORTS.default.split(","))
    aws_prefix_lists: object = "trusted"
    limits: LimitsTable = LimitsTable()
    trusted: TrustedTable = TrustedTable()
    replacement: ReplacementTable = ReplacementTable()
    mode: ModeTable = ModeTable()
    exemption: tuple[ExemptionTable, ...] = ()


# Every key of the tables above, as an error tells to write it.
EXAMPLES: Final = {
    "guarded": 'guarded = ["remote-admin", 5432, "8000-8100", "udp/53"]',
    "aws_prefix_lists": 'aws_prefix_lists = "trusted"',
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


def read_file(document: Document) -> PolicyFile:
    """The tables of a policy file; raises PolicyError for what is no TOML, unknown keys and wrong types."""
    try:
        table = tomllib.loads(document.text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{document.name} is not TOML: {error}. Correct it there. Nothing was changed.") from None
    try:
        return msgspec.convert(table, PolicyFile)
    except msgspec.ValidationError as error:
        raise _misshapen(document, str(error)) from None


def example(key: Key) -> str:
    """A line of TOML that sets the key."""
    return EXAMPLES[_name(key)]


_STEPS: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_FIELD: Final = re.compile(r"Object (contains unknown|missing required) field `(.+)`")


def _misshapen(document: Document, message: str) -> PolicyError:
    """msgspec's "Expected `str`, got `int` - at `$.exemption[0].owner`", in our words and with its place."""
    problem, _, path = message.partition(" - at `$")
    key = document.at(*(int(index) if index else name for name, index in _STEPS.findall(path)))
    if not (field := _FIELD.fullmatch(problem)):
        expected = problem.replace("`", "").replace("object", "table").removeprefix("Expected ")
        return key.error(f"this should be of type {expected}", f"Write for example {example(key)}.")
    inner = key.at(field[2])
    if field[1] == "missing required":
        return key.error(f"{field[2]} is missing", f"Add a line such as {example(inner)}.")
    siblings = [name.rpartition(".")[2] for name in EXAMPLES if name.rpartition(".")[0] == _name(key)]
    return inner.error("there is no such key", did_you_mean(field[2], siblings))


def _name(key: Key) -> str:
    """The key in EXAMPLES: without the indices of lists."""
    return ".".join(step for step in key.steps if isinstance(step, str))
