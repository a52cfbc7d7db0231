"""Asks a stack to tell people of what was done in its ledger by hand."""

from __future__ import annotations

from typing import Final

from cloudmend.aws.gateway import Gateway
from cloudmend.core.errors import CloudmendError
from cloudmend.core.notice.request import NoticeRequest, ask_for_notice

# IAM actions: all that it uses.
PERMISSIONS: Final = frozenset({"events:PutEvents"})


def ask(gateway: Gateway, request: NoticeRequest) -> str:
    """Return why the stack was not asked; empty where it was. What was done stands either way, so this never raises."""
    try:
        entries = gateway.call(ask_for_notice(request)).get("Entries", ())
    except CloudmendError as error:
        return str(error)
    refused = [f"{row['ErrorCode']} ({row.get('ErrorMessage', '')})" for row in entries if row.get("ErrorCode")]
    return f"events:PutEvents: AWS did not accept it: {', '.join(refused)}." if refused else ""
