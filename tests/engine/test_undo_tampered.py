"""A record that somebody changed in the ledger opens nothing else: it leads to the same requests, or is refused."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.core.errors import CloudmendError, UndoRefused
from cloudmend.core.ports import Sent
from cloudmend.core.stored import decode_entry, encode
from cloudmend.local.ec2.checks import Ec2Error
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from engine.test_orphaned import left_behind
from support import Account, ipv4, ipv6
from undoing import TAGS, WORLD, entry, exemptions, mended_group, refuse, undone

Path = tuple[str | int, ...]


class Scene(NamedTuple):
    """A mended group, and what an undo of it sends."""

    account: Account
    record_id: str
    requests: tuple[Sent, ...]
    stored: bytes  # as a ledger holds it
    paths: Sequence[Path]  # of all that is in it

    def asked(self, stored: object) -> tuple[Sent, ...]:
        """What an undo would send where the ledger holds this instead. Raises CloudmendError."""
        entries = self.account.store.entries
        original = entries[self.record_id]
        try:
            entries[self.record_id] = decode_entry(json.dumps(stored).encode())
            return undone(self.account, self.record_id, dry_run=True).requests
        finally:
            entries[self.record_id] = original


def scene(account: Account, group_id: str) -> Scene:
    record_id = account.mend(group_id).entry_id
    account.groups.before.clear()
    account.groups.after.clear()
    stored = encode(entry(account, record_id))
    inside = sorted(filter(None, paths(json.loads(stored))), key=str)
    return Scene(account, record_id, undone(account, record_id, dry_run=True).requests, stored, inside)


def everything() -> Scene:
    """Rules narrowed and revoked, several in one call, with texts and tags and by a prefix list; others left alone."""
    account = Account()
    account.group(ipv4(22, "8.8.8.8/32"))  # somebody else's
    group_id = account.group(ipv4(22, WORLD, Description="a - {b} $c"), ipv6(3389, "::/0"), ipv4(443, WORLD))
    account.ec2.authorize_security_group_ingress(
        GroupId=group_id, IpPermissions=[ipv4((0, 22), "128.0.0.0/1", Description="half")], TagSpecifications=TAGS
    )
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(3389, "64.0.0.0/2")])
    world = prefix_list(account, "0.0.0.0/1", "128.0.0.0/1")
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[refers(22, world)])
    return scene(account, group_id)


def revoked_instead() -> Scene:
    """AWS refused to narrow, so the rule was revoked."""
    account = Account()
    refuse(account, "ModifySecurityGroupRules", times=100)
    return scene(account, account.group(ipv4(22, WORLD, Description="all")))


def without_answers() -> Scene:
    """Both writes took effect, which AWS did not say."""
    account = Account()

    def lose(_: Mapping[str, Any]) -> None:
        raise Ec2Error("InternalError", "the answer is lost", 500)

    account.groups.after |= dict.fromkeys(("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"), lose)
    return scene(account, account.group(ipv4(22, WORLD), ipv4(3389, "128.0.0.0/1")))


def closed_by_another() -> Scene:
    """Somebody else revoked one of the rules first: it stays revoked."""
    account = Account()
    group_id = account.group(ipv4(22, WORLD), ipv4(3389, "128.0.0.0/1"))
    (half,) = [row["SecurityGroupRuleId"] for row in account.rules(group_id) if row["FromPort"] == 3389]

    def first(_: Mapping[str, Any]) -> None:
        account.groups.before.clear()
        account.groups.unhindered("RevokeSecurityGroupIngress", {"GroupId": group_id, "SecurityGroupRuleIds": [half]})

    account.groups.before["RevokeSecurityGroupIngress"] = first
    return scene(account, group_id)


SCENES = (everything, revoked_instead, without_answers, closed_by_another)
built = cache(lambda make: make())
OTHER_GROUP = "sg-05fe30eb67c909f27"
FOREIGN: tuple[Any, ...] = (
    *(OTHER_GROUP, "sgr-05fe30eb67c909f27", "pl-05fe30eb67c909f27", "123456789012", "us-east-1", "tcp", "udp", "-1"),
    *("0.0.0.0/0", "::/0", "10.0.0.0/8", "", "x", "'; $(id) \u202e\n\"", "ec2:AuthorizeSecurityGroupIngress"),
    *("DONE", "FAILED", "UNDONE", "INTENT", "mended", "clean", "open", "failed"),
    *(None, True, False, -1, 0, 22, 3389, 65535, 2**70, 1.5, [], {}, [[]], [{}]),
)
SWAPS = (("22", "0"), ("3389", "65535"), ("eu-west-1", "us-east-1"), ("0.0.0.0/0", "::/0"), ("sg-", "sg-0"), ('"', "'"))
KEYS = ("CidrIpv4", "CidrIpv6", "PrefixListId", "FromPort", "IsEgress", "Tags", "ReferencedGroupInfo", "DryRun", "x")


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Of all that is in a JSON value."""
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from paths(each, (*here, key))


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


