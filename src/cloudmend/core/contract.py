"""The contract of a control: it reads a resource as parts, judges them, and says which calls put them.

Everything else (plan, inverse, check, proof, undo, sweep, words, rights) is derived from these values, once for all
controls. A simple control sets neither of the fields below the line that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec
from msgspec import UNSET, Struct

from cloudmend.core.call import Call
from cloudmend.core.events import mapping
from cloudmend.core.ledger import Entry
from cloudmend.core.model import ApiCall, Hints, Intent, Json, Record, Resource, Step, Words
from cloudmend.core.policy.keys import Keys
from cloudmend.core.policy.model import Mode, Policy
from cloudmend.core.ports import Reader
from cloudmend.core.reach import Reach
from cloudmend.core.undo import Reversal

Parts = Mapping[str, Any]  # part id -> value as AWS answers it; absent: it is not there
Patch = Mapping[str, Any]  # part id -> the value that it gets; None: it goes
Severity = Literal["low", "medium", "high", "critical"]
# An error code of a write means: it was so already; the state refuses it now; it is never retried; the guard is stale.
Meaning = Literal["settled", "deferred", "final", "raced"]


class NoSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a control that has none."""


S = TypeVar("S")
_S = TypeVar("_S", contravariant=True)


class ResourceType(Struct, frozen=True, kw_only=True):
    """A kind of resource. `scope` says of what there is one: a resource, a Region, or an account with a home Region."""

    type: str  # CloudFormation's name: AWS::EC2::Snapshot
    noun: str  # in a sentence: EBS snapshot
    id_pattern: str  # a regular expression that a whole id matches
    arn: str = ""  # with {partition}, {region}, {account}, {id}
    asff: str = "Other"  # Security Hub's name of the type
    self_evident: bool = False  # its ids say what it is, as sg-... does, so that a sentence need not
    scope: Literal["resource", "region", "account"] = "resource"

    def named(self, resource: Resource) -> str:
        """Return how a sentence calls a resource: with the noun of this kind, if its id does not say what it is."""
        if self.self_evident or resource.type != self.type:
            return resource.label
        return f"{self.noun} {resource.label}"


class Trigger(Struct, frozen=True):
    """A call that can put a resource at fault, matched on source and name.

    `at` are the paths in the record where its ids stand, the most telling first; () stands for the Region's or the
    account's one. `parts` are the paths of the part ids that the event names.
    """

    source: str
    name: str
    at: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


class Right(Struct, frozen=True):
    """An IAM action, narrowed by condition keys and by the ARN of what it is about ("": the control's resources).

    The ARN has the fields of a ResourceType's; "*" is everything. `operation` is the API's name, if it is another, with
    botocore's name of the service, if that is another too: "elbv2:DescribeListeners". `is_listing`: it only finds what
    there is, which no undo needs.
    """

    action: str
    conditions: Mapping[str, Mapping[str, str | Sequence[str]]] = {}  # operator -> key -> value
    resource: str = ""
    operation: str = ""
    is_listing: bool = False

    @property
    def call(self) -> tuple[str, str]:
        """The service and the operation of the API call that the right allows."""
        service, name = self.action.split(":")
        *other, operation = (self.operation or name).split(":")
        return (other or [service])[0], operation


def rights(
    *actions: str, of: str = "", operation: str = "", **conditions: Mapping[str, str | Sequence[str]]
) -> tuple[Right, ...]:
    """Return the rights to these actions, under the same conditions: `StringEquals={"ec2:Remove/group": "all"}`."""
    return tuple(Right(action, conditions, of, operation) for action in actions)


def lists(*actions: str, of: str = "*", operation: str = "") -> tuple[Right, ...]:
    """Return the rights to list, which no undo needs: of everything, or of an ARN where AWS knows a narrower one."""
    return tuple(Right(action, resource=of, operation=operation, is_listing=True) for action in actions)


class State(Struct, frozen=True):
    """What AWS answers about a resource. `parts` can be put back; `context` is needed to judge, and never put back.

    `guard` is a revision that changes with every write. `owner` is the account that AWS names, if it names one.
    `labels` are texts for modes and notices: the name, the VPC, tags.
    """

    parts: Parts
    context: Any = None
    guard: str = ""
    owner: str = ""
    labels: Mapping[str, str] = {}


class View(Struct, frozen=True, kw_only=True):
    """All that a judgement may depend on."""

    resource: Resource
    state: State
    cause: ApiCall
    now: datetime
    exempt: frozenset[str] = frozenset()  # ids of parts
    recent: tuple[Entry, ...] = ()  # the control's mends of the resource within the last hour, oldest first

    @property
    def parts(self) -> Parts:
        """All parts, exempt ones too: whoever writes a whole list needs them."""
        return self.state.parts

    @property
    def counted(self) -> Parts:
        """The parts without those that are exempt, for a judgement about all of them together."""
        return {part: value for part, value in self.parts.items() if part not in self.exempt}


