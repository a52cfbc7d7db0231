"""Controls of settings with ordered values: one of them is wanted, a laxer one is at fault, a stricter one is left.

The mend sets the wanted value, and the undo sets the former one. A switch is slow if AWS applies later what it accepted
(`settles_in`): while AWS applies a change, the value that it shows may be the old one.
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
    Patch,
    ResourceType,
    Right,
    Severity,
    State,
    Trigger,
    View,
    each,
)
from cloudmend.core.events import mapping
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Step, Words
from cloudmend.core.policy.model import Mode
from cloudmend.core.ports import Call, Reader
from cloudmend.core.target import values_at

_S = TypeVar("_S")
_POLICY: Final = "declarative-policy"
_UNKNOWN: Final = "cloudmend does not know how strict this value is"
_MANAGED: Final = "a declarative policy of the organization sets it, and the account cannot change it"
_CHANGING: Final = "AWS applies a change to it, and may show its old value until then"
_AGAIN: Final = "it is looked at again until AWS has applied the change"


class Standing(Struct, frozen=True, kw_only=True):
    """The circumstances of a setting: why it is only reported, or why it cannot be changed now.

    `changing` is the status that says that AWS applies a change, which may be one of the setting.
    """

    restraint: str = ""
    wait: str = ""
    changing: str = ""


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


class _Switch(Struct, frozen=True):
    """The functions of the control of one setting: see `switch` for the fields."""

    part: str
    values: Sequence[Any]
    wanted: Callable[[Any], Any]
    effect: str
    says: Callable[[ApiCall], Any] | None
    say: Callable[[Any], str]
    beside: tuple[str, ...]
    ends: frozenset[str]  # names of calls

    def judge(self, view: View, settings: Any) -> Iterator[Finding]:
        value, good = view.parts[self.part], self.wanted(settings)
        now: Standing = view.state.context or Standing()
        if value not in self.values:
            yield Finding(part=self.part, why=f"it is {self.say(value)}", mended=good, restraint=_UNKNOWN)
        elif self._is_laxer(value, good):
            why = f"it is {self.say(value)}, so {self.effect}"
            held = {"restraint": now.restraint, "wait": now.wait}
            yield Finding(part=self.part, why=why, mended=good, beside=self.beside, **held)
        elif now.changing and self._may_open(view.cause, good):
            yield Finding(part=self.part, why=f"{_CHANGING} ({now.changing})", mark=_CHANGING, wait=_AGAIN)

    def mend(self, view: View, findings: Sequence[Finding], _: Any) -> Patch:
        gone = {each: None for each in self.beside if each in view.parts}
        return gone | {finding.part: finding.mended for finding in findings}

    def did(self, step: Step) -> str:
        if step.after is None:
            return f"let go of {step.part} {self.say(step.before)}"
        return f"set {step.part} from {self.say(step.before)} to {self.say(step.after)}"

    def unseen(self, call: ApiCall, resource: Resource, image: Json | None) -> Mapping[str, str]:
        """Return what a call sets and an image does not show, in words; nothing if it shows a value that is as lax."""
        if image is None:
            return {resource.id: f"{resource.label} itself"}
        value = self._said_by(call)
        is_late = self._is_laxer(value, mapping(image["parts"]).get(self.part))
        return {self.part: f"{self.part} {self.say(value)}"} if is_late else {}

    def step(self, before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
        if call.name in self.ends:
            return Followed(None)
        value = self._said_by(call)
        return Followed(before if value is None else State({self.part: value}))

    def _said_by(self, call: ApiCall) -> Any:
        return self.says(call) if self.says else None

    def _is_laxer(self, value: Any, other: Any) -> bool:
        known = value in self.values and other in self.values
        return known and self.values.index(value) < self.values.index(other)

    def _may_open(self, call: ApiCall, good: Any) -> bool:
        """Return whether the change under way may open it. A later look no longer knows what the call said."""
        return not call.request or self._is_laxer(self._said_by(call), good)


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
    beside: tuple[str, ...] = (),
    ends: tuple[Trigger, ...] = (),
) -> Control[_S]:
    """Return the control of one setting.

    `part` is its name in AWS's words, and `values` has what it can be, the laxest first. The state's context is a
    Standing. `effect` completes "it is VALUE, so ...". `says` returns the value that a call of `triggers` sets; None:
    the call says nothing of it. A value that is not in `values` is only reported. `beside` are parts that the mend
    takes away too, and that the undo brings back. `ends` are the calls after which the resource is gone.
    """

    made = _Switch(part, values, wanted, effect, says, say, beside, frozenset(each.name for each in ends))
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
        judge=made.judge,
        put=put,
        every=every,
        settings=settings,
        follow=Following(calls=(*triggers, *ends), step=made.step) if says else None,
        mend=made.mend if beside else None,
        unseen=made.unseen if settles_in else None,
        say=say,
        did=made.did,
        errors=errors,
        settles_in=settles_in,
        whole=whole,
    )


def sets(put: Callable[[Resource, Any], Call]) -> Callable[[Resource, State, Parts], Iterable[Call]]:
    """Return the `put` of a control whose one part is set by one call, made of the resource and the value."""
    return each(lambda resource, _, __, then: put(resource, then))


def flag(value: Any) -> Any:
    """Return a flag as a bool, also if a record has it as a text; any other value as it is."""
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def asked_public(call: ApiCall) -> Any:
    """Return the PubliclyAccessible that a call sets; of a creation without it, what AWS chose, by its answer."""
    asked = call.request.get("publiclyAccessible")
    if asked is None and not call.name.startswith("Modify"):
        asked = call.response.get("publiclyAccessible")
    return flag(asked)


def public_private(value: Any) -> str:
    """Return PubliclyAccessible in words."""
    return {True: "public", False: "private"}[value] if isinstance(value, bool) else str(value)


def on_off(value: Any) -> str:
    """Return a flag in words."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
