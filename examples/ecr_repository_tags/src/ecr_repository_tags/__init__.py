"""An ECR repository whose tags can be moved to another image, so that a release is not what was tested.

A repository with exclusions is left as it is: somebody chose there which tags can move.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudmend.core.contract import (
    Control,
    Finding,
    NoSettings,
    ResourceType,
    State,
    Trigger,
    View,
    each,
    rights,
)
from cloudmend.core.model import Hints, Resource, Words
from cloudmend.core.ports import Call, Reader

_TAGS: Final = "tags"  # its one part: MUTABLE or IMMUTABLE
_GONE: Final = "RepositoryNotFoundException"
_SOURCE: Final = "ecr.amazonaws.com"

REPOSITORY: Final = ResourceType(
    type="AWS::ECR::Repository",
    noun="ECR repository",
    id_pattern=r"[a-z0-9][a-z0-9._/-]{1,255}",
    arn="arn:{partition}:ecr:{region}:{account}:repository/{id}",
    asff="AwsEcrRepository",
)


def _read(repository: Resource, reader: Reader, _: NoSettings) -> State | None:
    answer = reader.get(Call("ecr", "DescribeRepositories", {"repositoryNames": [repository.id]}), {_GONE: None})
    return None if answer is None else State({_TAGS: answer["repositories"][0]["imageTagMutability"]})


def _judge(view: View, _: NoSettings) -> Iterator[Finding]:
    if view.parts[_TAGS] == "MUTABLE":
        yield Finding(part=_TAGS, why="a push can move its tags to another image", mended="IMMUTABLE")


def _put(repository: Resource, part: str, now: Any, then: Any) -> Call:
    return Call("ecr", "PutImageTagMutability", {"repositoryName": repository.id, "imageTagMutability": then})


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    rows = reader.rows(Call("ecr", "DescribeRepositories"), "repositories")
    return (row["repositoryName"] for row in rows if row["imageTagMutability"] == "MUTABLE")


CONTROL: Final = Control[NoSettings](
    id="ecr_repository_tags",
    title="The tags of an ECR repository can be moved to other images",
    severity="medium",
    references=("Security Hub ECR.2",),
    advice='In Terraform, set image_tag_mutability = "IMMUTABLE" in the aws_ecr_repository.',
    words=Words(
        fault="open to pushes that move its tags",
        close="make its tags immutable. No image changes",
        prevent="Push each build under a tag of its own.",
    ),
    hints=Hints(again="make its tags mutable again", change="set image_tag_mutability"),
    resource=REPOSITORY,
    triggers=(
        Trigger(_SOURCE, "CreateRepository", ("response.repository.repositoryName", "request.repositoryName")),
        Trigger(_SOURCE, "PutImageTagMutability", ("response.repositoryName", "request.repositoryName")),
    ),
    reads=rights("ecr:DescribeRepositories"),
    writes=rights("ecr:PutImageTagMutability"),
    undoes=rights("ecr:PutImageTagMutability"),
    read=_read,
    judge=_judge,
    put=each(_put),
    every=_every,
    say=lambda value: f"with {value} tags",
    did=lambda _: "made its tags immutable",
    errors={_GONE: "settled"},
)
