"""The shape of a policy file: the tables and keys that all controls share, and how a table is read as a Struct."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct

from cloudmend.core.policy.layers import Given
from cloudmend.core.policy.location import Key, Refused, Review, did_you_mean

T = TypeVar("T", bound=Struct)


class ModeTable(Struct, frozen=True):
    """The modes of a table. Their names are ids that the file chooses.

    So the values are read one by one, for errors that name them. A mode that is a word instead of a table is its
    default.
    """

    default: object = None
    account: Mapping[str, object] = {}
    vpc: Mapping[str, object] = {}


class AllModesTable(ModeTable, frozen=True):
    """The modes of all controls."""

    default: object = "fix"
    control: Mapping[str, object] = {}  # where files of earlier versions have the mode of a control


class ExistingTable(Struct, frozen=True):
    """The treatment of faults from before cloudmend. A word instead of a table is its default."""

    default: object = None
    account: Mapping[str, object] = {}


class AllExistingTable(ExistingTable, frozen=True):
    """The treatment of such faults by all controls."""

    default: object = "observe"


REQUIRED: Final = ("owner", "reason", "expires")  # of an exemption: asked for where it is read


class ExemptionTable(Struct, frozen=True):
    """A table `[[exemption]]` of the file."""

    owner: str | None = None
    reason: str | None = None
    expires: object = None  # a date or a datetime; msgspec has no union of the two
    control: str | None = None
    resource: str | None = None
    group: str | None = None  # where files of earlier versions have the resource
    vpc: str | None = None
    account: str | None = None
    actor_role: str | None = None


class PolicyFile(Struct, frozen=True):
    """A whole file; an absent key has its default. An item of a list that was refused is None, and keeps its place."""

    control: Mapping[str, object] = {}  # by id: a table that the control's own Struct reads
    mode: AllModesTable = AllModesTable()
    existing: AllExistingTable = AllExistingTable()
    exemption: tuple[ExemptionTable | None, ...] = ()


# The keys of the tables above, as an error message tells a person to write them.
EXAMPLES: Final = {
    "control": "[control.s3_bucket_block_public_access]",
    "mode": "[mode]",
    "mode.default": 'default = "fix"',
    "mode.control": 'control = { sqs_policy_public = "observe" }',
    "mode.account": 'account = { 111122223333 = "observe" }',
    "mode.vpc": 'vpc = { vpc-0123456789abcdef0 = "observe" }',
    "existing": "[existing]",
    "existing.default": 'default = "fix"',
    "existing.account": 'account = { 111122223333 = "fix" }',
    "exemption": "[[exemption]]",
    "exemption.owner": 'owner = "network-team@example.com"',
    "exemption.reason": 'reason = "The vendor has no VPN yet"',
    "exemption.expires": "expires = 2030-06-30",
    "exemption.control": 'control = "ebs_snapshot_public"',
    "exemption.resource": 'resource = "snap-0123456789abcdef0"',
    "exemption.group": 'group = "sg-0123456789abcdef0"',
    "exemption.vpc": 'vpc = "vpc-0123456789abcdef0"',
    "exemption.account": 'account = "111122223333"',
    "exemption.actor_role": 'actor_role = "arn:aws:iam::111122223333:role/Break-Glass"',
}


# Keys of earlier versions.
OLD: Final = frozenset({"mode.control", "exemption.group"})


class Reading(Struct, frozen=True):
    """A reader of raw TOML as Structs, value by value, so that a wrong value hides no other."""

    review: Review
    examples: Mapping[str, str]  # lines of TOML by dotted key, as errors tell to write them
    above: int = 0  # how many steps of a key the examples leave out
    moved: Mapping[str, str] = {}  # keys that stand in another table

    def table(self, kind: type[T], raw: Mapping[str, object], key: Key) -> T:
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        values = {}
        for name, value in raw.items():
            inner = key.at(name)
            if name not in fields:
                self.review.refuse(inner, "there is no such key", did_you_mean(name, fields, self.moved))
            elif (read := self.value(fields[name], value, inner)) is not None:
                values[name] = read
        return kind(**values)

    def value(self, kind: Any, raw: object, key: Key) -> Any:
        """Return the value of a key; None if it is of a wrong type."""
        table = next((each for each in (kind, *get_args(kind)) if is_table(each)), None)
        if table and isinstance(raw, dict):
            return self.table(table, raw, key)
        if isinstance(raw, Given):
            raw = _typed(kind, raw)
        if isinstance(raw, list) and get_origin(kind) is tuple:
            return tuple(self.value(get_args(kind)[0], item, key.at(index)) for index, item in enumerate(raw))
        if isinstance(raw, dict) and get_origin(kind) is Mapping:
            return {name: self.value(get_args(kind)[1], item, key.at(name)) for name, item in raw.items()}
        if get_origin(kind) is Literal:
            return self.review.attempt(None, _one_of, get_args(kind), raw, key)
        return self.review.attempt(None, self._converted, kind, raw, key)

    def _converted(self, kind: Any, raw: object, key: Key) -> Any:
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            problem = str(error).partition(" - at ")[0].replace("`", "").replace("object", "table")
            expected = problem.replace(" | null", "").removeprefix("Expected ")
            advice = f"Write for example {self.example(key)}."
            raise Refused(key, f"this should be of type {expected}", advice) from None

    def example(self, key: Key) -> str:
        """Return a line of TOML that sets the key, or the table that holds it."""
        steps = [step for step in key.steps[self.above :] if isinstance(step, str)]
        names = (".".join(steps[:count]) for count in range(len(steps), 0, -1))
        return next(self.examples[name] for name in names if name in self.examples)


def _one_of(words: tuple[Any, ...], raw: object, key: Key) -> Any:
    if raw not in words:
        raise Refused(key, f"{raw!r} is none of its values", did_you_mean(str(raw), map(str, words)))
    return raw


def is_table(kind: Any) -> bool:
    """Return whether a type is a table of its own."""
    return isinstance(kind, type) and issubclass(kind, Struct)


_INTEGER: Final = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?", re.ASCII)
_WORDS: Final = {"true": True, "false": False}


def _typed(kind: Any, text: str) -> object:
    """Return the value of a setting's text: a list at commas, or a number or a word if the type has those."""
    if text.startswith("["):
        return _toml(text)
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        return [_typed(item, each.strip()) for each in text.split(",") if each.strip()]
    kinds = (kind, *get_args(kind))
    if (int in kinds and _INTEGER.fullmatch(text)) or (float in kinds and _NUMBER.fullmatch(text)):
        return _toml(text)
    return _WORDS.get(text, text) if bool in kinds else str(text)


def _toml(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text
