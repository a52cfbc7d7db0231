"""A network ACL on the bench: what a sweep asks, what somebody changes meanwhile, and what AWS refuses in between."""

from __future__ import annotations

from typing import Any

from cloudmend.core.errors import AwsError
from cloudmend.core.ports import Sent
from cloudmend.engine.look import look
from cloudmend.testing.bench import Bench
from cloudmend.testing.suite import bench as bench
from cloudmend.testing.suite import pytest_generate_tests as pytest_generate_tests
from cloudmend.testing.suite import specimen as specimen
from kit import specimens

SPECIMENS = tuple(each for each in specimens.SPECIMENS if each.control.id == "network_acl_open")
NARROW = {"entry 100": "ALLOW tcp/22 from 10.0.0.0/8", "entry 110": "ALLOW tcp/1024-65535 from 0.0.0.0/0"}
INSERTED = {"entry 108": "ALLOW tcp/3389 from 10.0.0.0/8", "entry 109": "DENY tcp/3389 from 0.0.0.0/0"}


def entries(bench: Bench) -> dict[str, str]:
    return {part: bench.control.say(value) for part, value in bench.state().parts.items()}


def test_a_sweep_asks_for_the_list_once_and_once_for_those_at_fault(bench: Bench) -> None:
    _open_another(bench)
    bench.sweep()
    asked: list[Any] = bench.api.calls
    first = next(number for number, call in enumerate(asked) if not call.operation.startswith("Describe"))
    assert [call.operation for call in asked[:3]] == ["DescribeNetworkAcls"] * 3
    assert [len(call.params.get("Filters", ())) for call in asked[:first]] == [0, 1, 1, 1]
    assert len(asked[1].params["Filters"][0]["Values"]) == 2  # both at once; then each again, beside its intent
    assert entries(bench) == {**NARROW, **INSERTED}


def _open_another(bench: Bench) -> None:
    bench.specimen.open(bench.client)


def test_a_look_shows_an_entry_that_stays_with_those_that_come_before_it(bench: Bench) -> None:
    (found,) = look(bench.targets(), bench.policy(), bench.world)
    edits = {fate.finding.part: fate.edit for fate in found.fates}
    assert list(edits) == ["entry 90", "entry 100", "entry 110"]
    inserted = edits["entry 110"]
    assert inserted
    assert inserted.did == f"added entry 108, {INSERTED['entry 108']}; added entry 109, {INSERTED['entry 109']}"
    assert inserted.after == f"{NARROW['entry 110']} behind {', '.join(INSERTED.values())}"
    assert (inserted.before, "opens tcp/3389 to" in inserted.why) == (NARROW["entry 110"], True)
    assert all("opens" in edit.why for edit in found.edits)


def test_what_is_only_reported_has_no_edit(bench: Bench) -> None:
    """Nor is anything shown to be done about it in a stack that mends the others."""
    for number in (107, 108, 109):
        said = {"Protocol": "47", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"}
        bench.client("ec2").create_network_acl_entry(NetworkAclId=bench.id, RuleNumber=number, Egress=False, **said)
    (found,) = look(bench.targets(), bench.policy(), bench.world)
    assert [bool(fate.edit) for fate in found.fates] == [True, True, False]


def test_an_entry_that_is_opened_again_is_no_baseline_though_the_first_sweep_saw_it_open(bench: Bench) -> None:
    bench.is_stack = True
    bench.sweep()
    bench.restart()
    record = bench.mend()  # by the event that put entry 110
    assert record.status == "mended", record.summary
    assert entries(bench) == {
        "entry 90": "ALLOW tcp/22 from 52.0.0.0/8",
        **NARROW,
        **INSERTED,
        "entry 100": "ALLOW tcp/22 from 0.0.0.0/0",
    }


def test_an_entry_that_somebody_changed_meanwhile_is_not_overwritten(bench: Bench) -> None:
    def deny() -> None:
        said = {"Protocol": "6", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 22, "To": 22}}
        bench.client("ec2").replace_network_acl_entry(NetworkAclId=bench.id, RuleNumber=100, Egress=False, **said)

    bench.ledger.meanwhile = deny
    assert bench.mend().status == "mended"
    assert entries(bench) == {**NARROW, **INSERTED, "entry 100": "DENY tcp/22 from 0.0.0.0/0"}


def test_no_deny_comes_without_the_allow_before_it(bench: Bench) -> None:
    write = bench.api.write

    def refuse(request: Sent) -> None:
        if request.params["RuleNumber"] == 108:
            raise AwsError("Not now.", action=request.action, code="UnauthorizedOperation", refused=True)
        write(request)

    bench.api.write = refuse  # type: ignore[method-assign]
    record = bench.mend()
    assert (record.status, record.errors) == ("open", ("Not now.",))
    assert entries(bench) == NARROW
    bench.api.write = write  # type: ignore[method-assign]
    assert bench.mend().status == "mended"
    assert entries(bench) == {**NARROW, **INSERTED}


def test_a_quota_that_ends_a_mend_is_told_with_aws_own_reason(bench: Bench) -> None:
    for number in range(200, 217):
        said = {"Protocol": "47", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"}
        bench.client("ec2").create_network_acl_entry(NetworkAclId=bench.id, RuleNumber=number, Egress=False, **said)
    record = bench.mend()
    assert (record.status, "NetworkAclEntryLimitExceeded" in str(record.errors)) == ("open", True)
    assert {part: each for part, each in entries(bench).items() if "47" not in each} == {
        **NARROW,
        "entry 108": INSERTED["entry 108"],  # it admits nobody new
    }


def test_what_is_revealed_beside_the_baseline_is_mended_and_the_baseline_stays(bench: Bench) -> None:
    """An entry further up decides about a port of the baseline; once it is narrowed, the baseline is as it was."""
    bench.is_stack = True
    bench.sweep()
    kept = bench.baseline()
    bench.client("ec2").create_network_acl_entry(
        NetworkAclId=bench.id,
        RuleNumber=50,
        Egress=False,
        Protocol="6",
        RuleAction="allow",
        CidrBlock="0.0.0.0/0",
        PortRange={"From": 3389, "To": 3389},
    )
    bench.restart()
    (record,) = bench.sweep()
    assert record.status == "mended", record.summary
    assert entries(bench)["entry 50"] == "ALLOW tcp/3389 from 10.0.0.0/8"
    assert entries(bench)["entry 110"] == NARROW["entry 110"]
    assert bench.baseline() == kept
