"""Controls of resources whose owner lists who else may use them, in a list where one word stands for every account.

The mend removes that word and the undo adds it. The rest of the list keeps its access, so the list is never reset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    Meaning,
    NoSettings,
    Parts,
    ResourceType,
    Right,
    State,
    Taken,
    Trigger,
    View,
    each,
)
from cloudmend.core.events import items, mapping
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Words
from cloudmend.core.ports import Call, Reader

_CLOSE: Final = "end its sharing with every AWS account. Accounts that are named keep their access"


def shared_with_everybody(
    *,
    id: str,  # noqa: A002 - the name of the control's field
    title: str,
    resource: ResourceType,
    triggers: tuple[Trigger, ...],
    read: Callable[[Resource, Reader, NoSettings], State | None],
    put: Callable[[Resource, str, Any, Any], Call],
    every: Callable[[Resource, Reader, NoSettings], Iterable[str]],
    reads: tuple[Right, ...],
    writes: tuple[Right, ...],
    undoes: tuple[Right, ...],
    may: str,
    witness: Callable[[Resource], str],
    advice: str,
    references: tuple[str, ...] = (),
    errors: Mapping[str, Meaning] = {},
    restraint: Callable[[State], str] = lambda _: "",
    says: Callable[[ApiCall], Parts] | None = None,
    follows: tuple[Trigger, ...] = (),
    taken: Taken | None = None,
) -> Control[NoSettings]:
    """Return the control of one kind of resource.

    A part is one list. Its value is true if every account stands in it. `may` says what every account may do then, as
    "copy it", and `witness` returns a command with which a stranger does it. `restraint` says why a resource is only
    reported, if it is. `says` returns what a call of `triggers` or `follows` makes of the parts; a part that it leaves
    out stays as it was. Without `says`, a replay does not judge the calls.
    """

    def judge(view: View, _: NoSettings) -> Iterator[Finding]:
        why, held = f"every AWS account may {may}", restraint(view.state)
        for part, is_shared in view.parts.items():
            if is_shared:
                yield Finding(part=part, why=why, mended=False, restraint=held, witness=witness(view.resource))

    return Control[NoSettings](
        id=id,
        title=title,
        severity="critical",
        references=references,
        advice=advice,
        words=Words(
            fault="shared with every AWS account",
            close=_CLOSE,
            prevent="Share it by their ids with the accounts that need it.",
        ),
        hints=Hints(again="share it again", change="end the sharing"),
        resource=resource,
        triggers=triggers,
        reads=reads,
        writes=writes,
        undoes=undoes,
        read=read,
        judge=judge,
        put=each(put),
        every=every,
        follow=Following(calls=(*triggers, *follows), step=_step(says)) if says else None,
        say=lambda shared: f"{'' if shared else 'not '}shared with every AWS account",
        did=lambda _: "ended its sharing with every AWS account",
        errors=errors,
        taken=taken,
    )


def _step(says: Callable[[ApiCall], Parts]) -> Callable[[State | None, Resource, ApiCall, datetime], Followed]:
    """Return what a call leaves of a resource. Of one that is not shared nothing need be known."""

    def step(before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
        parts = {**(before.parts if before else {}), **says(call)}
        return Followed(State(parts) if any(parts.values()) else None)

    return step


def turned(part: str, *, on: bool, off: bool) -> Parts:
    """Return what a call makes of a list, given whether it adds every account, and whether it removes it."""
    return {part: on} if on or off else {}


def ec2_turned(part: str, change: Any) -> Parts:
    """Return what a change of an EC2 permission makes of it, in CloudTrail's spelling: `{"add": {"items": [...]}}`."""
    lists = mapping(change)
    added, removed = (
        any(mapping(row).get("group") == "all" for row in items(lists.get(key))) for key in ("add", "remove")
    )
    return turned(part, on=added, off=removed)


def ec2_change(then: Any) -> Json:
    """Return the change of an EC2 permission, as a parameter of the API: every account comes, or goes."""
    return {"Add" if then else "Remove": [{"Group": "all"}]}
