"""The mend of a network ACL, packet by packet, on random lists: what was admitted, what still is, what is closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.controls.network_acl_open.entries import Entry
from cloudmend.controls.network_acl_open.mend import Mended, is_narrower, mended
from oracle.acl_packets import AclPacket, admits, block, decider, exposure, sources
from random_acls import acls, guarding

Rows = Sequence[dict[str, Any]]
NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
PORTS = (0, 19, 20, 22, 23, 24, 25, 26, 79, 80, 1023, 1024, 3388, 3389, 3390, 65535)
TRAFFIC = [
    *((protocol, port, 0) for protocol in (6, 17) for port in PORTS),
    *((protocol, kind, code) for protocol in (1, 58) for kind in (0, 8, 128, 255) for code in (0, 1)),
    (47, 0, 0),
    (99, 0, 0),
]


def mend(rows: Rows, settings: RangeSettings, left: Sequence[int] = ()) -> Mended:
    return mended([Entry(row) for row in rows], settings, lambda network: settings.narrowed(network)[0], left)


def after(done: Mended) -> Rows:
    return [dict(each.row) for each in done.entries]


def packets(*lists: Rows) -> Iterator[AclPacket]:
    """One packet for each piece of the address space in which all addresses are alike, of each kind of traffic."""
    rows = [row for each in lists for row in each]
    for version in (4, 6):
        for first, _ in sources(rows, version):
            yield from (AclPacket(version, first, *traffic) for traffic in TRAFFIC)


def is_guarded(packet: AclPacket, settings: RangeSettings) -> bool:
    return any(
        NUMBERS[each.protocol] == packet.protocol
        and (each.protocol.startswith("icmp") or each.first <= packet.port <= each.last)
        for each in settings.guarded
    )


@given(acls, guarding)
def test_nothing_new_is_admitted_and_no_other_port_is_changed(rows: Rows, settings: RangeSettings) -> None:
    then = after(mend(rows, settings))
    for packet in packets(rows, then):
        was, now = admits(rows, packet), admits(then, packet)
        assert was or not now, packet
        assert was == now or is_guarded(packet, settings), packet


@given(acls, guarding)
def test_whoever_comes_from_the_replacement_still_does_where_the_entry_holds_it(
    rows: Rows, settings: RangeSettings
) -> None:
    then = after(mend(rows, settings))
    for packet in packets(rows, then):
        row, replacement = decider(rows, packet), settings.replacement[4 if packet.version == 4 else 6]
        if isinstance(replacement, str) or row is None or row["RuleAction"] == "deny":
            continue
        first, last = int(replacement.network_address), int(replacement.broadcast_address)
        _, lowest, highest = block(row)
        if first <= packet.source <= last and lowest <= first and last <= highest:
            assert admits(then, packet), packet


@given(acls, guarding)
def test_no_guarded_port_stays_over_the_limit_unless_there_was_no_number_and_that_is_told(
    rows: Rows, settings: RangeSettings
) -> None:
    done = mend(rows, settings)
    unplaced = any(fault.unplaced for fault in done.faults)
    for protocol, port, code in TRAFFIC:
        for version, limit in settings.limits.items():
            if is_guarded(AclPacket(version, 0, protocol, port, code), settings):
                assert unplaced or exposure(after(done), version, protocol, port, code) <= limit


@given(acls, guarding)
def test_an_entry_that_is_not_at_fault_keeps_all_that_it_says_and_its_number(
    rows: Rows, settings: RangeSettings
) -> None:
    done = mend(rows, settings)
    then = {row["RuleNumber"]: row for row in after(done)}
    named = {fault.entry.number for fault in done.faults if fault.closed}
    assert all(then[row["RuleNumber"]] == row for row in rows if row["RuleNumber"] not in named)
    assert all(1 <= number <= 32766 for number in then)
    assert bool(named) is (list(rows) != after(done))


@given(acls, guarding)
def test_a_second_mend_finds_nothing_to_do(rows: Rows, settings: RangeSettings) -> None:
    then = after(mend(rows, settings))
    again = mend(then, settings)
    assert [fault for fault in again.faults if fault.closed] == []
    assert after(again) == then


@given(acls, guarding, st.data())
def test_what_is_left_on_purpose_stays_and_puts_no_other_at_fault(
    rows: Rows, settings: RangeSettings, data: st.DataObject
) -> None:
    left = data.draw(st.lists(st.sampled_from([row["RuleNumber"] for row in rows] or [0])))
    done = mend(rows, settings, left)
    then = after(done)
    assert not {fault.entry.number for fault in done.faults} & {*left}
    assert all(row in then for row in rows if row["RuleNumber"] in left)
    assert mend(then, settings, left).entries == done.entries


@given(acls, acls)
def test_what_cloudmend_takes_for_narrower_is_narrower(one: Rows, other: Rows) -> None:
    """This is the check of each plan before it is carried out."""
    entries, others = [Entry(row) for row in one], [Entry(row) for row in other]
    is_wider = any(admits(one, packet) and not admits(other, packet) for packet in packets(one, other))
    assert is_narrower(entries, others) is not is_wider
