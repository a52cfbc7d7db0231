"""The controls, in the order in which they run. A new one is a file or folder beside this file and a line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from cloudmend.controls import security_group_ingress

if TYPE_CHECKING:
    from cloudmend.core import contract
    from cloudmend.core.control import Control
    from cloudmend.core.model import ApiCall

CONTROLS: Final[tuple[Control, ...]] = (security_group_ingress.CONTROL,)

# The controls by the contract: the id, which is the module's name too, and the source and names of the calls that wake
# it. They stand here a second time, so that a start of the function imports those alone that its event wakes.
WOKEN_BY: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "ebs_snapshot_public": ("ec2.amazonaws.com", frozenset({"ModifySnapshotAttribute"})),
    "s3_bucket_block_public_access": (
        "s3.amazonaws.com",
        frozenset({"DeleteBucketPublicAccessBlock", "PutBucketPublicAccessBlock"}),
    ),
    "sqs_policy_public": ("sqs.amazonaws.com", frozenset({"AddPermission", "CreateQueue", "SetQueueAttributes"})),
}
IDS: Final = (*(control.id for control in CONTROLS), *WOKEN_BY)


def woken_by(calls: Iterable[ApiCall]) -> tuple[contract.Control[Any], ...]:
    """Return the controls by the contract that watch any of these calls."""
    made = {(call.source, call.name) for call in calls}
    return tuple(
        by_contract(name) for name, (source, names) in WOKEN_BY.items() if made & {(source, each) for each in names}
    )


def by_contract(control_id: str) -> contract.Control[Any]:
    """Return the control by the contract that has this id."""
    control: contract.Control[Any] = import_module(f"{__name__}.{control_id}").CONTROL
    return control


def all_by_contract() -> tuple[contract.Control[Any], ...]:
    """Return every control by the contract."""
    return tuple(map(by_contract, WOKEN_BY))
