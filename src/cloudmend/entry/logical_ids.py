"""The names of template.yaml's resources, and the rules among them that wake the function."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from cloudmend.controls.catalog import CATALOG
from cloudmend.controls.table import WAKES
from cloudmend.core.event_rules import EventRule
from cloudmend.core.event_rules import event_rules as rules_of

FUNCTION: Final = "SecurityGroupRemediationLambda"
SWEEP: Final = "SweepFunction"
LOG: Final = "RemediationLogGroup"
NOTICE_RULE: Final = "NoticeRequestRule"


def event_rules(off: Collection[str] = ()) -> tuple[EventRule, ...]:
    """Return the rules that pass on the calls that controls watch, but for controls that are off."""
    made = (rule.without(off) for rule in rules_of(WAKES, CATALOG.first))
    return tuple(rule for rule in made if rule.names)
