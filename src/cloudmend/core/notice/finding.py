"""A record as findings of AWS Security Hub, in its own format (ASFF): failed while open, passed once closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from cloudmend.core.escaping import plain
from cloudmend.core.model import Finding, Record, Request
from cloudmend.core.notice.wording import label
from cloudmend.core.partitions import partition_of

_BATCH: Final = 100  # the most that one BatchImportFindings takes
_TYPE: Final = "Software and Configuration Checks/AWS Security Best Practices"


class _State(NamedTuple):
    """The state of a part for Security Hub. LOW means there: no action is needed for this alone."""

    compliance: str
    workflow: str
    record: str
    severity: str


_FAILED: Final = _State("FAILED", "NEW", "ACTIVE", "HIGH")
_UNKNOWN: Final = _State("WARNING", "NEW", "ACTIVE", "MEDIUM")
_EXEMPT: Final = _State("FAILED", "SUPPRESSED", "ACTIVE", "LOW")
_PASSED: Final = _State("PASSED", "RESOLVED", "ARCHIVED", "INFORMATIONAL")


def import_findings(record: Record, hub: str, now: datetime) -> Iterator[Request]:
    """Yield BatchImportFindings calls for every part that the record found at fault, still or no longer.

    `hub` is the Region of Security Hub.
    """
    failing = _failing(record)
    parts = {finding.part for finding in failing}
    passing = [finding for finding in record.findings if finding.part not in parts]
    rows = [_row(record, finding, hub, now, passed=False) for finding in failing]
    rows += [_row(record, finding, hub, now, passed=True) for finding in passing]
    for start in range(0, len(rows), _BATCH):
        yield Request("securityhub:BatchImportFindings", {"Findings": rows[start : start + _BATCH]})


def _failing(record: Record) -> tuple[Finding, ...]:
    """Return the findings that are not proved closed."""
    if record.status in ("mended", "open"):
        return record.remaining
    return record.findings


def _row(record: Record, finding: Finding, hub: str, now: datetime, *, passed: bool) -> dict[str, Any]:
    """Return one finding. Its id is the same each time, so an import closes what an earlier one opened.

    The workflow counts at the first import alone: later it belongs to the person who works on the finding, and Security
    Hub itself opens it again when a passed finding fails.
    """
    opened = now - timedelta(seconds=record.seconds_since_call or 0)
    failing = _FAILED._replace(severity=record.words.level.upper()) if finding.is_due else _UNKNOWN
    state = _PASSED if passed else _EXEMPT if record.status == "exempt" else failing
    told = "is" if finding.is_due else "may be"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"cloudmend/{record.control}/{record.account}/{record.region}/{record.resource.id}/{finding.part}",
        "ProductArn": f"arn:{partition_of(hub).id}:securityhub:{hub}:{record.account}:product/{record.account}/default",
        "GeneratorId": f"cloudmend/{record.control}",
        "AwsAccountId": record.account,
        "CreatedAt": _time(opened),
        "FirstObservedAt": _time(opened),
        "UpdatedAt": _time(now),
        "LastObservedAt": _time(now),
        "Title": plain(f"{label(record)} {told} {record.words.fault} ({record.control})", 256),
        "Description": plain(finding.why, 1024),
        "Remediation": {"Recommendation": {"Text": _recommendation(record)}},
        "FindingProviderFields": {"Severity": {"Label": state.severity}, "Types": [_TYPE]},
        "Compliance": {"Status": state.compliance},
        "Workflow": {"Status": state.workflow},
        "RecordState": state.record,
        "Resources": [_resource(record)],
        "ProductFields": _product_fields(record),
    }


def _recommendation(record: Record) -> str:
    """Return the advice that keeps it closed: the hint if infrastructure code opened it, or the control's."""
    return plain(record.attribution.hint, 512) or plain(record.words.prevent, 512) or "none"


def _product_fields(record: Record) -> dict[str, str]:
    ids = {"event": record.event_id, "entry": record.entry_id, "decision": record.decision}
    return {"cloudmend/status": record.status} | {
        f"cloudmend/{name}": plain(value, 200) or "none" for name, value in ids.items()
    }


def _resource(record: Record) -> dict[str, str]:
    return {
        "Type": record.asff,
        "Id": record.arn or record.resource.key,
        "Partition": partition_of(record.region).id,
        "Region": record.region,
    }


def _time(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
