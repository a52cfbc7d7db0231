"""Mends to take back, and how they are taken back; for the tests of undo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from cloudmend.controls import by_id
from cloudmend.core.exempting import ExemptionRequest
from cloudmend.core.ledger_records import LedgerRecord, TimedExemption
from cloudmend.core.undo import UndoResult
from cloudmend.engine.undo import undo
from cloudmend.local.ec2.checks import Ec2Error
from support import ACCOUNT, Account, ipv4

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
GROUNDS = ExemptionRequest(
    owner="network-team", reason="The vendor has no VPN yet", duration=timedelta(hours=2), caller=ALICE
)
WORLD = "0.0.0.0/0"
TAGS = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "team", "Value": "net"}]}]
WRITES = ("ModifySecurityGroupRules", "AuthorizeSecurityGroupIngress")


def grounds(**fields: Any) -> ExemptionRequest:
    """Reasons that are good, but for these fields."""
    return msgspec.structs.replace(GROUNDS, **fields)


def undone(account: Account, record_id: str, *, dry_run: bool = False, **fields: Any) -> UndoResult:
    return undo(record_id, grounds(**fields), control_of=by_id, world=account.world, dry_run=dry_run)


def mended_group(account: Account) -> tuple[str, str]:
    """A group of which one rule was narrowed and one, with description and tags, revoked; its id and the entry's."""
    group_id = account.group(ipv4(22, WORLD, Description="open to all"))
    half = ipv4(3389, "128.0.0.0/1", Description="half")
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[half], TagSpecifications=TAGS)
    return group_id, account.mend(group_id).entry_id


def rule_of(account: Account, group_id: str, port: int) -> dict[str, Any]:
    (row,) = [row for row in account.rules(group_id) if row["FromPort"] == port]
    return row


def exemptions(account: Account) -> tuple[TimedExemption, ...]:
    return account.ledger.exemptions(account.clock.now()).held  # type: ignore[no-any-return]


def entry(account: Account, record_id: str) -> LedgerRecord:
    return account.ledger.get(record_id)  # type: ignore[no-any-return]


def refuse(
    account: Account, operation: str, *, times: int, after: int = 0, code: str = "UnauthorizedOperation"
) -> None:
    """The calls of an operation fail so many times, after so many that do not."""
    calls = 0

    def obstacle(_: Mapping[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if after < calls <= after + times:
            raise Ec2Error(code, "refused by the test", 403)

    account.groups.before[operation] = obstacle