class Finding(Struct, frozen=True, kw_only=True):
    """A part at fault, with the reason and the value that mends it.

    `because`: why it is mended in this way. `mended`: None if the part goes, UNSET if the control's `mend` knows.
    `mark` names the fault by its value; empty: the value of the part does. `restraint`: why it is only reported,
    whatever the mode. `wait`: why it cannot be mended now, though later. `witness`: a request that a stranger could
    make. A finding without restraint and wait is due.
    """

    part: str
    why: str
    because: str = ""
    mended: Any = UNSET
    mark: str = ""
    restraint: str = ""
    wait: str = ""
    witness: str = ""

    @property
    def is_due(self) -> bool:
        """Whether a mend is to close it."""
        return not self.restraint and not self.wait


class ReadMany(Protocol[_S]):
    """Read the states of resources at once; by id, those that exist. Raises AwsError."""

    def __call__(self, resources: Sequence[Resource], /, reader: Reader, settings: _S) -> Mapping[str, State]: ...


class ReadAgain(Protocol[_S]):
    """Read what a mend may have changed, for a proof; the rest is taken as it was `before`, by id. Raises AwsError."""

    def __call__(
        self, resources: Sequence[Resource], /, before: Mapping[str, State], reader: Reader, settings: _S
    ) -> Mapping[str, State]: ...


class PartIds(Struct, frozen=True):
    """Ids by which a person may name a part alone, as sgr-... names a rule.

    `resource_of` returns the id of the resource that a part is of, empty if there is no such part. Raises AwsError.
    """

    pattern: str  # a regular expression that a whole id matches
    resource_of: Callable[[str, Reader], str]


class Explain(Protocol[_S]):
    """Yield sentences about the parts of a state, or about one `part`, for a person who asks why.

    `why` says of each part at fault, by id, why it is.
    """

    def __call__(self, state: State, why: Mapping[str, str], part: str, settings: _S, /) -> Iterable[str]: ...


class Followed(Struct, frozen=True):
    """A resource after a call, as records tell it. `older` are the ids of parts that no earlier call told of.

    The state is None if the resource is gone, or nothing is known of it.
    """

    state: State | None
    older: tuple[str, ...] = ()


def _as_they_are(state: State) -> Hashable:
    return repr(state.parts)


class Following(Struct, Generic[S], frozen=True, kw_only=True):
    """How a replay follows a resource from call to call, by CloudTrail's records alone.

    `step` returns the resource after a call at a time, given its state before; None: nothing was known. It raises
    EventError. States of an account and a VPC that are `alike` are judged alike, part by part, in their order.
    """

    calls: tuple[Trigger, ...]
    step: Callable[[State | None, Resource, ApiCall, datetime], Followed]
    alike: Callable[[State], Hashable] = _as_they_are
    older: str = "It was there before the records begin, and may have been open then."  # of a part, for a sentence
    untold: str = ""  # why other calls that wake the control are not judged, after "because"
    caveats: Callable[[S, Policy], Iterable[str]] | None = None  # what of a policy the records are too poor for


def _unchanged(value: Any) -> Any:
    return value


