"""The engine, asked to notify people of an undo or an exemption: it tells what the ledger holds, or why it cannot."""

from __future__ import annotations

import msgspec
import pytest

from cloudmend.controls import by_id
from cloudmend.core.errors import LedgerError
from cloudmend.core.exempting import Where
from cloudmend.core.ledger_records import TimedExemption
from cloudmend.core.model import Ignored, Record
from cloudmend.core.notice.event import NoticeRequest
from cloudmend.engine.undo import tell
from support import Account
from undoing import GROUNDS, entry, mended_group, undone


def asked(account: Account, **request: str) -> Record | Ignored:
    account.records.clear()
    return tell(NoticeRequest(**request), control_of=by_id, world=account.world)


def exempted(account: Account, **where: str) -> TimedExemption:
    exemption = GROUNDS.exemption("exempt-1a2b3c4d", Where(group="sg-05fe30eb67c909f27", **where), account.clock.now())
    account.ledger.exempt(exemption)
    return exemption


def test_an_undo_is_told_as_the_ledger_holds_it() -> None:
    account = Account()
    _, record_id = mended_group(account)
    record = undone(account, record_id).record
    assert asked(account, record=record_id) == record
    assert account.records == [record]


def test_a_mend_that_nobody_took_back_is_no_undo() -> None:
    account = Account()
    _, record_id = mended_group(account)
    answer = asked(account, record=record_id)
    assert answer == Ignored(f"the ledger holds no undo or exemption {record_id} to report")
    assert account.records == []


@pytest.mark.parametrize("fields", [{"status": "mended"}, {"event_name": "Sweep"}])
def test_what_is_kept_as_an_undo_and_is_none_is_not_told(fields: dict[str, str]) -> None:
    account = Account()
    _, record_id = mended_group(account)
    undone(account, record_id)
    found = entry(account, record_id)
    assert found.undone
    record = msgspec.structs.replace(found.undone.record, **fields)
    spoiled = msgspec.structs.replace(found, undone=msgspec.structs.replace(found.undone, record=record))
    account.store.entries[record_id] = spoiled
    assert isinstance(asked(account, record=record_id), Ignored)
    assert account.records == []


def test_an_exemption_is_told() -> None:
    account = Account()
    exempted(account, control="security_group_ingress")
    record = asked(account, exemption="exempt-1a2b3c4d")
    assert isinstance(record, Record)
    assert (record.status, record.resource.id, account.records) == ("exempt", "sg-05fe30eb67c909f27", [record])


def test_an_exemption_of_a_control_that_this_version_lacks_is_named_and_not_told() -> None:
    account = Account()
    exempted(account, control="of_a_newer_version")
    answer = asked(account, exemption="exempt-1a2b3c4d")
    assert answer == Ignored("exemption exempt-1a2b3c4d is of of_a_newer_version, which this cloudmend does not have")


def test_an_exemption_that_the_ledger_does_not_hold_is_named() -> None:
    account = Account()
    exempted(account)
    assert asked(account, exemption="exempt-00000000") == Ignored(
        "the ledger holds no undo or exemption exempt-00000000 to report"
    )


def test_an_exemption_that_cannot_be_read_is_an_error_that_says_so_and_what_to_do() -> None:
    account = Account()
    exempted(account)
    account.store.exemptions["exempt-1a2b3c4d"] = b'{"version": 99, "id": "exempt-1a2b3c4d"}'
    with pytest.raises(LedgerError) as raised:
        asked(account, exemption="exempt-1a2b3c4d")
    assert str(raised.value) == (
        "Exemption exempt-1a2b3c4d cannot be read. exempt-1a2b3c4d was stored in version 99; this cloudmend reads up "
        "to 2. Update cloudmend. Until it can be read, it exempts nothing. If it is no longer needed, end it with "
        "cloudmend exempt remove exempt-1a2b3c4d, with the same --ledger."
    )
    assert account.records == []


def test_that_another_exemption_cannot_be_read_hides_none_and_makes_none() -> None:
    account = Account()
    exempted(account, control="security_group_ingress")
    account.store.exemptions["another"] = b"no JSON"
    assert isinstance(asked(account, exemption="exempt-1a2b3c4d"), Record)
    assert isinstance(asked(account, exemption="exempt-0"), Ignored)
