"""The ports of the core to the outside, for one account and Region, and what passes through them.

A `Call` is an API call as a value: what is sent, which right it needs, and the AWS CLI command that sends the same.
`Leftover` and `PutOff` are the messages about work that is left to a later run.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, Protocol, TypeVar, runtime_checkable

import msgspec
from msgspec import Meta, Struct

from cloudmend.core.model import ApiCall, Json, Record, Request, Resource

# The services whose IAM prefix, or whose name in the AWS CLI, is not botocore's name.
_IAM_PREFIXES: Final = {
    "accessanalyzer": "access-analyzer",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "neptune": "rds",
    "opensearch": "es",
    "s3control": "s3",
}
_CLI_NAMES: Final = {"codedeploy": "deploy", "config": "configservice", "s3": "s3api"}
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])")
_LONGEST_DELAY_S: Final = 900  # SQS's, of a message
Rows = Sequence[Json]
NEVER: Final[Mapping[str, Json | None]] = {}  # no error code stands for an answer
_Answer = TypeVar("_Answer")


class Call(Struct, frozen=True):
    """An API call, in botocore's words: service "s3", operation "PutPublicAccessBlock".

    `right` is the IAM action if it is not the operation of the service. `parts` are the changing parts that a write
    covers; () stands for all of them.
    """

    service: str
    operation: str
    params: Json = {}
    right: str = ""
    parts: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        """The IAM action that the call needs: "s3:PutBucketPublicAccessBlock"."""
        return self.right or f"{_IAM_PREFIXES.get(self.service, self.service)}:{self.operation}"

    @property
    def cli(self) -> tuple[str, str]:
        """The command and subcommand of the AWS CLI: ("s3api", "put-public-access-block")."""
        return _CLI_NAMES.get(self.service, self.service), _WORD.sub("-", self.operation).lower()

    def command(self, region: str) -> str:
        """Return the same call as an AWS CLI command, quoted for a POSIX shell."""
        body = shlex.quote(msgspec.json.encode(self.params).decode())
        return f"aws {' '.join(self.cli)} --region {shlex.quote(region)} --cli-input-json {body}"


class Leftover(Struct, frozen=True):
    """A resource that a sweep left to the next one, and the control that it was for.

    The control is empty in messages of older versions: then the resource is for each control that knows the type.
    """

    control: str
    resource: Resource


class PutOff(Struct, frozen=True, kw_only=True):
    """A mend, or a question after one, that is due at a time, and not before."""

    due: Annotated[datetime, Meta(tz=True)]
    account: str
    region: str
    control: str
    resource: Resource
    cause: ApiCall
    failed: int = 0  # how often it was tried when it was due, and failed
    opened: tuple[str, ...] = ()  # the parts that the event named as just opened
    told: tuple[str, ...] = ()  # the parts of which people were told that they are at fault, and left as they are
    accepted: str = ""  # the record of a mend that AWS accepted and does not show yet
    mended: str = ""  # the ledger's id of a mend: it is not mended again, but asked who took it while it was open

    @property
    def place(self) -> str:
        """The ledger's key for it. Only one mend of a key can be under way at a time."""
        return f"{self.account}/{self.region}/{self.control}/{self.resource.key}"

    def delay_s(self, now: datetime) -> int:
        """Return the delay of its message in seconds.

        A task that is due later than SQS can delay is delayed again then.
        """
        return min(_LONGEST_DELAY_S, max(0, math.ceil((self.due - now).total_seconds())))

    def body(self) -> str:
        """Return the message."""
        return msgspec.json.encode(self).decode()


Sent = Request | Call


class Reader(Protocol):
    """A source of AWS's present answers. Every method raises AwsError.

    If a later page fails, the error's `rows` are those that AWS answered before; what a stream gave before stays given.
    """

    def begin(self, read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        """Begin a read of this reader, if it can, so that another can be under way at once.

        Otherwise it is read when the answer is asked for.
        """

    def get(self, call: Call, absent: Mapping[str, Json | None] = NEVER) -> Json | None:
        """Return the answer; for an error code of `absent`, return its value there: None, or an answer."""

    def rows(self, request: Sent, key: str, *, enough: Callable[[Rows], bool] = ...) -> Rows:
        """Return the rows under `key` of all pages of the answer.

        An answer may lag behind the write that woke cloudmend. While it is not `enough`, the reader reads it again a
        few times, briefly, and returns the last one.
        """

    def lasting_rows(self, request: Sent, key: str) -> Rows:
        """Return the same rows as `rows`, read once in each run: they are taken to stay the same for it."""

    def stream(self, request: Sent, key: str) -> Iterator[Json]:
        """Yield the rows under `key` one by one.

        A page is requested while the page before it is used, so a whole Region needs the memory of two answers. This is
        for actions whose pages a NextToken links, as EC2's does.
        """


class Writer(Protocol):
    """The single place where a request takes effect. Raises AwsError."""

    def write(self, request: Sent) -> None: ...


class Switch(Protocol):
    """The switch that stops all writes without a deployment."""

    def mode(self) -> Literal["fix", "observe"] | None:
        """Return the switched mode; None: the policy decides, because nothing is switched or it cannot be read."""


class Notifier(Protocol):
    """A notifier: it reports to people and programs what was done."""

    def publish(self, record: Record) -> None: ...


@runtime_checkable
class CollectiveNotifier(Notifier, Protocol):
    """A Notifier that reports several records with fewer calls than each by itself."""

    def publish_all(self, records: Sequence[Record]) -> None: ...


@runtime_checkable
class KeptNotifier(Protocol):
    """A Notifier with a log. It reports what the ledger cannot store, or cannot return."""

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        """Log a problem with the findings that stand at the resources of these keys, or in these units."""


class Later(Protocol):
    """A place for tasks that cannot be done now, and that are tried again later."""

    def put_off(self, task: PutOff) -> bool:
        """Return whether the task is tried again when it is due. Raises AwsError.

        It is tried once, however often it is put off to that time.
        """


class Clock(Protocol):
    """The time, as a port: the core has no clock."""

    def now(self) -> datetime:
        """Return the time now, aware, in UTC."""

    def sleep(self, seconds: float) -> None: ...


class Begin(Protocol):
    """A way to begin a read, so that several can be under way at once."""

    def __call__(self, read: Callable[[], _Answer], /) -> Callable[[], _Answer]:
        """Begin the read; return a function that waits for the answer and raises what the read raised."""
