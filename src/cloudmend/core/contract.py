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

from cloudmend.core.events import mapping
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.model import ApiCall, Edit, Hints, Intent, Json, Record, Resource, Step, Words
from cloudmend.core.partitions import partition_of
from cloudmend.core.policy.catalog import Keys
from cloudmend.core.policy.model import Mode, Policy
from cloudmend.core.ports import Call, Reader, Sent

Parts = Mapping[str, Any]  # part id -> value as AWS answers it; absent: it is not there
Patch = Mapping[str, Any]  # part id -> the value that it gets; None: it goes
Severity = Literal["low", "medium", "high", "critical"]
Scope = Literal["resource", "vpc", "region", "account"]
# The meaning of a write's error code: the change was made already; the state refuses the write now; the write is never
# retried; the guard is stale.
Meaning = Literal["settled", "deferred", "final", "raced"]


class NoSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a control that has none."""


S = TypeVar("S")
_S = TypeVar("_S", contravariant=True)


class ResourceType(Struct, frozen=True, kw_only=True):
    """A kind of resource. `scope` says whether there are many, one per VPC, one per Region, or one per account.

    The one of an account is in its home Region. AWS makes the one of a VPC, which has an id of its own.
    """

    type: str  # CloudFormation's name: AWS::EC2::Snapshot
    noun: str  # in a sentence: EBS snapshot
    id_pattern: str  # a regular expression that a whole id matches
    prefixes: tuple[str, ...] = ()  # of ids, if each id has one of several before the name that people know
    arn: str = ""  # with {partition}, {region}, {account}, {id}
    asff: str = "Other"  # Security Hub's name of the type
    self_evident: bool = False  # its ids say what it is, as sg-... does, so that a sentence need not
    is_lower_case: bool = False  # AWS stores its ids in lower case, and takes them in any
    scope: Scope = "resource"

    @property
    def is_setting(self) -> bool:
        """Return whether there is one in each account, Region, or VPC: a setting, for which AWS has a default."""
        return self.scope != "resource"

    @property
    def is_single(self) -> bool:
        """Return whether an account has one of it, or one in each Region, so that the place says which it is."""
        return self.scope in ("region", "account")

    @property
    def counted_as(self) -> str:
        """The noun for a count. Settings are counted together, for there is one of each."""
        return "setting" if self.is_setting else self.noun

    def arn_of(self, resource_id: str, account: str, region: str) -> str:
        """Return the ARN of a resource; empty for a type without one."""
        return self.arn.format(partition=partition_of(region).id, region=region, account=account, id=resource_id)

    def named(self, resource: Resource) -> str:
        """Return a resource's name in a sentence: with the noun of this kind, if the id does not show the kind."""
        if self.self_evident or resource.type != self.type:
            return resource.label
        return f"{self.noun} {resource.label}"


class Trigger(Struct, frozen=True):
    """A call that can put a resource at fault, matched on source and name.

    `at` are the paths in the record that hold the resource's ids, the most precise first; () stands for the one
    resource of the Region or the account. `parts` are the paths of the part ids that the event names. `prefix` stands
    before the ids, if the record leaves it out.
    """

    source: str
    name: str
    at: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    prefix: str = ""


class Right(Struct, frozen=True):
    """An IAM action, narrowed by condition keys and by the ARN of its resource ("": the control's resources).

    The ARN has the fields of a ResourceType's; "*" is everything. `operation` is the API's name, if that differs from
    the action's. It begins with botocore's name of the service, if that differs too: "elbv2:DescribeListeners".
    `is_listing`: the action only lists existing resources, and no undo needs that. `standing`: further conditions, on
    keys that IAM fills from the resource as it stands, and not from the call.
    """

    action: str
    conditions: Mapping[str, Mapping[str, str | Sequence[str]]] = {}  # operator -> key -> value
    resource: str = ""
    operation: str = ""
    is_listing: bool = False
    standing: Mapping[str, Mapping[str, str]] = {}

    @property
    def block(self) -> Mapping[str, Mapping[str, str | Sequence[str]]]:
        """The Condition of a statement that grants it: what must hold of the call, and of the resource."""
        operators = dict.fromkeys((*self.conditions, *self.standing))
        return {each: {**self.conditions.get(each, {}), **self.standing.get(each, {})} for each in operators}

    @property
    def call(self) -> tuple[str, str]:
        """The service and the operation of the API call that the right allows."""
        service, name = self.action.split(":")
        *other, operation = (self.operation or name).split(":")
        return (other or [service])[0], operation


