"""More tags than the ledger has room for: who may tag rules must not be able to keep them open."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.core.errors import LedgerError, TooLarge
from cloudmend.core.model import Intent
from support import Account, ingress
from undoing import entry, mended_group, rule_of, undone


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """One whose ledger has no room for tags."""
    account = Account()
    intend = account.ledger.intend

    def cramped(intent: Intent) -> Any:
        if "net" in str(intent):  # the value of the tag
            raise TooLarge("The tags do not fit.")
        return intend(intent)

    monkeypatch.setattr(account.ledger, "intend", cramped)
    return account


def test_it_is_mended_and_all_but_the_tags_is_kept(account: Account) -> None:
    group_id, record_id = mended_group(account)
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "10.0.0.0/8")}
    intent = entry(account, record_id).intent
    assert {row["Description"] for row in intent.before["SecurityGroupRules"] if not row["IsEgress"]} == {
        "open to all",
        "half",
    }
    assert intent.tags_left_out
    assert "Tag" not in str((intent.before, intent.undo))
    (record,) = account.records
    assert "more tags than the ledger has room for" in record.summary
    assert "Tag" not in str(record.undo)


def test_it_is_taken_back_with_the_tags_that_aws_still_has(account: Account) -> None:
    group_id, record_id = mended_group(account)
    narrowed = rule_of(account, group_id, 22)["SecurityGroupRuleId"]
    account.ec2.create_tags(Resources=[narrowed], Tags=[{"Key": "team", "Value": "web"}])
    undone(account, record_id)
    assert rule_of(account, group_id, 22)["CidrIpv4"] == "0.0.0.0/0"
    assert rule_of(account, group_id, 22)["Tags"] == [{"Key": "team", "Value": "web"}]
    assert rule_of(account, group_id, 3389)["CidrIpv4"] == "128.0.0.0/1"
    assert rule_of(account, group_id, 3389)["Tags"] == []


def test_what_does_not_fit_without_tags_either_fails_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()

    def full(_: Intent) -> Any:
        raise TooLarge("It does not fit.")

    monkeypatch.setattr(account.ledger, "intend", full)
    group_id, _ = mended_group(account)
    (record,) = account.records
    assert (record.status, record.errors) == ("failed", ("It does not fit.",))
    assert len(ingress(account.rules(group_id))) == 2
    assert issubclass(TooLarge, LedgerError)
