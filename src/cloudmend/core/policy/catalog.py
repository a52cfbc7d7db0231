"""The keys of a policy file, the settings that override them, and the form of the ids that they choose."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

from msgspec import Struct

from cloudmend.core.policy.location import MODE, SETTINGS, Key, Location, Parameter, Refused, Review, Step
from cloudmend.core.policy.model import Mode

S = TypeVar("S")


class Form(Struct, frozen=True):
    """The form of an id."""

    words: str
    pattern: str
    example: str = ""


FORMS: Final = {
    "vpc": Form("the id of a VPC", "vpc-[0-9a-f]{8,17}", "vpc-0123456789abcdef0"),
    "account": Form("the id of an account", "[0-9]{12}", "111122223333"),
    "actor_role": Form(
        "the ARN of a role", r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", "arn:aws:iam::111122223333:role/NAME"
    ),
}


def check_id(form: Form, value: str, location: Location) -> None:
    if not re.fullmatch(form.pattern, value, re.ASCII):
        such_as = f": {form.example}" if form.example else ""
        raise Refused(location, f"{value!r} is not {form.words}", f"Write it in full, without wildcards{such_as}.")


class Keys(Struct, Generic[S], frozen=True, kw_only=True):
    """The keys of `[control.ID]`, and what they mean.

    `read` takes the table, the key where it stands, and the review that collects its faults; it returns
    settings in any case. `write` is its inverse, for JSON.
    """

    table: type[
        Struct
    ]  # a field for each key, with its default; a list's type lets None in, for items that were refused
    examples: Mapping[str, str]  # by dotted key: a line of TOML, as an error tells to write it
    read: Callable[[Any, Key, Review], S]
    write: Callable[[S], Mapping[str, Any]]
    say: Callable[[S], Iterable[str]]  # a sentence for each setting


class Kind(Protocol):
    """The part of a resource type that a policy depends on."""

    @property
    def noun(self) -> str: ...

    @property
    def id_pattern(self) -> str: ...


class Described(Protocol):
    """The part of a control that a policy depends on."""

    @property
    def id(self) -> str: ...

    @property
    def settings(self) -> type[Any]:
        """The type of its settings. Without `keys`, its fields are the keys of `[control.ID]`."""

    @property
    def mode(self) -> Mode:
        """Its default."""

    @property
    def resource(self) -> Kind: ...

    @property
    def keys(self) -> Keys[Any] | None: ...


class Catalog(Struct, frozen=True):
    """The controls by id, the settings that stand for one of their keys, and the keys that have moved to a control.

    A control is looked up only if the policy has settings for it, so `controls` can import each when it is asked for.
    """

    controls: Mapping[str, Described]
    parameters: tuple[Parameter, ...] = ()
    first: str = ""  # the control that an exemption without `control` is about
    moved: Mapping[str, tuple[Step, ...]] = {}  # a key of the top level -> the key in its place

    @property
    def settings(self) -> tuple[Parameter, ...]:
        """The settings that override a policy file, all of them."""
        return (*self.parameters, MODE, SETTINGS)
