"""Each call of the ledger in a first sweep fails in turn, in each way; then sweeps come by. What became of it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import LedgerError
from cloudmend.core.standing import StandingResource, Unit
from reliability.faults import Killed
from support import ACCOUNT, REGION, Account, ingress, ipv4, policy

WORLD: Final = "0.0.0.0/0"
UNIT: Final = f"{ACCOUNT}/{REGION}/{CONTROL.id}"
# The calls of a first sweep about what stands, in order.
CALLS: Final = (
    "units",
    "standing",
    "keep_standing",
    "entries, at the end",
    "digest",
    "keep_standing, told",
    "keep_unit",
)
FAULTS: Final = ("5xx", "5xx, but done", "killed before", "killed after")
NOT_RAISED: Final = {"digest": ("5xx", "5xx, but done")}  # what a channel does not take is in the log
SWEEP_AFTER_S: Final = 3600


class BaselineTrial:
    """An old opening, one fault in the first sweep, and two sweeps more."""

    def __init__(self, call: str, fault: str) -> None:
        self.account = Account()
        self.account.world = msgspec.structs.replace(self.account.world, keeps_baseline=True)
        self.group_id = self.account.group(ipv4(22, WORLD))
        self.before = self.account.rules(self.group_id)
        self._arm(call, fault)

    def _arm(self, call: str, fault: str) -> None:
        name, _, later = call.partition(", ")
        port: Any = self.account if name == "digest" else self.account.ledger
        method = "publish_digest" if name == "digest" else name
        real, passes = getattr(port, method), [1 if later else 0]  # how many calls go well before

        def once(*arguments: Any) -> Any:
            passes[0] -= 1
            if passes[0] != -1:
                return real(*arguments)
            if fault in ("5xx, but done", "killed after"):
                real(*arguments)
            raise Killed if fault.startswith("killed") else LedgerError("The table does not answer.")

        setattr(port, method, once)

    def run(self) -> str:
        """Which sweep set the mark, and how many digests there were."""
        for number, name in enumerate(("the first", "the second", "the third")):
            if number:
                self.account.clock.sleep(SWEEP_AFTER_S)
            self.sweep()
            found = self.account.ledger.unit(UNIT)
            if isinstance(found, Unit) and found.baseline:
                return f"{name}; {self.digests()}"
        return "none"

    def sweep(self) -> None:
        try:
            engine.sweep(controls=[CONTROL], policy=policy(), world=self.account.world)
        except Killed:
            return

    def digests(self) -> str:
        count = len(self.account.digests)
        return f"{count} digest{'' if count == 1 else 's'}"

    def is_untouched(self) -> bool:
        return self.account.rules(self.group_id) == self.before

    def stands(self) -> Sequence[str]:
        """The statuses of what stands at the group."""
        found = [each for each in self.account.ledger.standing(UNIT) if isinstance(each, StandingResource)]
        return [finding.status for each in found for finding in each.findings]

    def opened_next(self) -> set[tuple[str, int, int, str]]:
        """The sources of a group that is opened after all this, when a sweep has come by."""
        group = self.account.group(ipv4(22, WORLD))
        self.account.clock.sleep(SWEEP_AFTER_S)
        self.sweep()
        return ingress(self.account.rules(group))


def faults_of(call: str) -> Sequence[str]:
    return [fault for fault in FAULTS if fault not in NOT_RAISED.get(call, ())]


def table() -> str:
    """Faults by calls, as Markdown."""
    lines = ["| call | " + " | ".join(FAULTS) + " |", "| --- |" + " --- |" * len(FAULTS)]
    for call in CALLS:
        cells = [BaselineTrial(call, fault).run() if fault in faults_of(call) else "-" for fault in FAULTS]
        lines.append(f"| {call} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
