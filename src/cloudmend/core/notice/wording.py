"""The wording that mail and chat share, and the records that people are notified of."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from cloudmend.core.model import END_EXEMPTION, EXEMPT, SWEEP, UNDO, Record, Status

# People get no notice of a clean look or of a resource that is gone. An exempt part was left open on purpose, and every
# call that touches it would lead to another notice. So people get one notice, when somebody exempts it.
_HEADLINES: Final[dict[Status, str]] = {
    "mended": "cloudmend mended",
    "observed": "cloudmend would mend",
    "open": "STILL OPEN, act now:",
    "failed": "cloudmend failed, look now:",
    "pending": "AWS accepted the mend and does not show it yet:",
    "deferred": "cannot be mended now, and stays as it is:",
}
_BY_HAND: Final = {
    UNDO: "undone, open again on purpose:",
    EXEMPT: "left open on purpose:",
    END_EXEMPTION: "exempt no longer:",
}
# The advice about a mend that has not come to its end.
WAITING: Final[dict[Status, str]] = {
    "pending": "Nothing yet: AWS accepted the change. cloudmend looks again, and another notice says how it ended.",
    "deferred": "Nothing yet, if it can wait: cloudmend tries again, and another notice says how that ended.",
}
_BUDGET_SPENT: Final = "NOT MENDED, the budget is spent:"
_REPORTED: Final = "cloudmend reports"
_PARTLY: Final = "cloudmend mended in part, and reports the rest of"


def is_for_people(record: Record) -> bool:
    """Return whether people get it: not if cloudmend looks again in a moment, because AWS may only be late."""
    if record.retry_at and not record.findings:
        return False
    return record.status in _HEADLINES or is_by_hand(record)


def is_by_hand(record: Record) -> bool:
    """Return whether it reports an undo, or an exemption that somebody made or ended."""
    return record.status == "exempt" and record.event_name in _BY_HAND


def headline(record: Record) -> str:
    """Return the subject of a notice in a few words; only for a record that people get."""
    urgency = "HIGH: " if record.severity == "high" else ""
    if is_by_hand(record):
        verdict = _BY_HAND[record.event_name]
    elif record.status == "mended" and record.remaining:  # what no mode would change (decision 38)
        verdict = _PARTLY
    else:
        verdict = _REPORTED if _is_only_reported(record) else _HEADLINES[record.status]
    return f"{urgency}{_BUDGET_SPENT if record.budget_spent else verdict} {label(record)}"


def label(record: Record) -> str:
    """Return the name of the resource in a notice: with the noun of its type, if its id does not show that."""
    return f"{record.words.noun} {record.resource.label}".lstrip()


def removed(record: Record, tense: str) -> str:
    """Return the text in place of a value that is not there: `tense` is "was" or "is"."""
    return f"nothing: it {tense} {record.words.removed}"


def call(record: Record) -> str:
    """Return the API call that led to the record."""
    if is_by_hand(record):
        return "none: it was done by hand"
    return "none: cloudmend found it by looking" if record.event_name in ("", SWEEP) else record.event_name


def run_by(record: Record) -> str:
    """Return who ran cloudmend by hand; empty if the notice names that person as the actor already."""
    return "" if record.run_by == record.attribution.who else record.run_by


def why_unchanged(record: Record) -> str:
    """Return the condition under which cloudmend closes an observed finding, in a sentence or two."""
    if record.budget_spent:
        again = f"is tried again at {record.retry_at:%H:%M} UTC" if record.retry_at else "waits for the next sweep"
        return (
            f"The account's budget for this control and clock hour is spent, and this is open: it {again}. If so many "
            "mends are normal, deploy the stack with a larger Budget (CLOUDMEND_BUDGET)."
        )
    if _is_only_reported(record):
        return f"cloudmend changes nothing here, whatever the mode: {record.decision}."
    return f"cloudmend only observes: {record.decision or 'the policy says so'}. Set that to fix to have it closed."


def _is_only_reported(record: Record) -> bool:
    """Return whether no mode would have the record's findings mended."""
    return record.status == "observed" and not any(finding.is_due for finding in record.findings)


def problems(record: Record) -> tuple[str, ...]:
    """Return the findings that are still there, and the errors, each once."""
    return tuple(dict.fromkeys((*(finding.why for finding in record.remaining), *record.errors)))


def remarks(record: Record) -> tuple[str, ...]:
    """Return other remarks for a person, a sentence or two each."""
    return tuple(_remarks(record))


def _remarks(record: Record) -> Iterator[str]:
    yield from record.taken
    if record.attribution.hint:
        yield record.attribution.hint
    if record.flaps:
        times = "once" if record.flaps == 1 else f"{record.flaps} times"
        yield f"The same finding was mended {times} within the hour before: somebody, or something, opens it again."
    if record.missed:
        yield "A sweep found this, and no event reported it. Check that the trail logs and the rule is enabled."
    for problem in record.exemptions_unreadable:
        yield f"An exemption cannot be read, so it exempts nothing, and cloudmend mends what it was for: {problem}"
    for problem in record.ledger_unreadable:
        yield f"An item of the ledger cannot be read, so it does not count as a recent mend: {problem}"


def duration(record: Record) -> str:
    """Return the time from the API call to the end, in a sentence; empty if the event has no time."""
    if record.seconds_since_call is None:
        return ""
    done = "Closed" if record.status == "mended" else "Looked at"
    return f"{done} about {record.seconds_since_call:.1f} s after the call (CloudTrail records whole seconds)."


def attributes(record: Record) -> dict[str, str]:
    """Return the attributes that a subscriber filters by. None of them is text that a caller chose."""
    named = {
        "status": record.status,
        "severity": record.severity,
        "control": record.control,
        "account": record.account,
        "region": record.region,
    }
    return {name: value for name, value in named.items() if value}


class NotificationTargets(Struct, frozen=True, kw_only=True):
    """The recipients besides EventBridge: ARNs of SNS topics, empty for none, and Security Hub or not.

    `account` and `region` are where the stack is, the first empty where it is not known. There is its ledger: the table
    of that name, empty where there is none.
    """

    topic: str = ""
    chat_topic: str = ""
    security_hub: bool = False
    account: str = ""
    region: str = ""
    ledger: str = ""


def undo_command(record_id: str, *, region: str, ledger: str) -> str:
    """Return the undo command for a POSIX shell.

    The user fills in the reason; `ledger` is empty for the user's own file.
    """
    return f'cloudmend undo {shlex.quote(record_id)}{_where(region, ledger)} --for 2h --reason "..."'


def remove_command(exemption_id: str, *, region: str, ledger: str) -> str:
    """Return the command that ends an exemption, for a POSIX shell."""
    return f"cloudmend exempt remove {shlex.quote(exemption_id)}{_where(region, ledger)}"


def _where(region: str, ledger: str) -> str:
    options = [("--region", region), ("--ledger", ledger)]
    return "".join(f" {option} {shlex.quote(value)}" for option, value in options if value)
