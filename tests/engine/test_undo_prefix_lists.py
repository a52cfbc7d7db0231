"""A revoked rule that refers to a prefix list comes back only while the list is what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudmend.core.errors import AwsError, CloudmendError, UndoRefused
from cloudmend.core.stored import decode_entry, encode
from cloudmend.local.ec2.checks import Ec2Error
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from support import Account, ingress
from undoing import entry, exemptions, undone


def revoked(account: Account, *cidrs: str) -> tuple[str, str, str]:
    """A group whose one rule referred to a list and was revoked: its id, the list's and the record's."""
    list_id = prefix_list(account, *cidrs)
    group_id = account.group(refers(22, list_id, Description="the offices"))
    return group_id, list_id, account.mend(group_id).entry_id


def test_a_rule_comes_back_with_its_list_where_that_is_as_it_was() -> None:
    account = Account()
    group_id, list_id, record_id = revoked(account, "0.0.0.0/1", "128.0.0.0/1")
    undone(account, record_id)
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, list_id)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"AddEntries": [{"Cidr": "8.8.8.8/32"}]},
            "of 1 range, is a prefix list in version 2 of 2 ranges; new are 8.8.8.8/32)",
        ),
        (
            {"AddEntries": [{"Cidr": f"8.8.8.{n}/32"} for n in range(5, 9)], "RemoveEntries": [{"Cidr": "0.0.0.0/1"}]},
            "of 4 ranges; new are 8.8.8.5/32, 8.8.8.6/32, 8.8.8.7/32 and 1 more)",
        ),
        ({"RemoveEntries": [{"Cidr": "0.0.0.0/1"}]}, "is a prefix list in version 2 of 0 ranges)"),
    ],
)
def test_a_list_that_was_changed_since_is_a_difference_that_refuses(change: dict[str, Any], said: str) -> None:
    account = Account()
    group_id, list_id, record_id = revoked(account, "0.0.0.0/1")
    account.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=1, **change)
    with pytest.raises(UndoRefused) as refused:
        undone(account, record_id)
    assert f"{list_id}: expected a prefix list in version 1" in str(refused.value)
    assert said in str(refused.value)
    assert (ingress(account.rules(group_id)), exemptions(account)) == (set(), ())


@pytest.mark.parametrize("tampering", ["ranges", "version"])
def test_who_hides_the_growth_in_the_ledger_is_found_out(tampering: str) -> None:
    account = Account()
    group_id, list_id, record_id = revoked(account, "0.0.0.0/1")
    account.ec2.modify_managed_prefix_list(
        PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "128.0.0.0/1", "Description": "an entry"}]
    )
    stored = encode(entry(account, record_id))
    shown = b'[{"Cidr":"0.0.0.0/1","Description":"an entry"}'
    more = shown + b',{"Cidr":"128.0.0.0/1","Description":"an entry"}'
    hidden = {"ranges": stored.replace(shown, more), "version": stored.replace(b'"Version":1', b'"Version":2')}
    assert hidden[tampering] != stored
    account.store.entries[record_id] = decode_entry(hidden[tampering])
    with pytest.raises(UndoRefused, match="is no longer as cloudmend left it"):
        undone(account, record_id)
    assert ingress(account.rules(group_id)) == set()


def test_a_list_that_is_gone_is_a_difference() -> None:
    account = Account()
    _, list_id, record_id = revoked(account, "0.0.0.0/1")
    account.ec2.delete_managed_prefix_list(PrefixListId=list_id)
    with pytest.raises(UndoRefused, match="of 1 range, is no such prefix list"):
        undone(account, record_id)


def test_a_list_that_cannot_be_read_stops_the_undo_before_it_writes() -> None:
    account = Account()
    _, _, record_id = revoked(account, "0.0.0.0/1")

    def refuse(_: Mapping[str, Any]) -> None:
        raise Ec2Error("UnauthorizedOperation", "not shared any more", 403)

    account.groups.before["GetManagedPrefixListEntries"] = refuse
    with pytest.raises(AwsError, match="UnauthorizedOperation"):
        undone(account, record_id)
    assert exemptions(account) == ()


def test_a_list_whose_ranges_were_not_known_at_the_mend_is_not_opened_again() -> None:
    account = Account()
    _, list_id, record_id = revoked(account, "0.0.0.0/1")
    stored = encode(entry(account, record_id))
    unread = b'"UnreadPrefixLists":{"' + list_id.encode() + b'":"no longer shared"},"PrefixListEntries"'
    account.store.entries[record_id] = decode_entry(stored.replace(b'"PrefixListEntries"', unread))
    with pytest.raises(CloudmendError, match="expected a prefix list in version 1 of unknown ranges"):
        undone(account, record_id)


def test_once_the_rule_is_back_its_list_is_not_asked_about() -> None:
    account = Account()
    _, list_id, record_id = revoked(account, "0.0.0.0/1")
    undone(account, record_id)
    account.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "128.0.0.0/1"}])
    assert undone(account, record_id).already
