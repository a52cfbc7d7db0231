"""Each call of a mend fails in turn, in each way; then Lambda's retries and a sweep come by. What became of it?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from cloudmend import engine
from cloudmend.controls import woken_by
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import LedgerError
from cloudmend.core.model import Record
from cloudmend.local.ec2.checks import Ec2Error
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
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
    "ledger.history",
    "ledger.intend",
    "ModifySecurityGroupRules",
    "DescribeSecurityGroupRules, again",
    "notice",
    "ledger.finish",
)
# The notifier raises nothing: what a channel does not take is in its log.
NOTICE_FAULTS: Final[dict[str, tuple[str, Fault]]] = {
    "killed before": ("before", Killed),
    "killed after": ("after", Killed),
}
MALLORY: Final = "arn:aws:iam::111122223333:user/mallory"

COLUMNS: Final = tuple(EC2_FAULTS)

# What some groups need besides: one refers to a prefix list, and is to get its VPC's own block.
NEEDS: Final = ("DescribeManagedPrefixLists", "GetManagedPrefixListEntries", "DescribeVpcs")
BY_VPC: Final = policy('[control.security_group_ingress.replacement]\nipv4 = "vpc"\n')


def faults_of(call: str) -> dict[str, tuple[str, Fault]]:
    if call == "notice":
        return NOTICE_FAULTS
    return LEDGER_FAULTS if call.startswith("ledger.") else EC2_FAULTS


class Trial:
    """One group, one fault, and everything that happens until it is closed."""

    def __init__(self, call: str, fault: str) -> None:
        self.account = Account()
        self.group_id = self._group()
        self.before = self.account.rules(self.group_id)
        self.writes: list[str] = []
        self._count_writes()
        self._arm(call, *faults_of(call)[fault])

    def _group(self) -> str:
        return self.account.group(ipv4(22, WORLD, Description="bastion"))

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
        if call == "notice":
            _arm_method(self.account, "publish", moment, fault)
            return
        if call.startswith("ledger."):
            _arm_method(self.account.ledger, call.removeprefix("ledger."), moment, fault)
            return
        operation, _, again = call.partition(", ")
        passes = [1 if again else 0]  # how many calls go well before the one that fails

        def obstacle(_: Mapping[str, Any]) -> None:
            passes[0] -= 1
            if passes[0] == -1:
                raise fault()

        getattr(self.account.groups, moment)[operation] = obstacle

    def run(self) -> str:
        """What closed it: the event, or one of Lambda's retries."""
        if self.respond():
            return "at once"
        for number, seconds in enumerate(RETRIES_AFTER_S, 1):
            self.account.clock.sleep(seconds)
            if self.respond():
                return f"retry {number}"
        return "not by the event"

    def respond(self) -> bool:
        """One invocation: False where it died or raised, and Lambda tries again."""
        try:
            records = self._handle()
        except Killed:
            return False
        return all(getattr(record, "status", "") not in ("open", "failed") for record in records)

    def _handle(self) -> Sequence[object]:
        return self.account.handle(self.event())

    def event(self) -> dict[str, Any]:
        identity = {"type": "IAMUser", "arn": MALLORY, "userName": "mallory"}
        return event(self.group_id, userIdentity=identity)

    def sweep(self) -> None:
        self.account.clock.sleep(SWEEP_AFTER_S)
        engine.sweep(controls=[CONTROL], policy=policy(), world=self.account.world)

    def told(self) -> list[Record]:
        """The notices of what was done."""
        return [record for record in self.account.records if record.edits]

    def sources(self) -> set[tuple[str, int, int, str]]:
        return ingress(self.account.rules(self.group_id))


def _arm_method(port: Any, method: str, moment: str, fault: Fault) -> None:
    """The first call of that method fails."""
    real = getattr(port, method)

    def once(*arguments: Any) -> Any:
        setattr(port, method, real)
        if moment == "before":
            raise fault()
        real(*arguments)
        raise fault()

    setattr(port, method, once)


class NeedyTrial(Trial):
    """A group that is open, and that also refers to a harmless list; it is narrowed to its VPC's block."""

    def _group(self) -> str:
        return self.account.group(ipv4(22, WORLD), refers(3389, prefix_list(self.account, "198.51.100.0/24")))

    def _handle(self) -> Sequence[object]:
        return engine.handle(self.event(), woken_by=woken_by, policy=BY_VPC, world=self.account.world)

    def run(self) -> str:
        """When the group was closed, and what became of the list."""
        is_done, closed = self.respond(), "at once"
        for number, seconds in enumerate(RETRIES_AFTER_S, 1):
            if self._is_open():
                closed = f"retry {number}"
            if not is_done:
                self.account.clock.sleep(seconds)
                is_done = self.respond()
        judged = "reported" if self.account.records[-1].remaining else "judged"
        return f"{'not by the event' if self._is_open() else closed}; list {judged}"

    def _is_open(self) -> bool:
        return ("tcp", 22, 22, WORLD) in self.sources()


def table() -> str:
    """Faults by calls, as Markdown."""
    return _table(dict.fromkeys(CALLS, Trial))


def table_of_needs() -> str:
    return _table(dict.fromkeys(NEEDS, NeedyTrial))


def _table(trials: Mapping[str, type[Trial]]) -> str:
    lines = ["| call | " + " | ".join(COLUMNS) + " |", "| --- |" + " --- |" * len(COLUMNS)]
    for call, trial in trials.items():
        cells = [trial(call, fault).run() if fault in faults_of(call) else "-" for fault in COLUMNS]
        lines.append(f"| {call} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n\n{table_of_needs()}\n")