def rights(
    *actions: str,
    of: str = "",
    operation: str = "",
    standing: Mapping[str, Mapping[str, str]] = {},
    **conditions: Mapping[str, str | Sequence[str]],
) -> tuple[Right, ...]:
    """Return the rights to these actions, under the same conditions: `StringEquals={"ec2:Remove/group": "all"}`."""
    return tuple(Right(action, conditions, of, operation, standing=standing) for action in actions)


def lists(*actions: str, of: str = "*", operation: str = "") -> tuple[Right, ...]:
    """Return the rights to list: everything, or an ARN if AWS accepts a narrower one. No undo needs them."""
    return tuple(Right(action, resource=of, operation=operation, is_listing=True) for action in actions)


class State(Struct, frozen=True):
    """The answer of AWS about a resource. `parts` can be put back; `context` is only needed to judge.

    `guard` is a revision that changes with every write. `owner` is the account that AWS names, if it names one.
    `labels` are texts for modes and notices: the name, the VPC, and the tags that say whose it is ("owner").
    """

    parts: Parts
    context: Any = None
    guard: str = ""
    owner: str = ""
    labels: Mapping[str, str] = {}


class View(Struct, frozen=True, kw_only=True):
    """The facts that a judgement may depend on, and no others."""

    resource: Resource
    state: State
    cause: ApiCall
    now: datetime
    exempt: frozenset[str] = frozenset()  # ids of parts
    old: frozenset[str] = frozenset()  # ids of parts that are known to be older than cloudmend, if `by_age`
    recent: tuple[LedgerRecord, ...] = ()  # the control's mends of the resource within the last hour, oldest first

    @property
    def parts(self) -> Parts:
        """The parts of the resource, including exempt ones: a write of a whole list needs them."""
        return self.state.parts

    @property
    def counted(self) -> Parts:
        """The parts that are not exempt, for a judgement about all of them together."""
        return {part: value for part, value in self.parts.items() if part not in self.exempt}


class Finding(Struct, frozen=True, kw_only=True):
    """A part at fault, with the reason and the value that mends it.

    `because`: why it is mended in this way. `mended`: None if the part goes, UNSET if the control's `mend` knows.
    `beside`: ids of other parts that the mend puts for it. `mark` names the fault by its value; empty: the value of the
    part does. `restraint`: why it is only reported, whatever the mode. `wait`: why it cannot be mended now, though
    later. `witness`: a request that a stranger could make. A finding without restraint and wait is due.
    """

    part: str
    why: str
    because: str = ""
    mended: Any = UNSET
    beside: tuple[str, ...] = ()
    mark: str = ""
    restraint: str = ""
    wait: str = ""
    witness: str = ""

    @property
    def is_due(self) -> bool:
        """True if a mend is to close the finding."""
        return not self.restraint and not self.wait


class ReadMany(Protocol[_S]):
    """Read the states of resources at once; by id, those that exist. Raises AwsError."""

    def __call__(self, resources: Sequence[Resource], /, reader: Reader, settings: _S) -> Mapping[str, State]: ...


class ReadAgain(Protocol[_S]):
    """Read the parts that a mend may have changed, for a proof.

    The rest is taken from `before`, by id. Raises AwsError.
    """

    def __call__(
        self, resources: Sequence[Resource], /, before: Mapping[str, State], reader: Reader, settings: _S
    ) -> Mapping[str, State]: ...


class PartIds(Struct, frozen=True):
    """A way for a person to name a part by its id alone, as sgr-... names a rule.

    `resource_of` returns the id of the part's resource, empty if there is no such part. Raises AwsError.
    """

    pattern: str  # a regular expression that a whole id matches
    resource_of: Callable[[str, Reader], str]


