"""An API call as a value: what is sent, which right it needs, and the AWS CLI command that sends the same.

`Leftover` and `PutOff` are the messages about work that is left to a later run.
"""

from __future__ import annotations

import math
import re
import shlex
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from cloudmend.core.model import ApiCall, Json, Resource

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
    """A mend that is due at a time, and not before."""

    due: Annotated[datetime, Meta(tz=True)]
    account: str
    region: str
    control: str
    resource: Resource
    cause: ApiCall
    failed: int = 0  # how often it was tried when it was due, and failed
    opened: tuple[str, ...] = ()  # the parts that the event named as just opened
    told: tuple[str, ...] = ()  # the parts of which people were told that they are at fault, and left as they are

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
