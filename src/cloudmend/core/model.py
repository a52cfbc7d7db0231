"""The nouns of the core. All are frozen values; other modules hold what happens to them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

_NAME: Final = 60  # characters of a name that a sentence shows; a record has them all

Json = Mapping[str, Any]

# When people are told: at once, in the digest of a sweep, or not again for now. The log has every record.
Notice = Literal["now", "digest", "held"]

Status = Literal["mended", "clean", "observed", "exempt", "gone", "open", "failed", "pending", "deferred"]


class Actor(Struct, frozen=True, kw_only=True):
    """The caller of an API call, from CloudTrail's userIdentity. Every text is the caller's or AWS's own."""

    kind: str = ""  # userIdentity.type: Root, IAMUser, AssumedRole, ...
    arn: str = ""
    account: str = ""  # of the caller, which may be another one than where the call was made
    user_name: str = ""  # of an IAM user; a role's session has none
    role_arn: str = ""  # of an assumed role: the session's issuer
    on_behalf_of: str = ""  # the user's id in IAM Identity Center, where the call was made for one
    identity_store: str = ""  # which holds that user
    source_identity: str = ""  # of an assumed role: who it was when the first role of a chain was assumed
    invoked_by: str = ""  # the AWS service that called on somebody's behalf
    from_console: bool = False  # the credentials are those of a session in the console
    source_ip: str = ""  # an address, or the name of the AWS service that called
    user_agent: str = ""


# The name in place of a call's, for an action that a person had cloudmend do by hand.
UNDO: Final = "Undo"
EXEMPT: Final = "Exempt"
END_EXEMPTION: Final = "EndExemption"


class Attribution(Struct, frozen=True, kw_only=True):
    """An actor in words, to stand in a sentence: who, through what, from where.

    `hint` says how to keep infrastructure code from repeating the call; empty if a person made it by hand.
    """

    who: str
    through: str
    where: str
    hint: str = ""


NOBODY: Final = Attribution(who="somebody unknown", through="unknown", where="unknown")


class Hints(Struct, frozen=True, kw_only=True):
    """The advice of a control to the owner of the code or tool behind a call, against a repeat.

    `again` and `change` complete sentences that know the client: "The next apply may AGAIN: CHANGE in the Terraform
    configuration." `of` has the whole sentence for clients that the control knows better, by their names.
    """

    again: str = "do it again"
    change: str = "change it"
    of: Mapping[str, str] = {}


class Words(Struct, frozen=True, kw_only=True):
    """The words of a control in notices. Noun and level are filled in when a record is made."""

    noun: str = ""  # of the resource's type, where its id does not say it
    level: str = "high"  # the control's severity
    fault: str = "at fault"  # what a resource is that has a finding
    removed: str = "removed"  # of a part that goes
    whole: str = "all of it"  # what an exemption of a whole resource leaves open
    close: str = "close it"  # what the commands by hand do, and whom that concerns
    prevent: str = "Keep it as the mend leaves it."  # what keeps it closed


SWEEP: Final = "Sweep"  # in place of a call's name, where no call led here


class ApiCall(Struct, frozen=True, kw_only=True):
    """A successful API call that CloudTrail reported. It hints where to look; cloudmend never believes it."""

    event_id: str
    source: str  # ec2.amazonaws.com
    name: str  # AuthorizeSecurityGroupIngress
    time: datetime | None  # aware; CloudTrail gives whole seconds
    account: str
    region: str
    actor: Actor = Actor()
    request: Json = {}
    response: Json = {}


class Ignored(Struct, frozen=True):
    """An event that needs no action, and why."""

    reason: str
    event_id: str = ""
    refused: bool = False  # AWS refused the call, so it changed nothing


class Resource(Struct, frozen=True, kw_only=True):
    """A resource to look at. `parts` are ids inside it that the event names: a read without them is too early.

    The name is what its author typed, if it is known. An old event may have a name instead of an id. An event whose
    parameters were emptied has nothing but the Region: AWS::Region, with the Region's name as its id.
    """

    type: str  # CloudFormation's name of it: AWS::EC2::SecurityGroup
    id: str = ""
    name: str = ""
    parts: tuple[str, ...] = ()
    account: str = ""  # whose it is, where AWS told
    region: str = ""  # where it is, for a control by the contract

    @property
    def key(self) -> str:
        """The key of the resource in programs: its id, or its name if it has none."""
        return self.id or self.name

    @property
    def label(self) -> str:
        """The name of the resource in a sentence: its id and its name, each if it is known."""
        return label_of(self.id, self.name)


def label_of(resource_id: str, name: str) -> str:
    """Return the name of a resource in a sentence: its id, and the name that somebody gave it."""
    shown = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    return f"{resource_id} ({shown})" if resource_id and shown else resource_id or shown


