"""The library of resource policies against the evaluator of the embedded AWS, which shares no code with it.

The policies are random, and the strangers' requests too. What the two are known to decide otherwise is left out here:
test_differences.py has a case for each.
"""

from __future__ import annotations

import json
from collections import Counter
from random import Random, SystemRandom
from typing import NamedTuple

import pytest

from cloudmend.controls.families.policies.callers import Owner
from cloudmend.controls.families.policies.decide import Admission, admissions
from cloudmend.controls.families.policies.mend import narrowed
from oracle.policies.random_policies import ORGANIZATION, OWNER, Json, RandomPolicies
from oracle.policies.random_strangers import RandomStrangers, as_call

_REQUESTS = 12  # of strangers to each policy
_QUICK = 250
_DEEP = 100_000


class Case(NamedTuple):
    """A policy, its owner, what the library found, and the source of what follows."""

    random: Random
    policy: Json
    owner: Owner
    found: tuple[Admission, ...]

    @property
    def kinds(self) -> set[str]:
        return {each.kind for each in self.found}


def case(seed: int) -> Case:
    random = Random(seed)  # noqa: S311 - no secret
    policy = RandomPolicies(random).policy()
    owner = Owner(OWNER, random.choice(("", ORGANIZATION)))
    return Case(random, policy, owner, admissions(policy, owner))


def check_witnesses(seed: int) -> str:
    """Fail if the evaluator refuses a request that the library says is admitted; return the answer."""
    random, policy, _, found = given = case(seed)
    for each in found:
        if each.request is not None:
            call = as_call(each.request, random, policy)
            assert call.is_admitted_by(policy), f"seed {seed}: {json.dumps(policy)}: {each} {call}"
    if any(each.request is None for each in found):
        return "too hard"
    return "public" if "public" in given.kinds else "deputy" if found else "private"


def check_private(seed: int) -> str:
    """Fail if a stranger is admitted whom the library did not find."""
    random, policy, _, _ = given = case(seed)
    strangers = RandomStrangers(random, policy)
    for _ in range(0 if "public" in given.kinds else _REQUESTS):
        call = strangers.call()
        is_known = call.caller.kind == "service" and bool(given.kinds)
        assert is_known or not call.is_admitted_by(policy), f"seed {seed}: {json.dumps(policy)}: {call}"
    return "private" if not given.kinds else "other"


def check_mend(seed: int) -> str:
    """Fail if the mend leaves a statement open, or opens something."""
    random, policy, owner, found = case(seed)
    mended = narrowed(policy, found, owner)
    left = [each for each in admissions(mended.policy, owner) if each.place not in mended.reasons]
    assert not left, f"seed {seed}: {json.dumps(policy)}: {left}"
    strangers = RandomStrangers(random, policy)
    insiders = RandomStrangers(random, policy, OWNER, ORGANIZATION)
    for _ in range(_REQUESTS if found else 0):
        for source, is_stranger in ((strangers, True), (insiders, False)):
            call = source.call()
            if call.is_admitted_by(mended.policy):
                said = f"seed {seed}: {json.dumps(policy)}: {call}"
                assert call.is_admitted_by(policy), said
                assert mended.reasons or not is_stranger, said
    return "mended" if found and not mended.reasons else "other"


def count(check: object, first: int, number: int) -> Counter[str]:
    assert callable(check)
    return Counter(check(seed) for seed in range(first, first + number))


def test_the_evaluator_admits_every_request_that_the_library_finds() -> None:
    answers = count(check_witnesses, 0, _QUICK)

    assert answers["public"] > answers["private"] > answers["deputy"] > answers["too hard"]
    assert answers["too hard"] < 0.02 * _QUICK


def test_the_evaluator_admits_no_stranger_whom_the_library_did_not_find() -> None:
    assert count(check_private, _QUICK, _QUICK)["private"] > 0.3 * _QUICK


def test_a_mend_closes_and_opens_nothing() -> None:
    assert count(check_mend, 2 * _QUICK, _QUICK)["mended"] > 0.2 * _QUICK


@pytest.mark.deep
@pytest.mark.parametrize("check", [check_witnesses, check_private, check_mend])
def test_100_000_new_policies_are_judged_and_mended_as_the_evaluator_does(check: object) -> None:
    answers = count(check, SystemRandom().getrandbits(48), _DEEP)

    assert answers["too hard"] < 0.02 * _DEEP
