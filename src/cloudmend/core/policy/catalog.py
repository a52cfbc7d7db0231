"""The controls that a policy can speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from cloudmend.core.policy.keys import Keys
from cloudmend.core.policy.model import Mode
from cloudmend.core.policy.place import MODE, SETTINGS, Parameter, Step


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
        """All settings that override a policy file."""
        return (*self.parameters, MODE, SETTINGS)
