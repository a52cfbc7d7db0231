"""Runs the contract suite in a sandbox account: make contract-real PROFILE=...

It prints what it will do and asks, deletes what an earlier run left, runs the tests, asks AWS about each guess of
docs/blind-spots.md, deletes all that it made, and writes a report. It exits with 0 if AWS agreed in everything and
nothing is left, otherwise with 1, and with 2 if it did not start.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from contracts.real.account import Account, NoDefaultVpc, Options
from contracts.real.guard import TAG, NotOurs
from contracts.real.guesses import GUESSES, Guess
from contracts.real.report import UNTRIED, Answered, Run, text
from contracts.real.suite import run

REPORT = Path("build/contract-real.md")
PLAN = """The contract suite will run in account {account}, Region {region}, as {caller}.

  It makes    one VPC at a time, and in it and in the default VPC security groups with rules, and prefix lists.
              All of them carry the tag {tag}.
  It opens    some of these groups to the world for seconds. No network interface uses them. Detectors may report them.
  It changes  and deletes nothing without that tag, by construction: tests/contracts/real/guard.py.
  It deletes  {left}
  It costs    nothing: AWS charges for none of these resources, and for none of these calls. CloudTrail records about
              10,000 calls, which cost money in a second trail: $2.00 per 100,000. AWS Config records the resources.
  It takes    about an hour, and one VPC of the Region's quota (5, if nobody raised it).

{untried}
"""


def main(arguments: Sequence[str] | None = None, ask: Callable[[str], str] = input) -> int:
    """Run. `ask` gets the question, and returns what the person types."""
    given = _parser().parse_args(arguments)
    try:
        account = Account(Options(given.profile, given.region, given.settle, given.page_size))
        number, caller = account.caller()
        account.default_vpc()
        left = account.cleaner.left()
    except (BotoCoreError, ClientError, NoDefaultVpc) as error:
        sys.stderr.write(f"error: {error}\nNothing was changed.\n")
        return 2
    told = f"{len(left.ids)} resources that an earlier run left." if left.ids else "all that it makes."
    plan = {"account": number, "region": account.region, "caller": caller, "tag": TAG, "left": told}
    sys.stdout.write(PLAN.format(**plan, untried=UNTRIED))
    if not _agreed(ask):
        sys.stdout.write("Nothing was changed.\n")
        return 2
    return _run(account, number, given.select, given.report)


def _agreed(ask: Callable[[str], str]) -> bool:
    try:
        return ask("Start? [y/N] ").strip().lower() == "y"
    except EOFError:
        return False


def _run(account: Account, number: str, select: Sequence[str], report: Path) -> int:
    started = datetime.now(UTC)
    try:
        account.cleaner.clean()
        ended = run(account, select)
        answers = [Answered(guess, answer_of(account, guess)) for guess in GUESSES]
    finally:
        left = account.cleaner.clean()
    found = Run(number, account.region, account.endpoint, started, answers, ended, left.ids)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(text(found))
    sys.stdout.write(f"The report: {report}\n")
    return 0 if found.agrees else 1


def answer_of(account: Account, guess: Guess) -> str:
    """Return what AWS answers to the question of a guess, in a VPC of its own."""
    try:
        return guess.ask(account.backend())
    except (ClientError, NotOurs) as error:
        return f"could not be asked: {error}"
    finally:
        account.cleaner.clean()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make contract-real", description=__doc__)
    parser.add_argument("--profile", help="a profile of the AWS CLI's settings; the default one if left out")
    parser.add_argument("--region", help="the Region; the profile's if left out")
    parser.add_argument("--settle", type=float, default=3.0, help="seconds that a read waits after a write")
    parser.add_argument("--page-size", type=int, default=100, help="rows of a page, where the suite looks for its own")
    parser.add_argument("--select", nargs="*", default=(), help="run only tests whose names have one of these words")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the report goes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
