"""The policies that AWS manages, in each account. moto has them on request only, and reads them for each account."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy

ADMINISTRATOR: Final = "AdministratorAccess"


def add_to_accounts() -> None:
    """Make moto have them in the accounts that are made from now on. Reading them takes 0.1 s, once in a process."""
    IAMBackend._init_aws_policies = _of_account  # type: ignore[method-assign] # noqa: SLF001
    IAMBackend._init_managed_policies = _by_arn  # type: ignore[method-assign] # noqa: SLF001


def administrator(backend: IAMBackend) -> ManagedPolicy:
    """Return the policy AdministratorAccess of an account, to be attached."""
    return next(policy for policy in backend.aws_managed_policies if policy.name == ADMINISTRATOR)


class _InAccount(AWSManagedPolicy):
    """A policy as one account has it, which counts its attachments there. All else is every account's."""

    original: AWSManagedPolicy

    def __getattr__(self, name: str) -> Any:
        """Return what an account has not changed."""
        return getattr(self.original, name)


def _of_account(self: IAMBackend) -> list[ManagedPolicy]:
    """Return the policies of one account."""
    return [_in_account(policy) for policy in _of_partition(self.partition)]


def _by_arn(self: IAMBackend) -> dict[str, ManagedPolicy]:
    """Return the policies of one account by their ARNs."""
    return dict(zip(_arns(self.partition), self.aws_managed_policies, strict=True))


@cache
def _arns(partition: str) -> Sequence[str]:
    return [policy.arn for policy in _of_partition(partition)]


def _in_account(policy: AWSManagedPolicy) -> AWSManagedPolicy:
    """Return a policy that moto does not keep: it holds on to every model that a class makes."""
    made: _InAccount = object.__new__(_InAccount)  # type: ignore[type-abstract]
    made.original = policy
    return made


@cache
def _of_partition(partition: str) -> Sequence[AWSManagedPolicy]:
    found: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return [AWSManagedPolicy.from_data(name, "aws", partition, data) for name, data in found.items()]
