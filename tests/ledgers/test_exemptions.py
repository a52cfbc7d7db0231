"""Exemptions with an end: the contract of every ledger."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from ledgers.backends import Backend
from ledgers.values import OTHER_GROUP, exemption
from support import NOW

SECOND = timedelta(seconds=1)


def test_an_exemption_holds_until_it_expires(backend: Backend) -> None:
    backend.ledger().exempt(exemption())
    assert backend.ledger().exemptions(NOW).held == (exemption(),)
    assert backend.ledger().exemptions(exemption().expires).held == (exemption(),)
    assert backend.ledger().exemptions(exemption().expires + SECOND).held == ()


def test_several_are_told_by_id(backend: Backend) -> None:
    ledger = backend.ledger()
    for exemption_id in ("b", "a", "c"):
        ledger.exempt(exemption(exemption_id, group=OTHER_GROUP, parts=("tcp/22 from ::/0",)))
    assert [exempt.id for exempt in ledger.exemptions(NOW).held] == ["a", "b", "c"]


def test_the_same_exemption_again_is_one(backend: Backend) -> None:
    ledger = backend.ledger()
    ledger.exempt(exemption())
    ledger.exempt(exemption(reason="Two more days", expires=NOW + timedelta(days=2)))
    (held,) = ledger.exemptions(NOW).held
    assert held.reason == "Two more days"


def test_an_exemption_is_removed_once(backend: Backend) -> None:
    ledger = backend.ledger()
    ledger.exempt(exemption("a"))
    ledger.exempt(exemption("b"))
    assert ledger.remove_exemption("a")
    assert not ledger.remove_exemption("a")
    assert [held.id for held in ledger.exemptions(NOW).held] == ["b"]


def test_one_that_nobody_owns_or_explains_is_told_and_exempts_nothing(backend: Backend) -> None:
    ledger = backend.ledger()
    ledger.exempt(exemption("a", owner=""))
    ledger.exempt(exemption("b", reason=""))
    ledger.exempt(exemption("c"))
    found = ledger.exemptions(NOW)
    assert [held.id for held in found.held] == ["c"]
    assert len(found.unreadable) == 2
    assert "$.owner" in found.problems[0]


def test_one_of_a_newer_version_is_told_and_exempts_nothing(backend: Backend) -> None:
    backend.ledger().exempt(msgspec.structs.replace(exemption(), version=3))
    found = backend.ledger().exemptions(NOW)
    assert found.held == ()
    assert found.problems == (
        "Exemption e-1 cannot be read. e-1 was stored in version 3; this cloudmend reads up to 2. Update cloudmend.",
    )
