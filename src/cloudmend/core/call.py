"""One API call as a value: what is sent, which right it needs, and the AWS CLI command that sends the same."""

from __future__ import annotations

import re
import shlex
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.core.model import Json

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


class Call(Struct, frozen=True):
    """One API call, in botocore's words: service "s3", operation "PutPublicAccessBlock".

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
