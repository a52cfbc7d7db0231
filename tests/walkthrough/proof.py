"""A proof that a control mends what a call of the AWS CLI opened, and the person who types such calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from walkthrough.conftest import run


class Someone(Protocol):
    """Whoever types commands into a terminal with an environment."""

    @property
    def environment(self) -> dict[str, str]: ...


class Proof(NamedTuple):
    """How a person makes a resource and opens it with the AWS CLI, and how it is read; what is true of it mended."""

    control: str
    noun: str
    make: Callable[[Someone, str], str]  # from a name to an id
    open: Callable[[str], Sequence[str]]
    read: Callable[[Someone, str], Any]
    mended: Any
    said: str
    restored: str
    again: int = 0  # the exit status of the AWS CLI if it opens what is open


def cli(account: Someone, *words: str) -> Any:
    return json.loads(run(["aws", *words], account.environment).stdout or "null")
