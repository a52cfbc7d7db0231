"""A record's rules before and after, where no rules were kept."""

from __future__ import annotations

from msgspec.structs import replace

from cloudmend.cli.console.difference import difference
from support import Account
from undoing import entry, mended_group


def test_what_was_changed_is_told_also_where_the_before_image_has_no_rules() -> None:
    account = Account()
    mended = entry(account, mended_group(account)[1])
    without = replace(mended, intent=replace(mended.intent, before={}))
    told = {(line.before, line.after, line.notes) for line in difference(without)}
    assert told == {
        ("tcp/22 from 0.0.0.0/0", "tcp/22 from 10.0.0.0/8", ()),
        ("tcp/3389 from 128.0.0.0/1", "", ()),
    }


def test_a_record_of_a_control_that_nobody_has_any_more_is_shown_as_it_is() -> None:
    account = Account()
    mended = entry(account, mended_group(account)[1])
    strange = replace(mended, intent=replace(mended.intent, control="of_old", before={"parts": {"a": {"b": 1}}}))
    *_, alone = difference(strange)
    assert (alone.part, alone.before, alone.is_changed) == ("a", "{'b': 1}", False)


def test_a_part_that_was_stored_in_another_shape_is_shown_as_it_is() -> None:
    account = Account()
    mended = entry(account, mended_group(account)[1])
    odd = replace(mended, intent=replace(mended.intent, before={"SecurityGroupRules": [{"SecurityGroupRuleId": "s"}]}))
    *_, alone = difference(odd)
    assert (alone.part, "SecurityGroupRuleId" in alone.before, alone.notes) == ("s", True, ())
