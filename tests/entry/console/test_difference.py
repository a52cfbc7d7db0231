"""A record's rules before and after, where no rules were kept."""

from __future__ import annotations

from msgspec.structs import replace

from cloudmend.entry.console.difference import difference
from support import Account
from undoing import entry, mended_group


def test_what_was_changed_is_told_also_where_the_before_image_has_no_rules() -> None:
    account = Account()
    mended = entry(account, mended_group(account)[1])
    without = replace(mended, intent=replace(mended.intent, before={}))
    told = {(line.before, line.after, line.description) for line in difference(without)}
    assert told == {
        ("tcp/22 from 0.0.0.0/0", "tcp/22 from 10.0.0.0/8", ""),
        ("tcp/3389 from 128.0.0.0/1", "", ""),
    }
