"""Lists of entries by hand: what is at fault, why, and what a mend leaves. Cases 22 to 26 are those of the facts."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.network_acl_open import CONTROL, mend
from cloudmend.controls.network_acl_open.entries import Entry
from cloudmend.controls.network_acl_open.settings import Settings
from cloudmend.core.model import Json
from cloudmend.core.network import AddressSet, Traffic
from controls.network_acl_open.acls import DEFAULTS, WORLD, found, mended, row, state_of, view_of

SSH = row(100, "allow", "6", WORLD, 22)
ALL = row(100, "allow", "-1", WORLD)
REPLIES = row(100, "allow", "6", WORLD, 1024, 65535)
NO_ROOM = "there are too few free numbers directly before entry 101, and cloudmend renumbers no entry"
REVOKING = DEFAULTS.revoking()
PINGS = replace(DEFAULTS, guarded=(Traffic("icmp", 0, 65535),))


@pytest.mark.parametrize(
    ("rows", "settings", "then"),
    [
        pytest.param([SSH], DEFAULTS, ["100 ALLOW tcp/22 from 10.0.0.0/8"], id="narrowed"),
        pytest.param([SSH], REVOKING, [], id="removed"),
        pytest.param([row(90, "allow", "6", "52.0.0.0/8", 22)], DEFAULTS, [], id="replacement-outside"),
        pytest.param(
            [row(50, "deny", "6", WORLD, 22), ALL],
            DEFAULTS,
            [
                "50 DENY tcp/22 from 0.0.0.0/0",
                "96 ALLOW tcp/3389 from 10.0.0.0/8",
                "97 DENY tcp/3389 from 0.0.0.0/0",
                "98 ALLOW udp/3389 from 10.0.0.0/8",
                "99 DENY udp/3389 from 0.0.0.0/0",
                "100 ALLOW all traffic from 0.0.0.0/0",
            ],
            id="22-a-deny-before-it",
        ),
        pytest.param(
            [REPLIES],
            DEFAULTS,
            [
                "98 ALLOW tcp/3389 from 10.0.0.0/8",
                "99 DENY tcp/3389 from 0.0.0.0/0",
                "100 ALLOW tcp/1024-65535 from 0.0.0.0/0",
            ],
            id="23-replies",
        ),
        pytest.param(
            [REPLIES],
            REVOKING,
            ["99 DENY tcp/3389 from 0.0.0.0/0", "100 ALLOW tcp/1024-65535 from 0.0.0.0/0"],
            id="only-a-deny",
        ),
        pytest.param(
            [SSH, row(200, "allow", "6", WORLD, 20, 25)],
            DEFAULTS,
            [
                "100 ALLOW tcp/22 from 10.0.0.0/8",
                "199 DENY tcp/22 from 0.0.0.0/0",
                "200 ALLOW tcp/20-25 from 0.0.0.0/0",
            ],
            id="24-the-next-is-revealed",
        ),
        pytest.param(
            [row(90, "allow", "6", "10.0.0.0/8", 22), row(100, "allow", "6", WORLD, 20, 25)],
            DEFAULTS,
            [
                "90 ALLOW tcp/22 from 10.0.0.0/8",
                "99 DENY tcp/22 from 0.0.0.0/0",
                "100 ALLOW tcp/20-25 from 0.0.0.0/0",
            ],
            id="the-replacement-is-let-in-already",
        ),
        pytest.param([row(1, "allow", "6", "::/0", 22)], DEFAULTS, ["1 ALLOW tcp/22 from fd00::/8"], id="ipv6"),
        pytest.param([row(9, "allow", "47", WORLD)], DEFAULTS, ["9 ALLOW protocol 47 from 0.0.0.0/0"], id="gre"),
        pytest.param(
            [row(9, "allow", "1", WORLD, icmp=(8, -1))], PINGS, ["9 ALLOW icmp type 8 from 10.0.0.0/8"], id="icmp"
        ),
        pytest.param(
            [row(8, "deny", "1", WORLD, icmp=(8, 0)), row(100, "allow", "-1", WORLD)],
            PINGS,
            [
                "8 DENY icmp type 8 code 0 from 0.0.0.0/0",
                "98 ALLOW icmp from 10.0.0.0/8",
                "99 DENY icmp from 0.0.0.0/0",
                "100 ALLOW all traffic from 0.0.0.0/0",
            ],
            id="icmp-as-a-whole",
        ),
        pytest.param(
            [row(5, "allow", "6", "52.0.0.0/12", 22)], DEFAULTS, ["5 ALLOW tcp/22 from 52.0.0.0/12"], id="at-the-limit"
        ),
    ],
)
def test_the_list_after_a_mend(rows: list[Json], settings: Settings, then: list[str]) -> None:
    state = state_of(*rows)
    assert mended(state, settings) == then


def test_a_finding_has_the_row_that_its_entry_becomes() -> None:
    (narrowed,), (stays,), (goes,) = found(state_of(SSH)), found(state_of(REPLIES)), found(state_of(SSH), REVOKING)
    assert narrowed.mended == {**SSH, "CidrBlock": "10.0.0.0/8"}
    assert stays.mended == REPLIES
    assert goes.mended is None


def test_the_inserted_entries_are_whole_rows() -> None:
    assert CONTROL.mend
    state = state_of(REPLIES)
    made = CONTROL.mend(view_of(state), found(state), DEFAULTS)
    assert made == {
        "entry 98": row(98, "allow", "6", "10.0.0.0/8", 3389),
        "entry 99": row(99, "deny", "6", WORLD, 3389),
    }


def test_a_port_that_a_deny_closes_first_is_not_named() -> None:
    (finding,) = found(state_of(row(50, "deny", "6", WORLD, 22), ALL))
    told = "entry 100 (ALLOW all traffic from 0.0.0.0/0) opens tcp/3389, udp/3389 to 3,702,258,688 public addresses"
    assert finding.why == f"{told}; the limit is 1,048,576"
    assert finding.beside == ("entry 96", "entry 97", "entry 98", "entry 99")


def test_entries_that_are_too_wide_together_say_so_and_the_first_of_the_widest_goes() -> None:
    state = state_of(row(10, "allow", "6", "52.0.0.0/12", 22), row(20, "allow", "6", "52.16.0.0/12", 22))
    (finding,) = found(state)
    assert finding.part == "entry 10"
    assert "to 1,048,576 public addresses, and with the ACL's other entries to 2,097,152; the limit is" in finding.why


def test_of_entries_that_are_too_wide_together_the_widest_goes_wherever_it_stands() -> None:
    state = state_of(row(10, "allow", "6", "52.0.0.0/16", 22), row(20, "allow", "6", "52.16.0.0/12", 22))
    assert [each.part for each in found(state)] == ["entry 20"]


def test_what_another_entry_closes_does_not_count_for_those_that_a_mend_reveals() -> None:
    first, web = row(100, "allow", "6", "52.0.0.0/8", 22), row(200, "allow", "6", "8.0.0.0/12", 22, 80)
    behind = row(250, "allow", "6", "9.0.0.0/12", 22), row(300, "allow", "6", "52.0.0.0/12", 22)
    *others, revealed = found(state_of(first, web, *behind), REVOKING)
    assert [each.part for each in (*others, revealed)] == ["entry 100", "entry 200", "entry 250"]
    assert "to 1,048,576 public addresses, and with the ACL's other entries to 2,097,152; the" in revealed.why


def test_of_icmp_the_types_that_an_entry_admits_are_closed_and_no_others() -> None:
    entries = [Entry(row(9, "allow", "1", WORLD, icmp=(8, -1)))]
    (fault,) = mend.mended(entries, PINGS, lambda _: None).faults
    assert fault.closed == (Traffic("icmp", 2048, 2303),)


def test_many_ranges_of_ports_are_named_by_their_first_few() -> None:
    guarded = tuple(Traffic("tcp", port, port) for port in (21, 23, 25, 110, 143, 445))
    (finding,) = found(state_of(ALL), replace(DEFAULTS, guarded=guarded))
    assert "opens tcp/21, tcp/23, tcp/25, tcp/110 and 2 more to" in finding.why


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([row(100, "deny", "6", WORLD, 80), row(101, "allow", "6", WORLD, 20, 25)], "opens tcp/22 to"),
        (
            [row(1, "deny", "6", WORLD, 80), row(101, "allow", "-1", "::/0"), row(100, "deny", "17", WORLD, 1)],
            "udp/3389 to",
        ),
    ],
)
def test_26_without_a_free_number_it_is_reported_and_nothing_is_renumbered(rows: list[Json], why: str) -> None:
    state = state_of(*rows)
    (finding,) = found(state)
    assert (finding.part, finding.restraint, finding.is_due) == ("entry 101", NO_ROOM, False)
    assert why in finding.why
    assert mended(state) == mended(state_of(*rows), exempt=["entry 101"])


def test_what_has_room_is_closed_and_the_rest_is_reported() -> None:
    """Three numbers are free: enough for one ALLOW and its DENY."""
    state = state_of(row(97, "deny", "6", WORLD, 80), row(101, "allow", "6", WORLD, 0, 65535))
    closed, left = found(state)
    assert (closed.restraint, left.restraint) == ("", NO_ROOM)
    assert "opens tcp/22 to" in closed.why
    assert "opens tcp/3389 to" in left.why
    assert closed.mark == ""
    assert left.mark == "entry 101, no room: ALLOW tcp/0-65535 from 0.0.0.0/0"
    assert mended(state)[1:] == [
        "99 ALLOW tcp/22 from 10.0.0.0/8",
        "100 DENY tcp/22 from 0.0.0.0/0",
        "101 ALLOW tcp/0-65535 from 0.0.0.0/0",
    ]


def test_an_entry_that_goes_leaves_its_number_to_one_that_lacked_it() -> None:
    state = state_of(row(1, "allow", "6", WORLD, 22), row(2, "allow", "6", WORLD, 20, 25))
    assert mended(state, REVOKING) == ["1 DENY tcp/22 from 0.0.0.0/0", "2 ALLOW tcp/20-25 from 0.0.0.0/0"]
    first, second = found(state, REVOKING)
    assert (first.part, second.part, second.beside) == ("entry 1", "entry 2", ("entry 1",))
    assert (first.is_due, second.is_due) == (True, True)
    half = state_of(*(row(number, "allow", "6", WORLD, 20, 25) for number in (2, 3)), row(1, "allow", "6", WORLD, 22))
    assert [each.is_due for each in found(half, REVOKING)] == [True, True]


def test_what_still_lacks_a_number_once_another_entry_went_is_reported() -> None:
    deny, goes = row(98, "deny", "6", WORLD, 80), row(99, "allow", "6", "52.0.0.0/8", 22)
    state = state_of(deny, goes, row(100, "allow", "6", WORLD, 0, 65535))
    assert [(each.part, each.is_due, each.beside) for each in found(state, REVOKING)] == [
        ("entry 99", True, ()),
        ("entry 100", True, ("entry 99",)),
        ("entry 100", False, ()),
    ]
    assert "opens tcp/3389 to" in found(state, REVOKING)[-1].why


def test_25_of_an_acl_that_no_subnet_uses_it_is_only_reported() -> None:
    (finding,) = found(state_of(SSH, subnets=0))
    assert finding.restraint == "no subnet uses it, so no packet passes it"


@pytest.mark.parametrize("rows", [[ALL], [ALL, row(101, "allow", "-1", "::/0")]])
def test_a_default_acl_as_aws_makes_it_is_accepted_unless_the_policy_judges_it(rows: list[Json]) -> None:
    state = state_of(*rows, is_default=True)
    assert found(state) == []
    judged = Settings(untouched_defaults="judged")
    assert {each.part for each in found(state, judged)} == {f"entry {each['RuleNumber']}" for each in rows}


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        ([ALL], {}),
        ([SSH], {"is_default": True}),
        ([ALL, row(200, "deny", "6", WORLD, 80)], {"is_default": True}),
        ([row(101, "allow", "-1", "::/0")], {"is_default": True}),
    ],
)
def test_an_acl_that_somebody_wrote_is_judged(rows: list[Json], more: Any) -> None:
    assert found(state_of(*rows, **more))


def test_a_default_acl_without_entries_admits_nothing() -> None:
    assert found(state_of(is_default=True)) == []


def test_what_is_exempt_stays_and_the_entries_behind_it_are_judged_by_what_it_leaves() -> None:
    rows = (SSH, row(200, "allow", "6", WORLD, 22))
    assert found(state_of(*rows), exempt=["entry 100"]) == []
    wider = state_of(row(100, "allow", "6", "52.0.0.0/8", 22), row(200, "allow", "6", WORLD, 22))
    assert mended(wider, exempt=["entry 100"]) == [
        "100 ALLOW tcp/22 from 52.0.0.0/8",
        "200 ALLOW tcp/22 from 10.0.0.0/8",
    ]


def test_what_a_crash_left_between_an_allow_and_its_deny_is_closed_by_the_deny() -> None:
    state = state_of(row(98, "allow", "6", "10.0.0.0/8", 3389), REPLIES)
    assert mended(state)[1] == "99 DENY tcp/3389 from 0.0.0.0/0"


def test_trusted_networks_do_not_count() -> None:
    own = replace(DEFAULTS, trusted={**DEFAULTS.trusted, 4: AddressSet.of([ip_network("52.0.0.0/8")])})
    assert found(state_of(row(1, "allow", "6", "52.0.0.0/8", 22)), own) == []
