"""Who decides rightly whether a policy is public? Writes docs/policies-compared.md.

    make bench-policies

The golden policies of the tests are given to each peer's own decider, in an environment of its own.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import NamedTuple

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.decide import admissions
from contenders import ROOT
from controls.families.policies.cases import OWNER, Golden, golden

PAGE = ROOT / "docs" / "policies-compared.md"
TEMPLATE = Path(__file__).with_name("policies.md.in")
JUDGE = Path(__file__).with_name("peers") / "judge.py"

Answer = bool | str  # whether it is public, or the name of the error


class Decider(NamedTuple):
    """A decider, and its answer to each golden policy."""

    name: str
    answers: Sequence[Answer]

    def missed(self, truth: Sequence[bool]) -> int:
        """Return how many public policies it takes for private ones."""
        return sum(is_public and answer is False for is_public, answer in zip(truth, self.answers, strict=True))

    def false(self, truth: Sequence[bool]) -> int:
        """Return how many policies it takes for public ones that no stranger can use."""
        return sum(not is_public and answer is True for is_public, answer in zip(truth, self.answers, strict=True))

    def failed(self) -> int:
        """Return how many policies end in an error."""
        return sum(isinstance(answer, str) for answer in self.answers)


def main() -> None:
    cases = list(golden())
    truth = [case.answer == "public" for case in cases]
    deciders = [Decider("cloudmend", [is_public(case) for case in cases]), *peers(cases)]
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    page = template.substitute(
        date=datetime.now(UTC).date().isoformat(),
        count=len(cases),
        public=sum(truth),
        counts="\n".join(counts(deciders, truth)),
        cases="\n".join(disagreements(deciders, cases)),
    )
    PAGE.write_text(page, encoding="utf-8")


def is_public(case: Golden) -> bool:
    return any(each.kind == "public" for each in admissions(case.policy, Owner(OWNER)))


def peers(cases: Sequence[Golden]) -> Iterator[Decider]:
    policies = json.dumps([case.policy for case in cases])
    for name, package, peer, environment in (
        ("Cloud Custodian", "c7n", "custodian", ".venv-bench-custodian"),
        ("Prowler", "prowler", "prowler", ".venv-bench-policies"),
        ("policyuniverse", "policyuniverse", "policyuniverse", ".venv-bench-policies"),
    ):
        python = ROOT / environment / "bin" / "python"
        said = output([python, JUDGE, peer], policies)
        version = output([python, "-c", f"from importlib.metadata import version; print(version({package!r}))"])
        yield Decider(f"{name} {version.strip()}", json.loads(said))


def output(words: Sequence[str | Path], given: str = "") -> str:
    """Return what a program writes to stdout. What it says on stderr is no answer."""
    return subprocess.run(words, input=given, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own


def counts(deciders: Sequence[Decider], truth: Sequence[bool]) -> Iterator[str]:
    yield "| decider | right | public, but called private | private, but called public | error |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for each in deciders:
        wrong = each.missed(truth), each.false(truth), each.failed()
        yield f"| {each.name} | {len(truth) - sum(wrong)} | {' | '.join(map(str, wrong))} |"


def disagreements(deciders: Sequence[Decider], cases: Sequence[Golden]) -> Iterator[str]:
    yield f"| policy | answer | {' | '.join(each.name for each in deciders)} |"
    yield f"| --- | --- |{' --- |' * len(deciders)}"
    for number, case in enumerate(cases):
        answers = [each.answers[number] for each in deciders]
        is_public = case.answer == "public"
        if any(answer is not is_public for answer in answers):
            name = case.name.replace("*", r"\*").replace("$", "&#36;")
            told = " | ".join(_told(answer, is_public) for answer in answers)
            yield f"| {name} | {case.answer} | {told} |"


def _told(answer: Answer, truth: bool) -> str:
    if isinstance(answer, str):
        return "error"
    return "right" if answer is truth else "**missed**" if truth else "false alarm"


if __name__ == "__main__":
    main()
