"""The kit runs the control through every promise, on an embedded AWS."""

from __future__ import annotations

from cloudmend.testing.specimen import Client, Specimen
from cloudmend.testing.suite import *  # noqa: F403 - the kit's tests, which read SPECIMENS
from ecr_repository_tags import CONTROL


def _repository(client: Client) -> str:
    """Make a repository and put it at fault. Its last call must be one that wakes the control."""
    client("ecr").create_repository(repositoryName="team/app", imageTagMutability="IMMUTABLE")
    client("ecr").put_image_tag_mutability(repositoryName="team/app", imageTagMutability="MUTABLE")
    return "team/app"


SPECIMENS = (Specimen(CONTROL, _repository),)
