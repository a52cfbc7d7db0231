"""A specimen: a control, and a way in which a person puts a resource of its kind at fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from cloudmend.core.contract import Control

Client = Callable[[str], Any]  # a botocore client by the name of its service
_Test = TypeVar("_Test", bound=Callable[..., None])


class Specimen(NamedTuple):
    """A control, and how a resource of its kind is put at fault. `open` returns the resource's id.

    `disturb` changes something of the resource that is not at fault, as somebody else might meanwhile: its value must
    contain `added`. `worsen` puts something more of it at fault. Neither is needed where there is no such
    thing. `unused` are actions that the control needs for another kind of resource alone. `policy` are lines of the
    control's table without which it mends nothing. `by_event`: only the event of a call says what mends it, so that a
    look without one reports it.
    """

    control: Control[Any]
    open: Callable[[Client], str]
    disturb: Callable[[Client, str], None] | None = None
    worsen: Callable[[Client, str], None] | None = None
    unused: tuple[str, ...] = ()
    added: str = "added-meanwhile"
    policy: str = ""
    by_event: bool = False


def name(specimen: Specimen) -> str:
    """Return the name of a specimen in the names of tests."""
    return specimen.control.id


def needs(what: Callable[[Specimen], object]) -> Callable[[_Test], _Test]:
    """Mark a test that is about those specimens alone for which `what` is true."""

    def mark(test: _Test) -> _Test:
        vars(test)["needs"] = what
        return test

    return mark
