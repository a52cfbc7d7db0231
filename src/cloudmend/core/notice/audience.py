"""The recipients of notices, and the stack that sends them."""

from __future__ import annotations

from msgspec import Struct


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
