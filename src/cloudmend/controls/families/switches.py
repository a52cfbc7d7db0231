"""Controls of settings with ordered values: one of them is wanted, a laxer one is at fault, a stricter one is left.

The mend sets the wanted value, and the undo sets the former one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from msgspec import Struct

from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    Meaning,
    Parts,
    ResourceType,
    Right,
    Severity,
    State,
    Trigger,
    View,
    each,
)
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Words
from cloudmend.core.policy.model import Mode
from cloudmend.core.ports import Call, Reader
from cloudmend.core.target import values_at

_S = TypeVar("_S")
_POLICY: Final = "declarative-policy"
_UNKNOWN: Final = "cloudmend does not know how strict this value is"
_MANAGED: Final = "a declarative policy of the organization sets it, and the account cannot change it"


class Standing(Struct, frozen=True, kw_only=True):
    """The circumstances of a setting: why it is only reported, or why it cannot be changed now."""

    restraint: str = ""
    wait: str = ""


def ask(reader: Reader, service: str, operation: str) -> Json:
    """Return AWS's answer about a setting that each account has in each Region. Raises AwsError."""
    return reader.get(Call(service, operation)) or {}


def asked(call: ApiCall, path: str) -> Any:
    """Return the value at a path of a call's request: "Options.AutoAcceptSharedAttachments". None: it has none.

    Newer calls of EC2 have their request within a field that is named after them.
    """
    places = (f"request.{call.name}Request.{path}", f"request.{path}")
    return next((value for place in places for value in values_at(call, place)), None)


def managed(answer: Json) -> Standing:
    """Return the circumstances of a setting from EC2's answer, which says who manages it."""
    return Standing(restraint=_MANAGED if answer.get("ManagedBy") == _POLICY else "")


def switch(
    *,
    id: str,  # noqa: A002 - the name of the control's field
    title: str,
    resource: ResourceType,
    part: str,
    values: Sequence[Any],
    wanted: Callable[[_S], Any],
    settings: type[_S],
    read: Callable[[Resource, Reader, _S], State | None],
    put: Callable[[Resource, State, Parts], Iterable[Call]],
    triggers: tuple[Trigger, ...],
    reads: tuple[Right, ...],
    writes: tuple[Right, ...],
    undoes: tuple[Right, ...],
    effect: str,
    words: Words,
    advice: str,
    severity: Severity = "medium",
    mode: Mode = "observe",
    references: tuple[str, ...] = (),
    every: Callable[[Resource, Reader, _S], Iterable[str]] | None = None,
    says: Callable[[ApiCall], Any] | None = None,
    say: Callable[[Any], str] = str,
    errors: Mapping[str, Meaning] = {},
    settles_in: timedelta = timedelta(),
    whole: bool = False,
) -> Control[_S]:
    """Return the control of one setting.

    `part` is its name in AWS's words, and `values` has what it can be, the laxest first. The state's context is a
    Standing. `effect` completes "it is VALUE, so ...". `says` returns the value that a call of `triggers` sets; None:
    the call says nothing of it. A value that is not in `values` is only reported.
    """

    def judge(view: View, asked: _S) -> Iterator[Finding]:
        value, good = view.parts[part], wanted(asked)
        now: Standing = view.state.context or Standing()
        if value not in values:
            yield Finding(part=part, why=f"it is {say(value)}", mended=good, restraint=_UNKNOWN)
        elif values.index(value) < values.index(good):
            why = f"it is {say(value)}, so {effect}"
            yield Finding(part=part, why=why, mended=good, restraint=now.restraint, wait=now.wait)

    def step(before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
        value = says(call) if says else None
        return Followed(before if value is None else State({part: value}))

    return Control[_S](
        id=id,
        title=title,
        severity=severity,
        mode=mode,
        references=references,
        advice=advice,
        words=words,
        hints=Hints(again="set it back", change=f"leave {part} as the mend set it"),
        resource=resource,
        triggers=triggers,
        reads=reads,
        writes=writes,
        undoes=undoes,
        read=read,
        judge=judge,
        put=put,
        every=every,
        settings=settings,
        follow=Following(calls=triggers, step=step) if says else None,
        say=say,
        did=lambda step: f"set {step.part} from {say(step.before)} to {say(step.after)}",
        errors=errors,
        settles_in=settles_in,
        whole=whole,
    )


def sets(put: Callable[[Resource, Any], Call]) -> Callable[[Resource, State, Parts], Iterable[Call]]:
    """Return the `put` of a control whose one part is set by one call, made of the resource and the value."""
    return each(lambda resource, _, __, then: put(resource, then))


def on_off(value: Any) -> str:
    """Return a flag in words."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
