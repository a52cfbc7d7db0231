"""A repository whose policy lets strangers in: principals of accounts that its author could not have named.

The statement is narrowed in place to the repository's own account, or to its organization, if the policy file names
one. Principals from there keep their access. Other accounts lose it, and so do AWS services that pull as themselves,
such as Lambda for a function of another account. A statement with a condition that AWS services meet, such as one on
`aws:SourceArn`, is only reported.

Public repositories of Amazon ECR Public are another service, and are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cloudmend.controls.families.policy_records import POLICY, policy_of
from cloudmend.controls.families.public_policies import Settings, public_policy
from cloudmend.controls.resource_types import REPOSITORY
from cloudmend.core.contract import State, Trigger, lists, rights
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call, Reader

_LIMIT: Final = 10_240  # characters
_TEXT: Final = "policyText"
_GONE: Final = "RepositoryNotFoundException"
_AT: Final = ("request.repositoryName",)


def _read(repository: Resource, reader: Reader, _: Settings) -> State | None:
    asked = Call("ecr", "GetRepositoryPolicy", {"repositoryName": repository.id})
    answer = reader.get(asked, {_GONE: None, "RepositoryPolicyNotFoundException": {}})
    if answer is None:
        return None
    return State({POLICY: answer[_TEXT]} if _TEXT in answer else {})


def _put(repository: Resource, _: State, text: str) -> Call:
    return Call("ecr", "SetRepositoryPolicy", {"repositoryName": repository.id, _TEXT: text})


def _every(_: Resource, reader: Reader, __: Settings) -> Iterator[str]:
    return (row["repositoryName"] for row in reader.rows(Call("ecr", "DescribeRepositories"), "repositories"))


def _says(call: ApiCall, _: str) -> str:
    return policy_of(call, call.request.get(_TEXT, "")) if call.name == "SetRepositoryPolicy" else ""


CONTROL: Final = public_policy(
    id="ecr_policy_public",
    title="A repository's policy lets strangers in",
    severity="high",
    advice="In Terraform, add the condition to the aws_ecr_repository_policy resource.",
    resource=REPOSITORY,
    triggers=(Trigger("ecr.amazonaws.com", "SetRepositoryPolicy", _AT),),
    follows=tuple(Trigger("ecr.amazonaws.com", name, _AT) for name in ("DeleteRepository", "DeleteRepositoryPolicy")),
    says=_says,
    reads=(*rights("ecr:GetRepositoryPolicy"), *lists("ecr:DescribeRepositories", of="")),
    writes=rights("ecr:SetRepositoryPolicy"),
    undoes=rights("ecr:SetRepositoryPolicy"),
    read=_read,
    put=_put,
    every=_every,
    limit=_LIMIT,
    errors={_GONE: "settled"},
)