class Control(Struct, Generic[S], frozen=True, kw_only=True):
    """One kind of fault, and its mend. `S` is the type of its settings, the keys of `[control.ID]` in a policy file.

    `read` returns None if the resource is gone; it raises AwsError. `judge` is pure. `put` returns the calls that lead
    from a state to all the parts that shall be there, in their order; None: the control only reports. `every` yields
    what something else than a resource of its kind stands for, by the cheapest list that AWS has: of a Region, for a
    sweep, or of what an event names. It yields ids, or resources where it knows whose they are. None: there is one.
    """

    id: str  # for life
    title: str
    severity: Severity = "high"
    references: tuple[str, ...] = ()  # "Security Hub EC2.1"
    advice: str = ""  # for whoever owns the code that did it
    words: Words = Words()  # of notices
    hints: Hints = Hints()  # for whoever owns the client that did it
    mode: Mode = "fix"  # the default; a policy may say otherwise
    resource: ResourceType
    triggers: tuple[Trigger, ...]
    reads: tuple[Right, ...]
    writes: tuple[Right, ...] = ()
    undoes: tuple[Right, ...] = ()
    read: Callable[[Resource, Reader, S], State | None]
    judge: Callable[[View, S], Iterable[Finding]]
    put: Callable[[Resource, State, Parts], Iterable[Call]] | None = None
    every: Callable[[Resource, Reader, S], Iterable[str | Resource]] | None = None
    settings: type[S] = NoSettings  # type: ignore[assignment]
    say: Callable[[Any], str] = str  # a value in words
    did: Callable[[Step], str] | None = None  # a step in words: "narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8"
    clear: Callable[[Resource, State | None, S], str] | None = None  # what holds where nothing is at fault, in words
    errors: Mapping[str, Meaning] = {}  # by AWS's code
    settles_in: timedelta = timedelta()  # how long AWS may show the old value after it accepted a write
    # A simple control sets none of these.
    keys: Keys[S] | None = None  # of its settings, if a value means more than its type says
    mend: Callable[[View, Sequence[Finding], S], Patch] | None = None  # for findings that share a part, or add parts
    stricter: Callable[[S], S] | None = None  # the second way, if AWS refuses the first
    on_flapping: Callable[[S], S] | None = None  # the settings for what is mended for the third time within an hour
    second_way: str = "in the stricter way, because AWS refused the other"  # what is told of that
    narrows: Callable[[View, Parts], bool] | None = None  # the whole against the whole: what no plan may break
    form: Callable[[Any], Any] = _unchanged  # a value without AWS's own choice of spelling, order, or id
    new_ids: bool = False  # a part that comes back has a new id
    marks: Callable[[State], Mapping[str, frozenset[str]]] | None = None  # what its parts say, by id; None: digests
    image: Callable[[State], Json] | None = None  # the before-image; None: the parts and the labels
    unseen: Callable[[ApiCall, Resource, Json | None], Mapping[str, str]] | None = None  # what an image lacks, told
    revert: Callable[[Intent, Record, Reader], Reversal] | None = None  # a mend, compared with what is now
    locate: Callable[[ApiCall], Iterable[Resource]] | None = None  # for what paths cannot say
    read_many: ReadMany[S] | None = None
    read_again: ReadAgain[S] | None = None
    follow: Following[S] | None = None  # None: a replay does not judge its calls
    explain: Explain[S] | None = None  # None: each part is told with its value
    part_ids: PartIds | None = None  # None: a part is named by its resource alone
    budgeted: bool = True  # its mends count in the budget of the account's hour; false if it must not wait
    shown_by: Callable[[Resource], Iterable[Call]] | None = None  # what shows it, if the first call of `read` does not
    whole: bool = False  # a write replaces more than it changes, unguarded: it is read again beside the intent
    # For a look, and never for a mend. What else is known of a part, by name: its kind first, by which a page counts.
    details: Callable[[State, str, S], Mapping[str, Any]] | None = None
    parts_of: Callable[[Json], Parts] | None = None  # the parts of a before-image; None: those that `image_of` writes
    reach: Callable[[Sequence[Resource], Reader, S], Mapping[str, Reach]] | None = None  # by id; raises AwsError
    looks: tuple[Right, ...] = ()  # what `reach` calls
    follows: tuple[Right, ...] = ()  # what `every` calls only for an event that names something else

    @property
    def calls(self) -> tuple[Trigger, ...]:
        """The calls that wake it, and those that a replay follows."""
        return (*self.triggers, *(self.follow.calls if self.follow else ()))

    def said(self, value: Any) -> str:
        """Return the value of a part in words, also of one that is not there."""
        return "not there" if value is None else self.say(value)

    def image_of(self, state: State) -> Json:
        """Return the before-image of a state."""
        return self.image(state) if self.image else {"parts": state.parts, "labels": state.labels}

    def parts_in(self, image: Json) -> Parts:
        """Return the parts of a before-image."""
        return self.parts_of(image) if self.parts_of else mapping(image.get("parts"))

    def trigger(self, call: ApiCall) -> Trigger | None:
        """Return the trigger that the call matches, if there is one."""
        return next((each for each in self.triggers if (each.source, each.name) == (call.source, call.name)), None)


def changed(now: Parts, then: Parts) -> tuple[str, ...]:
    """Return the ids of the parts that differ: those that are there in their order, then those that come."""
    return tuple(part for part in {**now, **then} if now.get(part) != then.get(part))


def after(parts: Parts, patch: Patch) -> Parts:
    """Return the parts with a patch applied."""
    return {part: value for part, value in {**parts, **patch}.items() if value is not None}


def each(put_one: Callable[[Resource, str, Any, Any], Call]) -> Callable[[Resource, State, Parts], list[Call]]:
    """Return a `put` made of one that puts a single part, given its id, its value now, and its value then."""

    def put(resource: Resource, now: State, then: Parts) -> list[Call]:
        return [
            msgspec.structs.replace(put_one(resource, part, now.parts.get(part), then.get(part)), parts=(part,))
            for part in changed(now.parts, then)
        ]

    return put
