"""What a check is, and the deployment that it is about."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

Verdict = Literal["ok", "warning", "broken", "unknown"]


class Answer(Struct, frozen=True):
    """A verdict, what was found in one line, and the command that fixes it (empty: there is nothing to fix)."""

    verdict: Verdict
    found: str
    fix: str = ""

    @classmethod
    def hidden(cls, reason: str) -> Answer:
        """It could not be looked at; the reason is a sentence."""
        return cls("unknown", f"Could not look, because {reason}")


class Check(Struct, frozen=True):
    """One thing that must be so for anything to happen, and the answer."""

    title: str
    verdict: Verdict
    found: str
    fix: str = ""

    @classmethod
    def of(cls, title: str, answer: Answer) -> Check:
        return cls(title, answer.verdict, answer.found, answer.fix)


def is_broken(checks: Iterable[Check]) -> bool:
    """Warnings, and what could not be looked at, do not count."""
    return any(check.verdict == "broken" for check in checks)


class Deployment(Struct, frozen=True, kw_only=True):
    """A stack, and whose it is. `resources` are physical ids by logical id; empty where the stack is not known."""

    account: str
    region: str
    partition: str
    stack: str
    resources: Mapping[str, str] = {}

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def aws(self, *words: str) -> str:
        """An AWS CLI command in this Region, quoted for a POSIX shell."""
        return shlex.join(["aws", *words, "--region", self.region])

    def deploy(self, *parameters: str) -> str:
        """The command that deploys the stack; BUCKET stands for a bucket in the Region."""
        words = ["scripts/deploy.sh", "--bucket", "BUCKET", "--region", self.region, "--stack-name", self.stack]
        return shlex.join([*words, *parameters])

    def deploy_anew(self) -> str:
        """An update does not bring back what was deleted behind CloudFormation's back."""
        delete = ["sam", "delete", "--stack-name", self.stack, "--region", self.region, "--no-prompts"]
        return f"{shlex.join(delete)} && {self.deploy()}"
