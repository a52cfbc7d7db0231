"""The API call as the description of its rights reads it, the state that it may need, and AWS's table of actions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final, Protocol

from cloudmend.core.partitions import partition_of
from cloudmend.local.clock import CLOCK

_PREFIXES: Final = {"emr": "elasticmapreduce", "s3control": "s3", "resourcegroupstaggingapi": "tag"}
_PLACEHOLDER: Final = re.compile(r"\$\{(\w+)\}")
_KNOWN: Final = ("Partition", "Region", "Account")


class Undescribed(Exception):
    """The rights that a call needs are not known, so it can be granted to nobody."""

    def __init__(self, service: str, operation: str, why: str = "") -> None:
        detail = f" ({why})" if why else ""
        super().__init__(
            f"The embedded AWS does not know which rights {service}:{operation} needs{detail}. Describe them in "
            "cloudmend.local.iam.actions_names or cloudmend.local.iam.resources."
        )


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call of an API, by a principal of `account`. `params` are None if they cannot be read."""

    service: str  # botocore's name: "s3control"
    operation: str
    params: Mapping[str, Any] | None
    account: str
    region: str
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    time: datetime = field(default_factory=lambda: CLOCK.now())

    @property
    def prefix(self) -> str:
        """The name of the service in its actions."""
        return _PREFIXES.get(self.service, self.service)

    def arn(self, kind: str, resource_id: str, account: str = "") -> str:
        """Return the ARN of a resource of a type. Raises Undescribed for a type that the service does not have."""
        if resource_id.startswith("arn:"):
            return resource_id
        template = described(self.prefix).arns.get(kind)
        if template is None:
            raise self.undescribed(f"{kind} is no type of resource of {self.prefix}")
        known = {"Partition": partition_of(self.region).id, "Region": self.region, "Account": account or self.account}
        start = next((each.start() for each in _PLACEHOLDER.finditer(template) if each[1] not in _KNOWN), len(template))
        return _PLACEHOLDER.sub(lambda each: known[each[1]], template[:start]) + resource_id

    def undescribed(self, why: str = "") -> Undescribed:
        """Return the error that the rights of the call are not known."""
        return Undescribed(self.service, self.operation, why)


class State(Protocol):
    """The facts that decide about a call and that only AWS knows. Each answer is empty if there is none."""

    def owner_of(self, arn: str) -> str:
        """Return the account of a resource, if it is not the one in the ARN, or if the ARN has none."""

    def keys_of(self, arn: str) -> Mapping[str, Any]:
        """Return the condition keys of a resource: its tags (aws:ResourceTag/NAME), ec2:Vpc."""

    def named(self, arn: str) -> str:
        """Return the ARN of a resource that is named in part: a role without its path, a group or a key by a name."""

    def partition_key_of(self, arn: str) -> str:
        """Return the name of the partition key of a DynamoDB table or index."""

    def key_of(self, arn: str) -> str:
        """Return the ARN of the KMS key of a resource that is encrypted by a key of the customer's."""


class NoState:
    """A State that knows nothing."""

    def owner_of(self, _: str) -> str:
        return ""

    def keys_of(self, _: str) -> Mapping[str, Any]:
        return {}

    def named(self, arn: str) -> str:
        return arn

    def partition_key_of(self, _: str) -> str:
        return ""

    def key_of(self, _: str) -> str:
        return ""


NO_STATE: Final = NoState()


@dataclass(frozen=True, slots=True)
class Described:
    """AWS's description of a service: the ARN of each type of resource, and the types of each action."""

    arns: Mapping[str, str]
    actions: Mapping[str, Sequence[str]]  # a type with a * is required


@cache
def described(prefix: str) -> Described:
    """Return the description of a service by the prefix of its actions; an empty one if the table has none."""
    found = _table().get(prefix, {})
    return Described(found.get("arns", {}), found.get("actions", {}))


@cache
def _table() -> Mapping[str, Any]:
    text = files("cloudmend.local.iam").joinpath("actions.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def listed(found: Any) -> list[Any]:
    """Return what a search in parameters found as a list, whether it is one or several; empty values are left out."""
    return [each for each in (found if isinstance(found, list) else [found]) if each]


def parameter_of(template: str) -> str:
    """Return the name of the id in the ARN of a type, in small letters: "tablename"; empty if there are several."""
    names = [name for name in _PLACEHOLDER.findall(template) if name not in _KNOWN]
    return str(names[0]).lower() if len(names) == 1 else ""
