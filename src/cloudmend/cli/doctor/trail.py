"""Does a trail record management write events here? Without one EventBridge never hears of the call."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.cli.doctor.check import Answer, Deployment
from cloudmend.core.model import Json

Call = tuple[str, str]  # the source and the name of a write that must be recorded

# CloudTrail API Reference, AdvancedFieldSelector. An operator without Not is met by any of its values.
_OPERATORS: Final[Mapping[str, Callable[[str, Sequence[str]], bool]]] = {
    "Equals": lambda value, values: value in values,
    "StartsWith": lambda value, values: value.startswith(tuple(values)),
    "EndsWith": lambda value, values: value.endswith(tuple(values)),
    "NotEquals": lambda value, values: value not in values,
    "NotStartsWith": lambda value, values: not value.startswith(tuple(values)),
    "NotEndsWith": lambda value, values: not value.endswith(tuple(values)),
}
# The two forms of selectors, of which a trail has one, and what each needs to record the call.
_FORMS: Final[tuple[tuple[str, str, Json], ...]] = (
    (
        "AdvancedEventSelectors",
        "--advanced-event-selectors",
        {
            "Name": "Management write events",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "readOnly", "Equals": ["false"]},
            ],
        },
    ),
    ("EventSelectors", "--event-selectors", {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}),
)


class Trail(Struct, frozen=True, kw_only=True):
    """A trail that covers this Region, as AWS describes it. `problem` is why it could not be looked at."""

    name: str
    arn: str
    home: str  # its Region, where it is changed
    is_logging: bool = False
    selectors: Json = {}  # GetEventSelectors' answer
    problem: str = ""

    def records(self, call: Call) -> bool:
        """Return whether the trail records a call. Without selectors of its own it records all management events."""
        advanced = self.selectors.get("AdvancedEventSelectors")
        basic = self.selectors.get("EventSelectors")
        if advanced:
            return any(_selects(selector, call) for selector in advanced)
        return not basic or any(_selects_basic(selector, call) for selector in basic)


def _selects(selector: Json, call: Call) -> bool:
    return all(_meets(field, call) for field in selector["FieldSelectors"])


def _meets(field: Json, call: Call) -> bool:
    """Return whether the call meets a field selector. A field that the call is not known to have counts as not met."""
    source, name = call
    told = {"eventCategory": "Management", "eventSource": source, "eventName": name, "readOnly": "false"}
    value = told.get(field["Field"])
    return value is not None and all(test(value, field[name]) for name, test in _OPERATORS.items() if field.get(name))


def _selects_basic(selector: Json, call: Call) -> bool:
    """Return whether a basic selector includes the call. CloudTrail API Reference, EventSelector, with its defaults."""
    is_left_out = call[0] in selector.get("ExcludeManagementEventSources", ())
    includes = selector.get("IncludeManagementEvents", True) and not is_left_out
    return bool(includes) and selector.get("ReadWriteType", "All") != "ReadOnly"


def judge(trails: Sequence[Trail], calls: Sequence[Call], deployment: Deployment) -> Answer:
    """Judge whether trails record each of the calls; else what is nearest to that is reported."""
    logging = [trail for trail in trails if trail.is_logging and not trail.problem]
    missed = [call for call in calls if not any(trail.records(call) for trail in logging)]
    if not missed:
        good = [trail for trail in logging if all(map(trail.records, calls))] or logging
        return Answer("ok", f"Trail {_named(good[0])} is logging management write events.")
    if hidden := [trail for trail in trails if trail.problem]:
        return Answer.hidden(f"trail {_named(hidden[0])} cannot be read: {hidden[0].problem}")
    if stopped := [trail for trail in trails if not trail.is_logging and all(map(trail.records, missed))]:
        fix = ["aws", "cloudtrail", "start-logging", "--name", stopped[0].arn, "--region", stopped[0].home]
        found = f"Trail {_named(stopped[0])} is stopped: EventBridge receives no API calls."
        return Answer("broken", found, shlex.join(fix))
    if trails:
        nearest = (logging or list(trails))[0]
        return Answer(
            "broken", f"Trail {_named(nearest)} leaves out {_left_out(missed, calls)}.", _select_writes(nearest)
        )
    found = f"No trail covers {deployment.region}: without one, EventBridge receives no API calls."
    return Answer("broken", found, _create(deployment))


def _left_out(missed: Sequence[Call], calls: Sequence[Call]) -> str:
    if len(missed) == len(calls):
        return "management write events: EventBridge receives no API calls"
    return f"{', '.join(name for _, name in missed)}: EventBridge does not receive these calls"


def _named(trail: Trail) -> str:
    return f"{trail.name} ({trail.home})"


def _select_writes(trail: Trail) -> str:
    """PutEventSelectors replaces what is there, so that is named again."""
    kind, option, added = next(form for form in _FORMS if trail.selectors.get(form[0]))
    selectors = json.dumps([*trail.selectors[kind], added])
    place = ["--trail-name", trail.arn, "--region", trail.home]
    return shlex.join(["aws", "cloudtrail", "put-event-selectors", *place, option, selectors])


def _create(deployment: Deployment) -> str:
    """BUCKET stands for one whose policy lets CloudTrail write."""
    create = ("create-trail", "--name", "management-events", "--s3-bucket-name", "BUCKET", "--is-multi-region-trail")
    start = ("start-logging", "--name", "management-events")
    return f"{deployment.aws('cloudtrail', *create)} && {deployment.aws('cloudtrail', *start)}"
