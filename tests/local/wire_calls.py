"""A call for CloudTrail to record, made by alice in an account of the documentation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cloudmend.local.ec2_records import WireCall

ALICE = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333"}
REQUEST_ID = "7a1f0000-0000-4000-8000-000000000001"
EVENT_ID = "7a1f0000-0000-4000-8000-000000000002"


def wire_call(operation: str, params: dict[str, Any], **more: Any) -> WireCall:
    """`more` replaces what the call says of its answer and its surroundings."""
    described: dict[str, Any] = {
        "result": None,
        "error": None,
        "identity": ALICE,
        "account": "111122223333",
        "region": "eu-west-1",
        "time": datetime(2026, 3, 1, 9, 30, 5, 250_000, tzinfo=UTC),
        "source_ip": "198.51.100.7",
        "user_agent": "aws-cli/2.30",
        "request_id": REQUEST_ID,
        "event_id": EVENT_ID,
    }
    return WireCall(operation, params, **{**described, **more})