class Finding(Struct, frozen=True, kw_only=True):
    """A part at fault, or perhaps at fault: the id of the part, and a sentence that says why.

    `restraint` is why it is only reported, whatever the mode. `wait` is why it cannot be judged now, though the next
    try may know. A finding that has neither is due.
    """

    part: str
    why: str
    restraint: str = ""
    wait: str = ""

    @property
    def is_due(self) -> bool:
        """True if a mend is to close the finding."""
        return not self.restraint and not self.wait


class Request(Struct, frozen=True):
    """An AWS API call as a value: its IAM action ("sqs:SendMessage") and parameters."""

    action: str
    params: Json

    @property
    def service(self) -> str:
        """botocore's name of the service, which the action begins with."""
        return self.action.partition(":")[0]

    @property
    def operation(self) -> str:
        return self.action.partition(":")[2]

    def command(self, region: str) -> str:
        """The same call as an AWS CLI command, quoted for a POSIX shell."""
        service, _, operation = self.action.partition(":")
        words = "".join(f"-{c.lower()}" if c.isupper() else c for c in operation).removeprefix("-")
        body = shlex.quote(msgspec.json.encode(self.params).decode())
        return f"aws {service} {words} --region {shlex.quote(region)} --cli-input-json {body}"


class Edit(Struct, frozen=True, kw_only=True):
    """The effect of a change on one part, in words, for people: `after` is empty if the part is removed."""

    part: str
    before: str
    after: str
    did: str  # "narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8"
    why: str


class Step(Struct, frozen=True):
    """A change of one part: its value before and after, as AWS answers it. None: the part is not there."""

    part: str
    before: Any = None
    after: Any = None


class Record(Struct, frozen=True, kw_only=True):
    """A record: what cloudmend did about one resource, or did not do, and why. Each is one structured log line."""

    status: Status
    control: str
    resource: Resource
    account: str
    region: str
    event_id: str
    event_name: str
    actor: Actor
    attribution: Attribution = NOBODY
    summary: str
    decision: str = ""  # the line of the policy that applied to what is at fault
    findings: tuple[Finding, ...] = ()
    edits: tuple[Edit, ...] = ()
    remaining: tuple[Finding, ...] = ()
    errors: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()  # AWS CLI commands, in order
    entry_id: str = ""  # the ledger's id of it; cloudmend undo takes it
    run_by: str = ""  # ARN of the person who ran cloudmend by hand; the actor is who opened it
    exemption_id: str = ""  # of the timed exemption that a person made or ended; cloudmend exempt remove takes it
    flaps: int = 0  # how often the same door was mended within the hour before
    severity: Literal["normal", "high"] = "normal"
    budget_spent: bool = False
    retry_at: datetime | None = None  # aware; when it is tried again by itself: the budget is spent, or AWS is late
    missed: bool = False  # a sweep found it, and no event had
    exemptions_unreadable: tuple[str, ...] = ()  # what they might have exempted was closed
    ledger_unreadable: tuple[str, ...] = ()  # records of it, which are not counted among the mends of late
    steps: tuple[Step, ...] = ()  # what was done, part by part: what an undo takes back
    notice: Notice = "now"
    arn: str = ""  # of the resource; empty where it is not known
    asff: str = "Other"  # Security Hub's name of the resource's type
    look: tuple[str, ...] = ()  # AWS CLI commands, in order: they show the resource, or after a mend who took it
    by_hand: tuple[str, ...] = ()  # those that close what is at fault, in order; empty where they are not known
    words: Words = Words()
    whose: str = ""  # the resource's tags that say whose it is, as somebody wrote them
    taken: tuple[str, ...] = ()  # what is known of who took it while it was open: no mend undoes that
    seconds_since_call: float | None = None  # CloudTrail's eventTime has whole seconds

    @property
    def waits(self) -> bool:
        """True if a change is left for another time: the budget is spent, or AWS is late."""
        return self.budget_spent or self.retry_at is not None


class Intent(Struct, frozen=True, kw_only=True):
    """A mend that is about to be made: stored, with the whole before-image, before the first write."""

    control: str
    resource: Resource
    account: str
    region: str
    event_id: str
    event_name: str = ""
    actor: Actor = Actor()
    run_by: str = ""  # ARN of the person who ran cloudmend by hand; empty for a function
    seen: datetime | None = None  # when AWS was asked what the resource is; aware, in UTC
    policy_hash: str = ""  # of the policy that it was decided by
    code_version: str = ""
    findings: tuple[Finding, ...] = ()  # what is at fault
    decision: str = ""  # the line of the policy that says to mend it
    before: Json
    tags_left_out: bool = False  # of `before` and `undo`: the ledger has no room for them
    requests: tuple[Request, ...]
    undo: tuple[str, ...]
    steps: tuple[Step, ...] = ()  # what is planned, part by part
    budgeted: bool = True  # whether it counts in the budget of its account, control and hour

    @property
    def cause(self) -> ApiCall:
        """The call that led here, as far as it is kept."""
        return ApiCall(
            event_id=self.event_id,
            source="",
            name=self.event_name,
            time=None,
            account=self.account,
            region=self.region,
            actor=self.actor,
        )
