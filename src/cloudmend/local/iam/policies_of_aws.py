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


def administrator(backend: IAMBackend) -> ManagedPolicy:
    """Return the policy AdministratorAccess of an account, to be attached."""
    return next(policy for policy in backend.aws_managed_policies if policy.name == ADMINISTRATOR)


def _of_account(self: IAMBackend) -> list[ManagedPolicy]:
    """Return copies, because each account counts its attachments."""
    return [_copy(policy) for policy in _of_partition(self.partition)]


def _copy(policy: AWSManagedPolicy) -> AWSManagedPolicy:
    """Return a copy that moto does not keep: it holds on to every model that a class makes."""
    made = object.__new__(type(policy))
    made.__dict__.update(policy.__dict__)
    return made


@cache
def _of_partition(partition: str) -> Sequence[AWSManagedPolicy]:
    found: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return [AWSManagedPolicy.from_data(name, "aws", partition, data) for name, data in found.items()]
