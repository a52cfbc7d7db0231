"""The stack itself, another one beside it, and whom its undo role lets in."""

from __future__ import annotations

from collections.abc import Sequence

from cloudmend.cli.doctor.check import Answer, Deployment
from cloudmend.core.model import Json


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
