"""What was stored once stays readable: a literal of each version."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger_records import Exemptions, LedgerRecord, Unreadable, iso_time
from cloudmend.core.model import Actor, Request, Resource
from cloudmend.core.stored import decode_entry, encode, json_lines, read_entry, read_exemptions

# Written by the first release that had a ledger. It stays as it is: it is what lies in people's tables.
VERSION_1 = rb"""{"version":1,"id":"sg-0ce22d5f105b9f34f/20261124T070000.000000Z-1a2b3c4d","state":"UNDONE",
"opened":"2026-11-24T07:00:00Z","intent":{"control":"security_group_ingress","resource":{"type":
"AWS::EC2::SecurityGroup","id":"sg-0ce22d5f105b9f34f","parts":["sgr-0123456789abcdef0"]},"account":"111122223333",
"region":"eu-west-1","event_id":"3f2a9d5e-0000-4000-8000-000000000001","event_name":"AuthorizeSecurityGroupIngress",
"actor":{"kind":"IAMUser","arn":"arn:aws:iam::111122223333:user/mallory","role_arn":"","invoked_by":"",
"source_ip":"203.0.113.7","user_agent":"aws-cli"},"policy_hash":"9b1c","code_version":"0.1.0","before":{
"SecurityGroupRules":[{"SecurityGroupRuleId":"sgr-0123456789abcdef0","CidrIpv4":"0.0.0.0/0"}]},"requests":[{"action":
"ec2:ModifySecurityGroupRules","params":{"GroupId":"sg-0ce22d5f105b9f34f"}}],"undo":["aws ec2 ..."]},
"ended":{"at":"2026-11-24T07:00:01.500000Z","record":{"status":"mended","control":"security_group_ingress","resource":{
"type":"AWS::EC2::SecurityGroup","id":"sg-0ce22d5f105b9f34f","parts":[]},"account":"111122223333","region":"eu-west-1",
"event_id":"3f2a9d5e-0000-4000-8000-000000000001","event_name":"AuthorizeSecurityGroupIngress","actor":{"kind":
"IAMUser","arn":"","role_arn":"","invoked_by":"","source_ip":"","user_agent":""},"summary":"narrowed","findings":[{
"part":"sgr-0123456789abcdef0","why":"open"}],"edits":[{"part":"sgr-0123456789abcdef0","before":"0.0.0.0/0","after":
"10.0.0.0/8","did":"narrowed","why":"open"}],"remaining":[],"errors":[],"undo":["aws ec2 ..."],
"seconds_since_call":2.5}},"undone":{"at":"2026-11-24T08:00:00Z","record":{"status":"mended","control":
"security_group_ingress","resource":{"type":"AWS::EC2::SecurityGroup","id":"sg-0ce22d5f105b9f34f","parts":[]},
"account":"111122223333","region":"eu-west-1","event_id":"","event_name":"","actor":{},"summary":"given back"}}}"""

# The first with a ULID. It stays as it is, too.
VERSION_2 = VERSION_1.replace(
    b'"version":1,"id":"sg-0ce22d5f105b9f34f/20261124T070000.000000Z-1a2b3c4d"',
    b'"version":2,"id":"01M865NCC0BPFHRBKTK8CXMK4G"',
)

EXEMPTION_1 = rb"""{"version":1,"id":"e-1","group":"sg-0ce22d5f105b9f34f","rule":"","owner":"network-team",
"reason":"The vendor has no VPN yet","expires":"2026-11-24T09:00:00Z","created":"2026-11-24T07:00:00Z",
"created_by":"arn:aws:iam::111122223333:user/alice"}"""

EXEMPTION_2 = rb"""{"version":2,"id":"e-2","group":"sg-0ce22d5f105b9f34f","name":"web","account":"111122223333",
"region":"eu-west-1","rule":"","parts":["tcp/22 from 0.0.0.0/0"],"owner":"network-team","reason":"No VPN yet",
"expires":"2026-11-24T09:00:00Z","created":"2026-11-24T07:00:00Z","created_by":"arn:aws:iam::111122223333:user/alice",
"ended":null,"ended_by":""}"""

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_record_of_version_1_is_read() -> None:
    entry = decode_entry(VERSION_1)
    assert entry.opened == datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert entry.intent.resource == Resource(
        type="AWS::EC2::SecurityGroup", id="sg-0ce22d5f105b9f34f", parts=("sgr-0123456789abcdef0",)
    )
    assert entry.intent.actor.user_agent == "aws-cli"
    assert entry.intent.requests == (Request("ec2:ModifySecurityGroupRules", {"GroupId": "sg-0ce22d5f105b9f34f"}),)
    assert entry.intent.before["SecurityGroupRules"][0]["CidrIpv4"] == "0.0.0.0/0"
    assert entry.ended is not None
    assert entry.ended.at.microsecond == 500_000
    assert entry.ended.record.seconds_since_call == 2.5
    assert entry.undone is not None
    assert (entry.undone.record.summary, entry.undone.record.actor) == ("given back", Actor())


@pytest.mark.parametrize("stored", [VERSION_1, VERSION_2])
def test_what_is_read_is_written_again_as_the_same(stored: bytes) -> None:
    entry = decode_entry(stored)
    assert decode_entry(encode(entry)) == entry


@pytest.mark.parametrize("stored", [VERSION_1, VERSION_2])
def test_an_id_of_either_version_is_the_own_one_of_its_resource_alone(stored: bytes) -> None:
    entry = decode_entry(stored)
    assert entry.has_own_id
    other = msgspec.structs.replace(entry.intent, resource=Resource(type="", id="sg-05fe30eb67c909f27"))
    assert not msgspec.structs.replace(entry, intent=other).has_own_id


def test_the_id_of_version_2_is_no_other_control_s_region_s_account_s_or_time_s() -> None:
    entry = decode_entry(VERSION_2)
    for field in ("control", "region", "account"):
        other = msgspec.structs.replace(entry.intent, **{field: "another"})
        assert not msgspec.structs.replace(entry, intent=other).has_own_id
    assert not msgspec.structs.replace(entry, opened=NOON).has_own_id
    assert not msgspec.structs.replace(entry, id=f"{entry.id}0").has_own_id


def test_an_exemption_of_version_1_is_read() -> None:
    (held,) = read_exemptions([("e-1", EXEMPTION_1)], datetime(2026, 11, 24, 8, tzinfo=UTC)).held
    assert (held.owner, held.created_by) == ("network-team", "arn:aws:iam::111122223333:user/alice")
    assert held.is_whole
    (of_one,) = read([EXEMPTION_1.replace(b'"rule":""', b'"rule":"sgr-1"')], held.created).held
    assert (of_one.rule, of_one.is_whole) == ("sgr-1", False)


def read(stored: list[bytes], now: datetime) -> Exemptions:
    return read_exemptions(((msgspec.json.decode(data)["id"], data) for data in stored), now)


def test_an_exemption_of_version_2_is_read() -> None:
    (held,) = read([EXEMPTION_2], datetime(2026, 11, 24, 8, tzinfo=UTC)).held
    assert (held.parts, held.is_whole, held.region) == (("tcp/22 from 0.0.0.0/0",), False, "eu-west-1")


def test_what_is_over_is_told_apart_from_what_holds() -> None:
    ended = EXEMPTION_2.replace(b'"ended":null', b'"ended":"2026-11-24T08:00:00Z"').replace(b"e-2", b"e-3")
    found = read([EXEMPTION_1, EXEMPTION_2, ended], datetime(2026, 11, 24, 8, tzinfo=UTC))
    assert [each.id for each in found.held] == ["e-1", "e-2"]
    assert [each.id for each in found.over] == ["e-3"]
    assert [each.id for each in read([EXEMPTION_1], NOON).over] == ["e-1"]


def test_fields_that_a_later_release_added_are_passed_over() -> None:
    assert decode_entry(VERSION_1.replace(b'"state"', b'"later":{"a":[1]},"state"', 1)) == decode_entry(VERSION_1)


def test_a_newer_version_is_refused_by_its_number() -> None:
    with pytest.raises(LedgerError, match=r"sg-0ce.* was stored in version 3; this cloudmend reads up to 2\. Update"):
        decode_entry(VERSION_1.replace(b'"version":1', b'"version":3').replace(b'"intent":{', b'"plan":{'))


PAST_ALL_TIME = "It tells a time that none of cloudmend's is"
FAR_OFF = pytest.mark.parametrize(
    "time", [b"9999-12-31T23:59:59Z", b"9999-12-31T23:59:59-14:00", b"0001-01-01T00:00:00+14:00"]
)


@FAR_OFF
def test_a_record_with_a_time_from_which_no_lease_could_be_counted_cannot_be_read(time: bytes) -> None:
    for own in (
        b'"opened":"2026-11-24T07:00:00Z"',
        b'"at":"2026-11-24T07:00:01.500000Z"',
        b'"at":"2026-11-24T08:00:00Z"',
    ):
        assert own in VERSION_1
        with pytest.raises(LedgerError, match=PAST_ALL_TIME):
            decode_entry(VERSION_1.replace(own, own.partition(b":")[0] + b':"' + time + b'"'))
    for where, added in ((b'"state"', b"resumed"), (b'"control"', b"seen")):
        with pytest.raises(LedgerError, match=PAST_ALL_TIME):
            decode_entry(VERSION_1.replace(where, b'"' + added + b'":"' + time + b'",' + where, 1))


@FAR_OFF
def test_an_exemption_with_such_a_time_exempts_nothing(time: bytes) -> None:
    for own in (b"2026-11-24T09:00:00Z", b"2026-11-24T07:00:00Z"):
        (problem,) = read([EXEMPTION_2.replace(own, time)], NOON).problems
        assert PAST_ALL_TIME in problem


def test_a_time_without_a_zone_cannot_be_read() -> None:
    with pytest.raises(LedgerError):
        decode_entry(VERSION_1.replace(b'"control"', b'"seen":"2026-11-24T07:00:00","control"', 1))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'"version":1', b'"edition":1'),
        (b'"UNDONE"', b'"FINISHED"'),
        (b"T07:00:00Z", b"T07:00:00"),
        (b'"before":{', b'"before":['),
        (b"}", b""),
    ],
)
def test_what_cannot_be_read_is_told(was: bytes, becomes: bytes) -> None:
    with pytest.raises(LedgerError, match=r"It is not what cloudmend stores \(.*Was it edited by hand\?"):
        decode_entry(VERSION_1.replace(was, becomes, 1))


def test_times_as_text_sort_as_the_times() -> None:
    times = [NOON, NOON.replace(microsecond=1), NOON.replace(second=1), NOON.replace(hour=13)]
    assert sorted(map(iso_time, reversed(times))) == list(map(iso_time, times))
    assert iso_time(NOON.astimezone(tz=None)) == iso_time(NOON)


def test_an_entry_is_one_frozen_value() -> None:
    entry = decode_entry(VERSION_1)
    with pytest.raises(AttributeError):
        entry.state = "DONE"  # type: ignore[misc]
    assert LedgerRecord.__struct_fields__[0] == "version"
    assert msgspec.json.decode(encode(entry))["version"] == 1


ID, GROUP = "01M865NCC0BPFHRBKTK8CXMK4G", "sg-0ce22d5f105b9f34f"
PLACE = f"111122223333/eu-west-1/security_group_ingress/{GROUP}"


@pytest.mark.parametrize("place", ["", PLACE])
def test_an_entry_that_is_stored_under_its_own_id_and_place_is_found(place: str) -> None:
    assert read_entry(ID, lambda: decode_entry(VERSION_2), place) == decode_entry(VERSION_2)


@pytest.mark.parametrize(
    ("record_id", "place", "named"),
    [("another", "", ID), ("another", PLACE, ID), (ID, "a/b/c/d", f"{ID} of {PLACE}")],
)
def test_an_entry_that_is_stored_under_another_id_or_place_cannot_be_read(
    record_id: str, place: str, named: str
) -> None:
    told = f"Record {record_id} says that it is record {named}. Was it edited by hand?"
    assert read_entry(record_id, lambda: decode_entry(VERSION_2), place) == Unreadable(record_id, told, place)


def test_an_entry_that_is_spoiled_is_told_with_its_id_and_place() -> None:
    found = read_entry("one", lambda: decode_entry(b"x" * 300), "a/b/c/d")
    why = "JSON is malformed: invalid character (byte 0)"
    assert found == Unreadable(
        "one",
        f"Record one cannot be read. It is not what cloudmend stores ({why}): {b'x' * 200!r}. Was it edited by hand?",
        "a/b/c/d",
    )
    assert read_entry("one", lambda: decode_entry(b"")) == Unreadable(
        "one",
        "Record one cannot be read. It is not what cloudmend stores (Input data was truncated): b''. Was it edited by "
        "hand?",
    )


def test_the_first_and_the_last_time_are_read_and_the_sentence_says_what_is_past_them() -> None:
    own = b'"opened":"2026-11-24T07:00:00Z"'
    for time in (b"2000-01-01T00:00:00Z", b"3000-01-01T00:00:00Z"):
        assert decode_entry(VERSION_1.replace(own, b'"opened":"' + time + b'"')).opened.month == 1
    with pytest.raises(LedgerError) as refused:
        decode_entry(VERSION_1.replace(own, b'"opened":"3000-01-01T00:00:01Z"'))
    assert str(refused.value) == (
        f"{PAST_ALL_TIME} (3000-01-01 00:00:01+00:00 is not from 2000 to 3000, with a zone). Was it edited by hand?"
    )


def test_the_export_has_a_line_for_each_entry() -> None:
    entry = decode_entry(VERSION_2)
    first, second = json_lines([entry, decode_entry(VERSION_1)])
    assert decode_entry(first.encode()) == entry
    assert decode_entry(second.encode()) == decode_entry(VERSION_1)
    assert "\n" not in first
