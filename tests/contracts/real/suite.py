"""The contract suite as it runs in an account: one backend, cleaned after each test, and what became of each test."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from contracts import backends
from contracts.real.account import Account
from contracts.real.guard import NotOurs

HERE: Final = Path(__file__).parents[1]
# The files whose tests ask a backend. The others ask the model itself.
FILES: Final = tuple(
    f"test_{name}.py"
    for name in (
        "prefix_lists",
        "prefix_lists_refused",
        "security_groups_authorize",
        "security_groups_authorize_refused",
        "security_groups_describe",
        "security_groups_descriptions",
        "security_groups_lifecycle",
        "security_groups_modify",
        "security_groups_revoke",
        "tags",
        "vpcs",
    )
)


class Ended(NamedTuple):
    """The end of a test: "passed", "differs", or "not sent" for one that would touch what the run did not make."""

    name: str
    how: str
    why: str = ""


class RealSuite:
    """A plugin of pytest that runs the suite in an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.ended: list[Ended] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """Make the account the only backend, before the suite's conftest reads them."""
        backends.REGIONS.clear()
        backends.REGIONS["real"] = self._account.as_region

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Note how a test ended. What the guard did not send is no failure."""
        report = yield
        if call.excinfo is not None and call.excinfo.errisinstance(NotOurs):
            self.ended.append(Ended(item.name, "not sent", str(call.excinfo.value)))
            report.outcome, report.longrepr = "skipped", (str(item.path), 0, str(call.excinfo.value))
        elif report.failed:
            self.ended.append(
                Ended(item.name, "differs", str(call.excinfo.value).splitlines()[0] if call.excinfo else "")
            )
        elif report.when == "call":
            self.ended.append(Ended(item.name, "passed"))
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self) -> None:
        """Leave nothing of a test to the next one."""
        self._account.cleaner.clean()


def run(account: Account, select: Sequence[str] = ()) -> tuple[Ended, ...]:
    """Run the suite in an account, or only the tests whose names have one of these words."""
    suite = RealSuite(account)
    chosen = ["-k", " or ".join(select)] if select else []
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "ignore:Module already imported"]
    pytest.main([*options, *chosen, *(str(HERE / name) for name in FILES)], plugins=[suite])
    return tuple(suite.ended)
