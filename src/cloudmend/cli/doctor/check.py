"""A check, and the deployment that the checks look at: each part of it is asked for once."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from cloudmend.core.model import Json

Verdict = Literal["ok", "warning", "broken", "unknown"]

QUEUE: Final = "DeadLetterQueue"  # in template.yaml
_WORST_FIRST: Final[tuple[Verdict, ...]] = ("broken", "unknown", "warning", "ok")


class Answer(Struct, frozen=True):
    """A verdict, what was found in one line, and the command that fixes it (empty: there is nothing to fix)."""

    verdict: Verdict
    found: str
    fix: str = ""

    @classmethod
    def hidden(cls, reason: str) -> Answer:
        """Return the answer for something that could not be looked at; the reason is a sentence."""
        return cls("unknown", f"Not checked: {reason}")


def all_of(answers: Sequence[Answer], found: str) -> Answer:
    """Return one answer about several things of a kind: the faults and every fix, or `found` if there is none."""
    faults = [answer for answer in answers if answer.verdict != "ok"]
    if not faults:
        return Answer("ok", found)
    verdict = min((answer.verdict for answer in faults), key=_WORST_FIRST.index)
    fixes = " && ".join(answer.fix for answer in faults if answer.fix)
    return Answer(verdict, " ".join(answer.found for answer in faults), fixes)


class Check(Struct, frozen=True):
    """A condition that must hold for anything to happen, and the answer."""

    title: str
    verdict: Verdict
    found: str
    fix: str = ""

    @classmethod
    def of(cls, title: str, answer: Answer) -> Check:
        return cls(title, answer.verdict, answer.found, answer.fix)


def exit_code(checks: Iterable[Check]) -> int:
    """Return 1 if something is broken or could not be looked at, otherwise 0: a warning does not count."""
    return 1 if any(check.verdict in ("broken", "unknown") for check in checks) else 0


class Deployment(Struct, frozen=True, kw_only=True):
    """A stack, its account, and its Region.

    `resources` are physical ids by logical id. `parameters` are the template's, by name. Both are empty if the stack is
    not known. `function_id` is the logical id of the function that events wake, `rule_ids` are those of the rules.
    `stack_id` is the stack's ARN, empty if it is not known.
    """

    account: str
    region: str
    partition: str
    stack: str
    resources: Mapping[str, str] = {}
    parameters: Mapping[str, str] = {}
    function_id: str = ""
    rule_ids: tuple[str, ...] = ()
    stack_id: str = ""

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def aws(self, *words: str) -> str:
        """Return an AWS CLI command in this Region, quoted for a POSIX shell."""
        return shlex.join(["aws", *words, "--region", self.region])

    def deploy(self, *parameters: str) -> str:
        """Return the command that deploys the stack; BUCKET stands for a bucket in the Region."""
        return shlex.join(["./deploy.sh", *self._names(), *parameters])

    def deploy_anew(self) -> str:
        """Return the command that brings back resources that were deleted without CloudFormation.

        No update of the stack brings them back. The new stack has the old one's parameters, but only observes: its
        ledger is new, so it knows no exemption.
        """
        remove = ["./deploy.sh", "--remove", "--yes", *self._names()]
        kept = [f"{name}={value}" for name, value in self.parameters.items() if value and name != "Mode"]
        return f"{shlex.join(remove)} && {self.deploy(*kept, 'Mode=observe')}"

    def cloudmend(self, *words: str) -> str:
        """Return a cloudmend command about this stack, quoted for a POSIX shell."""
        return shlex.join(["cloudmend", *words, "--stack-name", self.stack, "--region", self.region])

    def _names(self) -> tuple[str, ...]:
        return "--bucket", "BUCKET", "--region", self.region, "--stack-name", self.stack


def stack(answer: Json | None, others: Sequence[str], deployment: Deployment) -> Answer:
    """The stack as DescribeStacks describes it, None where there is none; `others` are those of cloudmend's."""
    name = deployment.stack
    if answer is None:
        return _missing(f"There is no stack {name} in {deployment.region}.", others, deployment)
    status = answer["StackStatus"]
    found = f"Stack {name} is {status}."
    events = deployment.aws("cloudformation", "describe-stack-events", "--stack-name", name, "--max-items", "20")
    if status.endswith("IN_PROGRESS"):
        return Answer("warning", found, deployment.aws("cloudformation", "describe-stacks", "--stack-name", name))
    # A finished rollback of an update leaves the stack that was there before, which works.
    if status in ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"):
        return Answer("warning", found, events)
    return (
        Answer("ok", found)
        if status.endswith("_COMPLETE") and "ROLLBACK" not in status
        else Answer("broken", found, events)
    )


def _missing(found: str, others: Sequence[str], deployment: Deployment) -> Answer:
    """A first deployment only observes, so that nobody is cut off whom somebody meant to let in."""
    if others:
        return Answer(
            "broken", f"{found} In this Region, cloudmend is deployed as {_named(others)}.", _doctor(others, deployment)
        )
    return Answer("broken", found, deployment.deploy("Mode=observe"))


def foreign(deployment: Deployment, others: Sequence[str]) -> Answer:
    """Judge a stack that is not cloudmend's: deploying cloudmend onto it would delete what is in it."""
    found = f"Stack {deployment.stack} in {deployment.region} is not cloudmend's."
    if others:
        return Answer(
            "broken", f"{found} In this Region, cloudmend is deployed as {_named(others)}.", _doctor(others, deployment)
        )
    return Answer("broken", f"{found} Pass another --stack-name or --region.")


def alone(others: Sequence[str], deployment: Deployment) -> Answer:
    """Return whether other stacks of cloudmend's hear the same calls."""
    if not others:
        return Answer("ok", f"No other stack in {deployment.region} is cloudmend's.")
    found = (
        f"In {deployment.region} {_named(others)} is cloudmend's too: both act on the same calls, and neither knows "
        "the other's exemptions and undos. Keep one."
    )
    return Answer("warning", found, _doctor(others, deployment))


def _named(others: Sequence[str]) -> str:
    return f"stack {', '.join(others)}"


def _doctor(others: Sequence[str], deployment: Deployment) -> str:
    """Return the command that runs doctor on the first of them."""
    return Deployment(
        account=deployment.account, region=deployment.region, partition=deployment.partition, stack=others[0]
    ).cloudmend("doctor")


def undo_role(principal: str, deployment: Deployment) -> Answer:
    """Say who may assume the undo role, by the parameter UndoPrincipal. The role trusts this account alone."""
    if not principal:
        return Answer("ok", "Anyone whom IAM allows in this account can assume the undo role, with MFA.")
    _, partition, _, _, account, _ = principal.split(":", 5)
    if (partition, account) == (deployment.partition, deployment.account):
        return Answer("ok", f"{principal} can assume the undo role.")
    found = f"UndoPrincipal {principal} is not of this account ({deployment.account}, {deployment.partition}): it "
    mended = deployment.deploy(f"UndoPrincipal=arn:{deployment.partition}:iam::{deployment.account}:role/NAME")
    return Answer("warning", f"{found}lets nobody assume the undo role.", mended)
