"""The demo's account of its second group: what was opened and what the function's log says of it, in order."""

from __future__ import annotations

import json
from datetime import timedelta

from cloudmend.cli.demo.timeline import LogLine, Timeline
from cloudmend.local.messages import SeenCall
from support import NOW


def call(operation: str, seconds: float) -> SeenCall:
    when = NOW + timedelta(seconds=seconds)
    return SeenCall(service="ec2", operation=operation, principal="somebody", error=None, time=when)


def logged(seconds: float, event_name: str, message: str, *edits: str) -> LogLine:
    record = {"event_name": event_name, "summary": message, "edits": list(edits)}
    return LogLine(NOW + timedelta(seconds=seconds), json.dumps({"message": message, "record": record}))


OPENS, CLOSES = "AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules"


def test_it_tells_what_was_opened_and_closed_and_not_that_the_first_sweep_found_nothing() -> None:
    timeline = Timeline(
        calls=[call(OPENS, 1), call(CLOSES, 1.5), call(OPENS, 2), call(CLOSES, 2.25)],
        log=[
            logged(0, "Sweep", "us-east-1: no finding of ebs_snapshot_public."),
            logged(1.75, OPENS, "narrowed tcp/3389 from 0.0.0.0/0", "edit"),
            logged(1.8, CLOSES, "no guarded port is open"),
            logged(2.5, OPENS, "narrowed tcp/22 from 0.0.0.0/0", "edit"),
            LogLine(NOW, "START RequestId"),
        ],
    )
    assert list(timeline.lines()) == [
        "0.00 s  tcp/3389 was opened",
        "0.75 s  its log: narrowed tcp/3389 from 0.0.0.0/0",
        "0.80 s  its log, woken by its own write: no guarded port is open",
        "1.00 s  tcp/22 was opened",
        "1.50 s  its log: narrowed tcp/22 from 0.0.0.0/0",
    ]
    assert timeline.seconds_to_closed() == {3389: 0.5, 22: 0.25}
