"""The names of template.yaml's resources, and the rules among them that wake the function."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from cloudmend.controls import WOKEN_BY
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.doctor.rule import EventRule

FUNCTION: Final = "SecurityGroupRemediationLambda"
SWEEP: Final = "SweepFunction"
LOG: Final = "RemediationLogGroup"
NOTICE_RULE: Final = "NoticeRequestRule"
# The policy by which a control may write that only observes otherwise, and the parameter that creates it.
FIX_RIGHTS: Final = {"s3_bucket_block_public_access": ("BucketFixPolicy", "BucketFixRights")}
_FIRST_RULE: Final = "ScheduledRule"  # of the control that was there before the others


def event_rules() -> tuple[EventRule, ...]:
    """Return the rules that pass on the calls that controls watch: the first control's, and one for each service."""
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for control, (source, calls) in WOKEN_BY.items():
        service = source.partition(".")[0].title()
        names[_FIRST_RULE if control == CATALOG.first else f"{service}ControlsRule", source] |= calls
    return tuple(EventRule(name, source, tuple(sorted(calls))) for (name, source), calls in names.items())
