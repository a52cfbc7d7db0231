"""Each call of a mend fails in turn, in each way; then Lambda's retries and a sweep come by. What became of it?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from cloudmend import engine
from cloudmend.controls import CONTROLS
from cloudmend.core.errors import LedgerError
from cloudmend.local.ec2 import Ec2Error
from support import Account, event, ingress, ipv4, policy

WORLD: Final = "0.0.0.0/0"
RETRIES_AFTER_S: Final = (61, 121)  # Lambda's, of an asynchronous invocation that raised
SWEEP_AFTER_S: Final = 3600


class Killed(BaseException):
    """The process dies: nothing catches it."""


Fault = Callable[[], BaseException]

EC2_FAULTS: Final[dict[str, tuple[str, Fault]]] = {
    "throttled": ("before", lambda: Ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503)),
    "5xx": ("before", lambda: Ec2Error("InternalError", "An internal error has occurred.", 500)),
    "5xx, but done": ("after", lambda: Ec2Error("InternalError", "An internal error has occurred.", 500)),
    "no answer, but done": ("after", lambda: ReadTimeoutError(endpoint_url="http://localhost")),
    "reset": ("before", lambda: ConnectionClosedError(endpoint_url="http://localhost")),
    "denied": ("before", lambda: Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)),
    "killed before": ("before", Killed),
    "killed after": ("after", Killed),
}
LEDGER_FAULTS: Final[dict[str, tuple[str, Fault]]] = {
    "5xx": ("before", lambda: LedgerError("The table does not answer.")),
    "5xx, but done": ("after", lambda: LedgerError("The table does not answer.")),
    "killed before": ("before", Killed),
    "killed after": ("after", Killed),
}

# The calls of one mend, in order. The two describes of rules are told apart by their number.
CALLS: Final = (
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "ledger.exemptions",
    "ledger.recent",
    "ledger.intend",
    "ModifySecurityGroupRules",
    "DescribeSecurityGroupRules, again",
    "ledger.finish",
)
COLUMNS: Final = tuple(EC2_FAULTS)


def faults_of(call: str) -> dict[str, tuple[str, Fault]]:
    return LEDGER_FAULTS if call.startswith("ledger.") else EC2_FAULTS


class Trial:
    """One group, one fault, and everything that happens until it is closed."""

    def __init__(self, call: str, fault: str) -> None:
        self.account = Account()
        self.group_id = self.account.group(ipv4(22, WORLD, Description="bastion"))
        self.before = self.account.rules(self.group_id)
        self.writes: list[str] = []
        self._count_writes()
        self._arm(call, *faults_of(call)[fault])

    def _count_writes(self) -> None:
        """The writes that took effect."""
        answer = self.account.groups.unhindered

        def unhindered(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
            result = answer(operation, params)
            if operation in ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"):
                self.writes.append(operation)
            return result

        self.account.groups.unhindered = unhindered  # type: ignore[method-assign]

    def _arm(self, call: str, moment: str, fault: Fault) -> None:
        if call.startswith("ledger."):
            self._arm_ledger(call.removeprefix("ledger."), moment, fault)
            return
        operation, _, again = call.partition(", ")
        passes = [1 if again else 0]  # how many calls go well before the one that fails

        def obstacle(_: Mapping[str, Any]) -> None:
            passes[0] -= 1
            if passes[0] == -1:
                raise fault()

        getattr(self.account.groups, moment)[operation] = obstacle

    def _arm_ledger(self, method: str, moment: str, fault: Fault) -> None:
        ledger = self.account.ledger
        real = getattr(ledger, method)

        def once(*arguments: Any) -> Any:
            setattr(ledger, method, real)
            if moment == "before":
                raise fault()
            real(*arguments)
            raise fault()

        setattr(ledger, method, once)

    def run(self) -> str:
        """What closed it: the event, one of Lambda's retries, or a sweep."""
        if self._respond():
            return "at once"
        for number, seconds in enumerate(RETRIES_AFTER_S, 1):
            self.account.clock.sleep(seconds)
            if self._respond():
                return f"retry {number}"
        return "not by the event"

    def _respond(self) -> bool:
        """One invocation: False where it died or raised, and Lambda tries again."""
        try:
            records = self.account.handle(event(self.group_id))
        except Killed:
            return False
        return all(getattr(record, "status", "") not in ("open", "failed") for record in records)

    def sweep(self) -> None:
        self.account.clock.sleep(SWEEP_AFTER_S)
        engine.sweep(controls=CONTROLS, policy=policy(), world=self.account.world)

    def sources(self) -> set[tuple[str, int, int, str]]:
        return ingress(self.account.rules(self.group_id))


def table() -> str:
    """Faults by calls, as Markdown."""
    lines = ["| call | " + " | ".join(COLUMNS) + " |", "| --- |" + " --- |" * len(COLUMNS)]
    for call in CALLS:
        cells = [Trial(call, fault).run() if fault in faults_of(call) else "-" for fault in COLUMNS]
        lines.append(f"| {call} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
