"""Measure how long the detector takes, and how the time grows with the number of rules.

    python bench/exposure.py

60 rules are the largest group that EC2's default quota allows, 1,000 the largest that EC2 allows at all. Prints the
median and the spread of some runs, in milliseconds.
"""

from __future__ import annotations

import statistics
import sys
import time

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.families.ranges.ports import NAMED_SETS
from cloudmend.controls.security_group_ingress.detect import detect
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.network import disjoint

HIGH_RISK = Settings(guarded=disjoint(NAMED_SETS["high-risk"].ports))
ALL_BUT_WEB = Settings(guarded=disjoint(NAMED_SETS["all-but-web"].ports))
GROUP = "sg-05fe30eb67c909f27"
SIZES = {
    "quiet": (6, 15, 30, 60),
    "alone": (6, 15, 30, 60),
    "together": (6, 15, 30, 60),
    "nested": (60, 240, 500, 1000),
}


def rule(number: int, cidr: str, first: int, last: int) -> Rule:
    ports = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last}
    return Rule({"SecurityGroupRuleId": f"sgr-{number:017x}", "IsEgress": False, "CidrIpv4": cidr, **ports})


def group(size: int, kind: str) -> GroupFacts:
    """Return a group with rules of one kind.

    `alone`: each rule is the world. `together`: /8s whose ports overlap in every way. `nested`: /13s, each with fewer
    ports than the one before. `quiet`: small ranges.
    """
    rules = []
    for number in range(size):
        if kind == "alone":
            rules.append(rule(number, "0.0.0.0/0", number, 10_000))
        elif kind == "together":
            rules.append(rule(number, f"{11 + number % 100}.0.0.0/8", number * 7, 9_999 - number * 11))
        elif kind == "nested":
            first = f"{11 + number % 200}.{number // 200 * 8}.0.0/13"
            rules.append(rule(number, first, 1_000 + number * 10, 60_000 - number * 10))
        else:
            rules.append(rule(number, f"54.{number % 250}.0.0/16", 0, 65_535))
    return GroupFacts(account="111122223333", image={}, group_id=GROUP, rules=tuple(rules))


def runs(size: int) -> int:
    """Return how many runs of a group of this size are enough."""
    return max(20, min(200, 12_000 // size))


def settings(kind: str) -> Settings:
    return ALL_BUT_WEB if kind == "nested" else HIGH_RISK


def milliseconds(size: int, kind: str) -> list[float]:
    """Return the times of the runs, the shortest first. Each run reads its facts again, as a mend does."""
    taken = []
    for _ in range(runs(size)):
        facts = group(size, kind)
        started = time.perf_counter()
        detect(facts, settings(kind))
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)


def findings(size: int, kind: str) -> int:
    return len(detect(group(size, kind), settings(kind)))


def main() -> None:
    sys.stdout.write("kind       rules   median ms   5 %..95 %   findings\n")
    for kind, sizes in SIZES.items():
        for size in sizes:
            taken = milliseconds(size, kind)
            low, high = taken[len(taken) // 20], taken[-len(taken) // 20]
            median = statistics.median(taken)
            sys.stdout.write(
                f"{kind:<9} {size:>6} {median:>11.2f}   {low:.2f}..{high:.2f}   {findings(size, kind):>8}\n"
            )


if __name__ == "__main__":
    main()
