"""The most that a deployed stack lets each control do, which its template's parameters say: the policy may say less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cloudmend.core.policy.model import Mode
from cloudmend.core.policy.modes import read_mode
from cloudmend.core.policy.place import Parameter
from cloudmend.core.policy.review import Review

RIGHTS: Final = "CLOUDMEND_RIGHTS"  # words like ebs_snapshot_public=observe
_FILLER: Final[Mode] = "observe"  # stands where a mode was refused


def name_of(control_id: str) -> str:
    """Return the part of a logical id that stands for a control: EbsSnapshotPublic for ebs_snapshot_public."""
    return control_id.title().replace("_", "")


def rights_parameter(control_id: str) -> str:
    """Return the name of the template's parameter that says the most that a control may do: fix, observe or off."""
    return f"{name_of(control_id)}Rights"


def read_rights(text: str, review: Review) -> Iterator[tuple[str, Mode]]:
    """Yield the modes by control. A mode that is none is refused."""
    for word in text.split():
        control, _, mode = word.partition("=")
        place = Parameter(RIGHTS, rights_parameter(control), ())
        yield control, review.attempt(_FILLER, read_mode, mode, place)