class Explain(Protocol[_S]):
    """Yield sentences about the parts of a state, or about one `part`, for a person who asks why.

    `why` maps the id of each part at fault to the reason.
    """

    def __call__(self, state: State, why: Mapping[str, str], part: str, settings: _S, /) -> Iterable[str]: ...


class Followed(Struct, frozen=True):
    """A resource after a call, as records report it. `older`: ids of parts that no earlier call reported.

    The state is None if the resource is gone, or nothing is known about it.
    """

    state: State | None
    older: tuple[str, ...] = ()


def _as_they_are(state: State) -> Hashable:
    return repr(state.parts)


class Following(Struct, Generic[S], frozen=True, kw_only=True):
    """A way for a replay to follow a resource from call to call, by CloudTrail's records alone.

    `step` returns the resource after a call at a time, given the state before the call; None: nothing was known. It
    raises EventError. If states of one account and VPC are `alike`, they have the same findings, part by part, in their
    order.
    """

    calls: tuple[Trigger, ...]
    step: Callable[[State | None, Resource, ApiCall, datetime], Followed]
    alike: Callable[[State], Hashable] = _as_they_are
    older: str = "It was there before the records begin, and may have been open then."  # of a part, for a sentence
    untold: str = ""  # why other calls that wake the control are not judged, after "because"
    caveats: Callable[[S, Policy], Iterable[str]] | None = None  # what of a policy the records are too poor for


class Difference(Struct, frozen=True, kw_only=True):
    """A part that somebody changed since the mend: the value cloudmend left, and the value now, in words."""

    part: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.part}: expected {self.expected}, is {self.found}"


class UndoStatus(Struct, frozen=True, kw_only=True):
    """The progress of an undo, judged from what AWS answers now.

    `requests` are still to be sent, and must not be sent while there are `differences`. `restored` are the parts that
    are as they were before the mend. A part that came back under a new id is an edit of the new one. If the resource
    `is_gone`, nothing can be restored.
    """

    marks: tuple[str, ...] = ()  # what the restored parts say, and those that are still to be
    is_gone: bool = False
    differences: tuple[Difference, ...] = ()
    requests: tuple[Sent, ...] = ()
    restored: tuple[Edit, ...] = ()

    @property
    def is_done(self) -> bool:
        return not (self.is_gone or self.differences or self.requests)

    @classmethod
    def of(cls, parts: Iterable[UndoStatus]) -> UndoStatus:
        """Return the progress of several parts together."""
        parts = tuple(parts)
        return cls(
            marks=tuple(mark for part in parts for mark in part.marks),
            differences=tuple(difference for part in parts for difference in part.differences),
            requests=tuple(request for part in parts for request in part.requests),
            restored=tuple(edit for part in parts for edit in part.restored),
        )


class Reach(Struct, frozen=True, kw_only=True):
    """The users of a resource, which are so many of a kind (`noun`), and the public addresses at which they answer."""

    users: int = 0
    noun: str = "user"
    addresses: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["reachable", "in use", "not in use"]:
        """The answer in words: strangers reach its users, it has users, or it has none."""
        if self.addresses:
            return "reachable"
        return "in use" if self.users else "not in use"


class Taken(Struct, frozen=True, kw_only=True):
    """A way to find out whether somebody took a resource while it was open, which no mend undoes.

    `found` returns what AWS reports from a time on, until another: "a copy of it was begun at 2026-11-29 12:03:04 UTC".
    The first time is None if it is not known since when the resource was open. `found` raises AwsError. `ask` returns
    calls with which a person asks. A stack asks again `again` after the mend; zero: it does not.
    """

    found: Callable[[Resource, Reader, datetime | None, datetime], Sequence[str]]
    nothing: str  # "no copy of it": what AWS reports if there is nothing
    late: str  # how late AWS reports it, in a sentence
    ask: Callable[[Resource], Sequence[Call]]
    again: timedelta = timedelta()
    rights: tuple[Right, ...] = ()  # beside `reads`


def _unchanged(value: Any) -> Any:
    return value


