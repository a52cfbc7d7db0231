"""How the settings of a control stand in a policy file, if a value means more than its type says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from cloudmend.core.policy.place import Key
from cloudmend.core.policy.review import Review

S = TypeVar("S")


class Keys(Struct, Generic[S], frozen=True, kw_only=True):
    """The keys of `[control.ID]`, and what they mean.

    `read` takes the table, the key where it stands, and the review that collects what is wrong with it; it returns
    settings in any case. `write` is its inverse, for JSON.
    """

    table: type[
        Struct
    ]  # a field for each key, with its default; a list's type lets None in, for items that were refused
    examples: Mapping[str, str]  # by dotted key: a line of TOML, as an error tells to write it
    read: Callable[[Any, Key, Review], S]
    write: Callable[[S], Mapping[str, Any]]
    say: Callable[[S], Iterable[str]]  # a sentence for each setting