@st.composite
def tampered(draw: st.DrawFn, scene: Scene) -> tuple[Path, Any]:
    """A record of which one thing was changed, and where."""
    stored = json.loads(scene.stored)
    path = draw(st.sampled_from(scene.paths))
    within, key, old = at(stored, path[:-1]), path[-1], copy.deepcopy(at(stored, path))
    own = st.sampled_from(scene.paths).map(lambda each: at(stored, each))
    ways: list[st.SearchStrategy[Any]] = [st.sampled_from(FOREIGN), own, st.just(...)]
    if isinstance(old, str):
        ways.append(st.sampled_from(SWAPS).map(lambda swap: old.replace(*swap)))
        ways.append(st.text(max_size=3).map(lambda text: old + text))
    if isinstance(old, list) and old:
        ways += [st.just([*old, old[0]]), st.just(old[::-1]), st.just(old[1:])]
    if isinstance(old, dict):
        ways.append(
            st.tuples(st.sampled_from(KEYS), st.sampled_from(FOREIGN)).map(lambda pair: {**old, pair[0]: pair[1]})
        )
    new = draw(st.one_of(ways))
    if new is ...:
        del within[key]
    else:
        within[key] = copy.deepcopy(new)
    return path, stored


@pytest.mark.parametrize("make", SCENES)
@given(data=st.data())
def test_whatever_is_changed_in_a_record_it_asks_for_the_same_or_is_refused(
    make: Callable[[], Scene], data: st.DataObject
) -> None:
    scene = built(make)
    path, stored = data.draw(tampered(scene))
    try:
        asked = scene.asked(stored)
    except CloudmendError:
        return
    now, before = Counter(map(repr, asked)), Counter(map(repr, scene.requests))
    assert now == before, path


Stored = dict[str, Any]


def before_image(stored: Stored, port: int) -> dict[str, Any]:
    """The row of the rule that ends at this port, at fault."""
    rows = [row for row in stored["intent"]["before"]["SecurityGroupRules"] if not row["IsEgress"]]
    (row,) = [row for row in rows if row["ToPort"] == port]
    assert isinstance(row, dict)
    return row


def everywhere(stored: Stored, old: str, new: str) -> None:
    """The same change in all that is stored, but in the ids."""
    text = json.dumps({key: value for key, value in stored.items() if key != "id"})
    stored.update(json.loads(text.replace(old, new)))


def another_group(stored: Stored) -> None:
    for row in stored["intent"]["before"]["SecurityGroupRules"]:
        row["GroupId"] = OTHER_GROUP


def another_group_everywhere(stored: Stored) -> None:
    everywhere(stored, str(stored["intent"]["resource"]["id"]), OTHER_GROUP)


def all_ports(stored: Stored) -> None:
    before_image(stored, 3389).update(FromPort=0, ToPort=65535)


def all_ports_and_the_commands(stored: Stored) -> None:
    all_ports(stored)
    intent, record = stored["intent"], stored["ended"]["record"]
    for where in (intent, record):
        where["undo"] = [line.replace('Port":3389', 'Port":0') for line in where["undo"]]
    before_image(stored, 65535)["ToPort"] = 0


def all_ports_of_a_narrowed_rule_everywhere(stored: Stored) -> None:
    everywhere(stored, '"FromPort": 22, "ToPort": 22', '"FromPort": 0, "ToPort": 65535')
    everywhere(stored, '\\"FromPort\\":22,\\"ToPort\\":22', '\\"FromPort\\":0,\\"ToPort\\":65535')
    everywhere(stored, "tcp/22", "tcp/0-65535")


def the_world(stored: Stored) -> None:
    before_image(stored, 3389)["CidrIpv4"] = WORLD


def all_protocols(stored: Stored) -> None:
    before_image(stored, 3389).update(IpProtocol="-1", FromPort=-1, ToPort=-1)


def another_description(stored: Stored) -> None:
    before_image(stored, 22)["Description"] = "'; $(id) \u202e\n\""


