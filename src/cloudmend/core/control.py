"""The functions of security groups, for the commands that look: scan, explain, fix, replay and the console."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from cloudmend.core.ledger import Entry
from cloudmend.core.model import ApiCall, Finding, Plan, Resource
from cloudmend.core.policy import Mode, Policy
from cloudmend.core.ports import Reader


class Expansion(Struct, frozen=True):
    """The resources that a target resolves to, as far as they could be read.

    `unread` says in a sentence what could not be, and why; `nothing` what it means that there is no resource.
    """

    resources: tuple[Resource, ...]
    unread: str = ""
    nothing: str = ""


class Control(Struct, frozen=True, kw_only=True):
    """Its functions are pure but those with a Reader, which read. Its facts are of its own kind of model.Facts."""

    id: str  # for life
    title: str
    event_source: str
    event_names: frozenset[str]
    permissions: frozenset[str]  # IAM actions: all that its requests use, and no other
    targets: Callable[[ApiCall], tuple[Resource, ...]]  # where to look; raises EventError
    expand: Callable[[Resource, Reader, Policy], Expansion]  # a target -> what to mend there
    observe: Callable[[Resource, Reader, Policy], Any]  # the facts; None: it is gone
    surroundings: Callable[[Resource, Reader], Any]  # what only a mend needs, and is read beside the facts
    complete: Callable[[Any, Any, Reader, Policy], Any]  # the facts, with their surroundings
    without: Callable[[Any, frozenset[str]], Any]  # the facts, as if parts were not there
    dated: Callable[[Any, Iterable[Entry]], Any]  # the facts, with the parts' age as mends tell it
    marks: Callable[[Any], Mapping[str, frozenset[str]]]  # of facts, by part: what it says, the same of equal parts
    detect: Callable[[Any, Policy], tuple[Finding, ...]]
    all_clear: Callable[[Any, Policy], str]  # what holds where it finds nothing, for a sentence; the facts may be None
    plan: Callable[[Any, tuple[Finding, ...], Policy], Plan]
    check: Callable[[Any, Plan, Policy], None]  # raises UnsafePlan
    settings: type[Any]  # of the policy
    on_flapping: Callable[[Policy], Policy]  # the policy for what is opened again and again
    mode: Mode = "fix"  # its default

    def watches(self, call: ApiCall) -> bool:
        return call.source == self.event_source and call.name in self.event_names
