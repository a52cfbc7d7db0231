"""The controls, in the order in which they run. A new one is a file or folder beside this file and a line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cloudmend.core.contract import Control
    from cloudmend.core.model import ApiCall

# Of each control the id, which is the module's name too, and the source and names of the calls that wake it. They stand
# here a second time, so that a start of the function imports those alone that its event wakes.
WOKEN_BY: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "security_group_ingress": (
        "ec2.amazonaws.com",
        frozenset(
            {
                "AuthorizeSecurityGroupIngress",
                "ModifyManagedPrefixList",
                "ModifySecurityGroupRules",
                "RestoreManagedPrefixListVersion",
            }
        ),
    ),
    "ebs_snapshot_public": ("ec2.amazonaws.com", frozenset({"ModifySnapshotAttribute"})),
    "s3_bucket_block_public_access": (
        "s3.amazonaws.com",
        frozenset({"DeleteBucketPublicAccessBlock", "PutBucketPublicAccessBlock"}),
    ),
    "sqs_policy_public": ("sqs.amazonaws.com", frozenset({"AddPermission", "CreateQueue", "SetQueueAttributes"})),
    "rds_snapshot_public": ("rds.amazonaws.com", frozenset({"ModifyDBSnapshotAttribute"})),
}
IDS: Final = tuple(WOKEN_BY)


def woken_by(calls: Iterable[ApiCall]) -> tuple[Control[Any], ...]:
    """Return the controls that watch any of these calls."""
    made = {(call.source, call.name) for call in calls}
    return tuple(by_id(name) for name, (source, names) in WOKEN_BY.items() if made & {(source, each) for each in names})


def by_id(control_id: str) -> Control[Any]:
    """Return the control of an id. Raises KeyError for an id that is none."""
    if control_id not in WOKEN_BY:
        raise KeyError(control_id)
    control: Control[Any] = import_module(f"{__name__}.{control_id}").CONTROL
    return control


def every() -> tuple[Control[Any], ...]:
    """Return every control."""
    return tuple(map(by_id, WOKEN_BY))