class Control(Struct, Generic[S], frozen=True, kw_only=True):
    """A kind of fault, and its mend. `S` is the type of its settings, the keys of `[control.ID]` in a policy.

    `read` returns None if the resource is gone; it raises AwsError. `judge` is pure. `put` returns the calls that lead
    from a state to the parts that must be there, in their order; None: the control only reports. `every` yields the
    resources that a Region has, for a sweep, or those behind the other resource that an event names. It uses the
    cheapest list that AWS has. It yields ids, or resources if it knows their accounts. None: there is one resource.
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
    by_age: bool = False  # of several parts, `judge` chooses those that came last: see `View.old`
    new_ids: bool = False  # a part that comes back has a new id
    marks: Callable[[State], Mapping[str, frozenset[str]]] | None = None  # what its parts say, by id; None: digests
    parse_mark: Callable[[str], str] | None = None  # a mark as a person types it; raises InputError
    image: Callable[[State], Json] | None = None  # the before-image; None: the parts and the labels
    unseen: Callable[[ApiCall, Resource, Json | None], Mapping[str, str]] | None = None  # what an image lacks, told
    revert: Callable[[Intent, Record, Reader], UndoStatus] | None = None  # a mend, compared with what is now
    # For what paths cannot say; None of a call: it is not about any resource of this control.
    locate: Callable[[ApiCall], Iterable[Resource] | None] | None = None
    is_of_some: bool = False  # of its type it knows some only: `every` says whether one that an event names is such
    read_many: ReadMany[S] | None = None
    read_again: ReadAgain[S] | None = None
    follow: Following[S] | None = None  # None: a replay does not judge its calls
    explain: Explain[S] | None = None  # None: each part is told with its value
    part_ids: PartIds | None = None  # None: a part is named by its resource alone
    budgeted: bool = True  # its mends count in the budget of the account's hour; false if it must not wait
    shown_by: Callable[[Resource], Iterable[Call]] | None = None  # what shows it, if the first call of `read` does not
    whole: bool = False  # a write replaces more than it changes, unguarded: it is read again beside the intent
    # For a look, and never for a mend: further facts about a part, by name. The kind is first: a page counts by it.
    details: Callable[[State, str, S], Mapping[str, Any]] | None = None
    parts_of: Callable[[Json], Parts] | None = None  # the parts of a before-image; None: those that `image_of` writes
    reach: Callable[[Sequence[Resource], Reader, S], Mapping[str, Reach]] | None = None  # by id; raises AwsError
    looks: tuple[Right, ...] = ()  # what `reach` calls
    follows: tuple[Right, ...] = ()  # what `every` calls only for an event that names something else
    taken: Taken | None = None  # asked after a mend: whether somebody took it while it was open

    @property
    def asks(self) -> tuple[Right, ...]:
        """The rights that only `taken` needs."""
        return self.taken.rights if self.taken else ()

    @property
    def calls(self) -> tuple[Trigger, ...]:
        """The calls that wake the control, and those that a replay follows."""
        return (*self.triggers, *(self.follow.calls if self.follow else ()))

    def said(self, value: Any) -> str:
        """Return the value of a part in words; None: the part is not there."""
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
    """Return the ids of the parts that differ: first those that are there now, in their order, then new ones."""
    return tuple(part for part in {**now, **then} if now.get(part) != then.get(part))


def is_suspect(judge: Callable[[], bool]) -> bool:
    """Return whether a mend should look at what a list showed. What cannot be judged gets a mend, which reports why."""
    try:
        return judge()
    except Exception:  # noqa: BLE001 - one odd row must not hide the rest of the Region
        return True


def after(parts: Parts, patch: Patch) -> Parts:
    """Return the parts with a patch applied."""
    return {part: value for part, value in {**parts, **patch}.items() if value is not None}


def each(put_one: Callable[[Resource, str, Any, Any], Call]) -> Callable[[Resource, State, Parts], list[Call]]:
    """Return a `put` made of a function that puts one part, given its id, its value now, and its value then."""

    def put(resource: Resource, now: State, then: Parts) -> list[Call]:
        return [
            msgspec.structs.replace(put_one(resource, part, now.parts.get(part), then.get(part)), parts=(part,))
            for part in changed(now.parts, then)
        ]

    return put