def another_account(stored: Stored) -> None:
    for row in stored["intent"]["before"]["SecurityGroupRules"]:
        row["GroupOwnerId"] = "123456789012"


def a_narrower_mend(stored: Stored) -> None:
    """What was narrowed is made to look as if it had been widened."""
    update = stored["intent"]["requests"][0]["params"]["SecurityGroupRules"][0]["SecurityGroupRule"]
    update["CidrIpv4"], before_image(stored, 22)["CidrIpv4"] = WORLD, "10.0.0.0/8"


def one_more_rule(stored: Stored) -> None:
    row = {**before_image(stored, 3389), "SecurityGroupRuleId": "sgr-05fe30eb67c909f27", "CidrIpv4": WORLD}
    stored["intent"]["before"]["SecurityGroupRules"].append(row)
    params = {"GroupId": row["GroupId"], "SecurityGroupRuleIds": [row["SecurityGroupRuleId"]]}
    stored["intent"]["requests"].append({"action": "ec2:RevokeSecurityGroupIngress", "params": params})


def a_command_of_another_kind(stored: Stored) -> None:
    stored["intent"]["undo"] = [line.replace("authorize", "revoke") for line in stored["intent"]["undo"]]


def no_security_group(stored: Stored) -> None:
    stored["intent"]["resource"]["type"] = "AWS::EC2::PrefixList"


ATTACKS: tuple[tuple[Callable[[Stored], None], str], ...] = (
    (another_group, f"is a rule of {OTHER_GROUP}, and the record is about sg-"),
    (another_group_everywhere, "its id, its state, and its result contradict each other"),
    (all_ports, "the commands that take it back and the rules in its before-image are not the same"),
    (all_ports_and_the_commands, "says tcp/3389 from 128.0.0.0/1 -> revoked, it was tcp/0 from 128.0.0.0/1"),
    (all_ports_of_a_narrowed_rule_everywhere, "is no longer as cloudmend left it"),
    (the_world, "are not the same"),
    (all_protocols, "are not the same"),
    (another_description, "its requests are not those that a mend makes from its before-image"),
    (another_account, "belongs to account 123456789012, and the record belongs to 111122223333"),
    (a_narrower_mend, "its requests are not those that a mend makes"),
    (one_more_rule, "are not the same"),
    (a_command_of_another_kind, "its undo would call revoke-security-group-ingress"),
    (no_security_group, "which is not a security group"),
)


@pytest.mark.parametrize(("attack", "said"), ATTACKS)
def test_an_attack_by_the_ledger_is_refused_before_a_write_and_the_sentence_says_what_does_not_fit(
    attack: Callable[[Stored], None], said: str
) -> None:
    account = Account()
    _, record_id = mended_group(account)
    stored = json.loads(encode(entry(account, record_id)))
    attack(stored)
    account.store.entries[record_id] = decode_entry(json.dumps(stored).encode())
    rows = account.rules()
    account.calls.clear()
    with pytest.raises(UndoRefused, match="Nothing was changed") as refused:
        undone(account, record_id)
    assert said in str(refused.value)
    assert (account.rules(), exemptions(account)) == (rows, ())
    assert set(account.calls) <= {"ec2:DescribeSecurityGroupRules"}


@given(st.text("abc XYZ0189._-:/()#,@[]+=&;{}!$*", max_size=60), st.booleans())
def test_a_description_comes_back_to_the_letter_whatever_is_in_it(text: str, is_revoked: bool) -> None:
    account = Account()
    source = "128.0.0.0/1" if is_revoked else WORLD
    group_id = account.group(ipv4(22, source, **({"Description": text} if text else {})))
    undone(account, account.mend(group_id).entry_id)
    (row,) = [row for row in account.rules(group_id) if not row["IsEgress"]]
    assert (row.get("Description", ""), row["CidrIpv4"]) == (text, source)


def test_a_mend_that_died_is_not_told_with_a_way_back_that_somebody_put_into_the_ledger() -> None:
    account = Account()
    group_id = left_behind(account, ipv4(3389, "128.0.0.0/1"), operation="RevokeSecurityGroupIngress")
    (kept,) = account.ledger.entries()
    stored = json.loads(encode(kept))
    all_ports(stored)
    account.store.entries[kept.id] = decode_entry(json.dumps(stored).encode())
    account.mend(group_id)
    (told,) = [record for record in account.records if record.status == "failed"]
    assert "what it did and what was there before do not fit each other" in told.summary
    assert (told.undo, told.edits) == ((), ())
