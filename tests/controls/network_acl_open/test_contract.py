"""What the control asks AWS about network ACLs, what it sends, and what it says."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.network_acl_open import CONTROL
from cloudmend.controls.network_acl_open.settings import Settings
from cloudmend.core.contract import Parts, State
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Json, Step
from cloudmend.core.ports import Call
from cloudmend.core.target import resources
from controls.network_acl_open.acls import ACL, DEFAULTS, WORLD, Answers, described, found, row, state_of, view_of

SSH = row(100, "allow", "6", WORLD, 22)
OTHER = "acl-0123456789abcdef1"
READ = Call("ec2", "DescribeNetworkAcls", {"Filters": [{"Name": "network-acl-id", "Values": [ACL.id]}]})


def test_the_inbound_entries_are_its_parts_in_their_order_without_those_of_aws() -> None:
    later, icmp = row(32766, "deny", "6", WORLD, 80), row(7, "allow", "1", WORLD, icmp=(8, 0))
    tags = [{"Key": "Owner", "Value": "alice"}, {"Key": "Name", "Value": "web"}]
    state = state_of(later, SSH, icmp, Tags=tags)
    assert list(state.parts.items()) == [("entry 7", icmp), ("entry 100", SSH), ("entry 32766", later)]
    assert (state.owner, state.labels) == (ACL.account, {"name": "web", "vpc": "vpc-0123456789abcdef0"})


def test_an_acl_without_tags_has_no_name_and_without_an_owner_none() -> None:
    bare = {name: value for name, value in described(SSH).items() if name not in ("OwnerId", "Tags")}
    reader: Any = Answers(bare)
    state = CONTROL.read(ACL, reader, DEFAULTS)
    assert state
    assert (state.owner, state.labels) == ("", {"name": "", "vpc": "vpc-0123456789abcdef0"})
    assert state_of(SSH).labels["name"] == ""


def test_an_acl_that_ec2_does_not_list_is_gone() -> None:
    reader: Any = Answers(described(NetworkAclId=OTHER))
    assert CONTROL.read(ACL, reader, DEFAULTS) is None
    assert reader.calls == [READ]


def test_many_are_read_in_one_call() -> None:
    reader: Any = Answers(described(SSH), described(NetworkAclId=OTHER))
    assert CONTROL.read_many
    both = [replace(ACL, id=OTHER), ACL]
    assert {name: len(state.parts) for name, state in CONTROL.read_many(both, reader, DEFAULTS).items()} == {
        ACL.id: 1,
        OTHER: 0,
    }
    (call,) = reader.calls
    assert call.params["Filters"][0]["Values"] == [ACL.id, OTHER]


def test_a_sweep_lists_all_in_one_call_and_goes_on_with_those_at_fault() -> None:
    default = described(row(100, "allow", "-1", WORLD), is_default=True, NetworkAclId=OTHER)
    closed = described(row(100, "allow", "6", "10.0.0.0/8", 22), NetworkAclId="acl-0123456789abcdef2")
    reader: Any = Answers(default, closed, described(SSH))
    assert CONTROL.every
    assert list(CONTROL.every(ACL, reader, DEFAULTS)) == [ACL.id]
    assert reader.calls == [Call("ec2", "DescribeNetworkAcls")]
    judged = Settings(untouched_defaults="judged")
    assert list(CONTROL.every(ACL, reader, judged)) == [OTHER, ACL.id]


def test_an_acl_that_cannot_be_judged_is_looked_at_and_hides_no_other() -> None:
    reader: Any = Answers({"NetworkAclId": OTHER}, described(SSH))
    assert CONTROL.every
    assert list(CONTROL.every(ACL, reader, DEFAULTS)) == [OTHER, ACL.id]


def sent(now: Parts, then: Parts) -> list[tuple[str, Any]]:
    assert CONTROL.put
    calls = list(CONTROL.put(ACL, State(now), then))
    assert all(call.params["NetworkAclId"] == ACL.id and call.params["Egress"] is False for call in calls)
    assert {call.service for call in calls} == {"ec2"}
    assert all(call.parts == (f"entry {call.params['RuleNumber']}",) for call in calls)
    return [(call.operation.removesuffix("NetworkAclEntry"), call.params["RuleNumber"]) for call in calls]


def parts(*rows: Json) -> dict[str, Json]:
    return {f"entry {each['RuleNumber']}": each for each in rows}


ALLOW, DENY = row(98, "allow", "6", "10.0.0.0/8", 3389), row(99, "deny", "6", WORLD, 3389)
WIDE = row(110, "allow", "6", "52.0.0.0/8", 22)


def test_an_allow_comes_before_its_deny_and_goes_after_it() -> None:
    narrow = {**SSH, "CidrBlock": "10.0.0.0/8"}
    before, after = parts(SSH, WIDE), parts(ALLOW, DENY, narrow)
    assert sent(before, after) == [("Replace", 100), ("Delete", 110), ("Create", 98), ("Create", 99)]
    assert sent(after, before) == [("Delete", 99), ("Delete", 98), ("Replace", 100), ("Create", 110)]
    assert sent(after, {**before, "entry 98": None, "entry 99": None}) == sent(after, before)


def test_a_call_says_all_of_an_entry_and_a_removal_its_number() -> None:
    assert CONTROL.put
    create, replaced, delete = CONTROL.put(
        ACL,
        State(parts(SSH, WIDE)),
        parts({**SSH, "Protocol": "17"}, row(90, "deny", "1", WORLD, icmp=(-1, -1))),
    )
    about = {"NetworkAclId": ACL.id, "Egress": False}
    said = {"CidrBlock": WORLD, "RuleAction": "allow"}
    assert (create.operation, create.params) == (
        "ReplaceNetworkAclEntry",
        {**about, **said, "RuleNumber": 100, "Protocol": "17", "PortRange": {"From": 22, "To": 22}},
    )
    assert (replaced.operation, replaced.params) == ("DeleteNetworkAclEntry", {**about, "RuleNumber": 110})
    icmp = {"Protocol": "1", "IcmpTypeCode": {"Type": -1, "Code": -1}, "CidrBlock": WORLD, "RuleAction": "deny"}
    assert (delete.operation, delete.params) == ("CreateNetworkAclEntry", {**about, **icmp, "RuleNumber": 90})


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"Egress": False, "Protocol": "tcp"}, True),
        ({"CidrBlock": "10.0.0.0/8"}, False),
        ({"RuleAction": "deny"}, False),
        ({"RuleNumber": 101}, False),
        ({"Protocol": "17"}, False),
        ({"PortRange": {"From": 22, "To": 23}}, False),
        ({"PortRange": {"From": 21, "To": 22}}, False),
    ],
)
def test_two_entries_are_the_same_if_they_say_the_same(other: Json, same: bool) -> None:
    assert (CONTROL.form(SSH) == CONTROL.form({**SSH, **other})) is same


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (row(1, "deny", "-1", "::/0"), "DENY all traffic from ::/0"),
        (row(1, "allow", "6", WORLD, -1), "ALLOW tcp/0-65535 from 0.0.0.0/0"),
        (row(1, "allow", "6", WORLD), "ALLOW tcp/0-65535 from 0.0.0.0/0"),
        (row(1, "allow", "1", WORLD), "ALLOW icmp from 0.0.0.0/0"),
        (row(1, "allow", "58", "::/0", icmp=(0, 255)), "ALLOW icmpv6 type 0 code 255 from ::/0"),
        (row(1, "allow", "1", WORLD, icmp=(255, -1)), "ALLOW icmp type 255 from 0.0.0.0/0"),
    ],
)
def test_an_entry_in_words(entry: Json, words: str) -> None:
    assert CONTROL.say(entry) == words


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("entry 99", None, DENY), "added entry 99, DENY tcp/3389 from 0.0.0.0/0"),
        (
            Step("entry 98", ALLOW, DENY),
            "replaced entry 98, ALLOW tcp/3389 from 10.0.0.0/8, by DENY tcp/3389 from 0.0.0.0/0",
        ),
        (Step("entry 110", WIDE, None), "removed entry 110, ALLOW tcp/22 from 52.0.0.0/8"),
        (
            Step("entry 100", SSH, {**SSH, "CidrBlock": "10.0.0.0/8"}),
            "narrowed entry 100 from ALLOW tcp/22 from 0.0.0.0/0 to 10.0.0.0/8",
        ),
    ],
)
def test_a_step_in_words(step: Step, words: str) -> None:
    assert CONTROL.did
    assert CONTROL.did(step) == words


def test_a_plan_that_widens_is_refused_before_it_is_carried_out() -> None:
    """The check is independent of the settings, and an undo checks a stored plan by it."""
    assert CONTROL.narrows
    view = view_of(State(parts(ALLOW, DENY, row(100, "allow", "6", WORLD, 0, 65535))))
    assert CONTROL.narrows(view, parts(ALLOW, DENY))
    assert not CONTROL.narrows(view, parts(ALLOW, row(100, "allow", "6", WORLD, 0, 65535)))
    assert not CONTROL.narrows(view, {**view.parts, "entry 1": row(1, "allow", "47", "10.0.0.0/8")})


def test_a_finding_that_a_person_did_not_agree_to_keeps_its_entry() -> None:
    state = state_of(SSH, row(200, "allow", "6", WORLD, 3389), row(300, "allow", "-1", "::/0"))
    first, *_ = found(state)
    assert CONTROL.mend
    assert CONTROL.mend(view_of(state), [first], DEFAULTS) == {"entry 100": {**SSH, "CidrBlock": "10.0.0.0/8"}}


def test_an_all_clear_says_what_was_judged_by_which_limit_and_what_is_accepted() -> None:
    assert CONTROL.clear
    limit = "is open to more than 1,048,576 public IPv4 or 2^88 public IPv6 addresses"
    assert CONTROL.clear(ACL, state_of(), DEFAULTS) == f"no guarded port (tcp/22, tcp/3389, udp/3389) {limit}"
    default = state_of(row(100, "allow", "-1", WORLD), is_default=True)
    told = "it is the VPC's default network ACL with the entries that AWS gives it, which admit everything"
    assert CONTROL.clear(ACL, default, DEFAULTS) == told
    accepting = (
        "no finding of network_acl_open, which accepts default network ACLs with the entries that AWS gives them"
    )
    assert CONTROL.clear(ACL, None, DEFAULTS) == accepting
    judged = Settings(untouched_defaults="judged")
    assert CONTROL.clear(ACL, None, judged) == "no finding of network_acl_open"


# As published records have it: DataDog, Splunk and others show these fields.
CREATED: Json = {
    "networkAclId": ACL.id,
    "ruleNumber": 100,
    "egress": False,
    "ruleAction": "allow",
    "icmpTypeCode": {},
    "portRange": {"from": 22, "to": 22},
    "aclProtocol": "6",
    "cidrBlock": WORLD,
}


@pytest.mark.parametrize(
    ("name", "request_", "entries"),
    [
        ("CreateNetworkAclEntry", CREATED, ("entry 100",)),
        ("ReplaceNetworkAclEntry", {**CREATED, "portRange": {"from": -1, "to": -1}}, ("entry 100",)),
        ("CreateNetworkAclEntry", {**CREATED, "egress": True}, ()),
        ("CreateNetworkAclEntry", {"networkAclId": ACL.id}, ()),
        ("DeleteNetworkAclEntry", {"networkAclId": ACL.id, "ruleNumber": 50, "egress": False}, ()),
        ("ReplaceNetworkAclAssociation", {"associationId": "aclassoc-0123456789abcdef0", "networkAclId": ACL.id}, ()),
    ],
)
def test_an_event_names_the_acl_and_the_inbound_entry_that_it_puts(
    name: str, request_: Json, entries: tuple[str, ...]
) -> None:
    """27: whoever deletes a DENY opens, without any ALLOW in the event."""
    call = ApiCall(
        event_id="e", source="ec2.amazonaws.com", name=name, time=None, account="", region="", request=request_
    )
    (named,) = resources(CONTROL, call)
    assert (named.id, named.parts) == (ACL.id, entries)
    with pytest.raises(EventError, match="network ACL"):
        resources(CONTROL, replace(call, request={**request_, "networkAclId": "sg-0123456789abcdef0"}))


def test_it_only_observes_by_default_and_a_refusal_stops_the_writes() -> None:
    assert (CONTROL.mode, CONTROL.severity, CONTROL.whole) == ("observe", "medium", True)
    assert CONTROL.errors == {
        "InvalidNetworkAclEntry.NotFound": "settled",
        "NetworkAclEntryAlreadyExists": "raced",
        "NetworkAclEntryLimitExceeded": "final",
        "UnauthorizedOperation": "final",
    }
