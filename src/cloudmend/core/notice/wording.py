"""What mail and chat say alike: which records people are told of, and in which words."""

from __future__ import annotations

from typing import Final

from cloudmend.core.model import Actor, Record, Status

# A clean look and a group that is gone are no news to a person.
HEADLINES: Final[dict[Status, str]] = {
    "mended": "cloudmend mended",
    "observed": "cloudmend would mend",
    "open": "STILL OPEN, act now:",
    "failed": "cloudmend failed, look now:",
}


def headline(record: Record) -> str:
    """What this is about, in a few words; only for a status that people are told of."""
    return f"{HEADLINES[record.status]} {record.resource.id}"


def who(actor: Actor) -> str:
    return actor.arn or actor.kind or "unknown"


def through(actor: Actor) -> str:
    return actor.invoked_by or actor.user_agent or "unknown"


def source(actor: Actor) -> str:
    return actor.source_ip or "unknown"


def duration(record: Record) -> str:
    """How long it took since the API call, in a sentence; empty where the event has no time."""
    if record.seconds_since_call is None:
        return ""
    done = "Closed" if record.status == "mended" else "Looked at"
    return f"{done} about {record.seconds_since_call:.1f} s after the call (CloudTrail tells whole seconds)."


def attributes(record: Record) -> dict[str, str]:
    """By what a subscriber chooses. None of it is text that a caller chose."""
    named = {"status": record.status, "control": record.control, "account": record.account, "region": record.region}
    return {name: value for name, value in named.items() if value}
