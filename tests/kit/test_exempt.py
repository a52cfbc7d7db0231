"""`cloudmend exempt add` and `cloudmend records --resource`, held for every control."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cloudmend.cli.exempt import run as exempting
from cloudmend.cli.ledgers import SearchedLedger
from cloudmend.cli.messages import exempted
from cloudmend.cli.records import run as listing
from cloudmend.core.errors import InputError
from cloudmend.core.ledger_records import TimedExemption
from cloudmend.testing.bench import REGION, Bench
from cloudmend.testing.specimen import needs
from cloudmend.testing.suite import bench as bench
from cloudmend.testing.suite import pytest_generate_tests as pytest_generate_tests
from cloudmend.testing.suite import specimen as specimen
from kit.specimens import SPECIMENS as SPECIMENS
from local.embedded.helpers import ACCOUNT

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


@pytest.fixture
def add(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Any:
    here = SimpleNamespace(
        caller=lambda: ALICE,
        identity=lambda: SimpleNamespace(account=ACCOUNT),
        gateway=bench.api,
        region=REGION,
        clock=bench.clock,
    )
    monkeypatch.setattr(exempting, "connection", lambda _: here)
    monkeypatch.setattr(exempting, "open_ledger", lambda *_: bench.ledger)

    def run(named: str = "", *, part: str = "", control: str = "") -> TimedExemption:
        return exempting.add(
            named or bench.id,
            part=part,
            control=control or bench.control.id,
            duration="2h",
            reason="The partner needs it",
            owner="",
            ledger="",
            region=None,
            resource_region=None,
        )

    return run


def test_the_whole_resource_is_left_as_it_is_until_the_exemption_ends(bench: Bench, add: Any) -> None:
    before = bench.state().parts
    made = add()
    assert (made.group, made.account, made.region, made.control) == (bench.id, ACCOUNT, REGION, bench.control.id)
    assert exempted(made).startswith(f"{bench.control.words.whole} of {bench.id}")
    assert bench.mend().status == "exempt"
    assert bench.state().parts == before
    bench.clock.time += timedelta(hours=3)
    assert bench.mend().status in ("mended", "observed")


@needs(lambda each: not each.by_event)
def test_each_part_is_left_as_it_is_by_its_id(bench: Bench, add: Any) -> None:
    before = bench.state().parts
    assert before
    for part in before:
        assert not add(part=part).is_whole
    record = bench.mend()
    assert record.status == "exempt", record.summary
    assert bench.state().parts == before


def test_an_arn_names_it_as_its_id_does(bench: Bench, add: Any) -> None:
    arn = bench.control.resource.arn.format(partition="aws", region=REGION, account=ACCOUNT, id=bench.id)
    assert add(arn).group == bench.id


@needs(lambda each: each.control.parse_mark is None and not each.by_event)
def test_a_part_that_it_does_not_have_is_refused_with_those_that_it_has(bench: Bench, add: Any) -> None:
    with pytest.raises(InputError) as refused:
        add(part="no such part")
    assert str(refused.value).startswith(f"{bench.id} has no part 'no such part'. Nothing was changed. Its parts: ")
    assert next(iter(sorted(bench.state().parts))) in str(refused.value)


@needs(lambda each: each.control.resource.scope == "resource")
def test_what_is_not_there_is_called_by_its_own_noun(bench: Bench, add: Any) -> None:
    missing = bench.id[:-1] + ("0" if bench.id[-1] != "0" else "1")
    with pytest.raises(InputError) as refused:
        add(missing)
    assert str(refused.value) == (
        f"There is no {bench.control.resource.noun} {missing} in {REGION}. Nothing was changed. Is it in another "
        "Region?"
    )
    assert not bench.ledger.exemptions(bench.clock.now()).held


def test_its_records_are_listed_by_its_id(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.mend()
    monkeypatch.setattr(listing, "find_ledger", lambda *_: SearchedLedger(bench.ledger, "the ledger"))
    listing.records(resource=bench.id, since="", ledger="", region=None, export=None)
    assert bench.id in capsys.readouterr().out
