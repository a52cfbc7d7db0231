"""The evaluator of IAM against a public simulator, which shares no code with it."""

from __future__ import annotations

import json
from random import Random, SystemRandom

import pytest

from cloudmend.local.iam.evaluate import Decision, evaluate
from local.iam.cases import Case
from local.iam.oracle import FOLDER, ROOT, answers
from local.iam.random_cases import random_case


def in_words(decision: Decision) -> str:
    """A decision as the oracle calls it."""
    return "Allowed" if decision.allowed else "ExplicitlyDenied" if decision.explicit else "ImplicitlyDenied"


def compare(seed: int, number: int) -> set[str]:
    """Fail with the first case that the oracle decides otherwise; return the decisions that there were."""
    random = Random(seed)  # noqa: S311 - no secret
    cases: list[Case] = [random_case(random) for _ in range(number)]
    decisions = [in_words(evaluate(case.request, case.caller, case.policies)) for case in cases]
    for case, ours, theirs in zip(cases, decisions, answers(case.simulation() for case in cases), strict=True):
        said = f"seed {seed}: {json.dumps(case.simulation())}"
        assert theirs == {"result": ours, "ignored": []}, said
    return set(decisions)


def test_the_evaluator_and_the_oracle_decide_the_same() -> None:
    assert compare(14, 600) == {"Allowed", "ExplicitlyDenied", "ImplicitlyDenied"}


@pytest.mark.deep
def test_the_evaluator_and_the_oracle_decide_the_same_in_50_000_new_cases() -> None:
    assert len(compare(SystemRandom().getrandbits(32), 50_000)) == 3


def test_nothing_of_the_oracle_is_shipped() -> None:
    files = [path for path in (ROOT / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert not [path for path in files if b"cloud-copilot" in path.read_bytes()]


def test_the_lock_file_of_the_oracle_has_hashes_and_names_no_host() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert len(packages) == 4
    assert all(package["integrity"].startswith("sha512-") and "resolved" not in package for package in packages)
