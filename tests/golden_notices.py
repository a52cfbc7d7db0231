"""Each notice of a record and of a digest, whole, as tests/fixtures/notices keeps it.

Where a difference is wanted: PYTHONPATH=tests python -m golden_notices
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from cloudmend.controls.sqs_policy_public import CONTROL as QUEUES
from cloudmend.core.digest import Digest, digest_of
from cloudmend.core.model import END_EXEMPTION, EXEMPT, UNDO, Edit, Finding, Record, Request, Resource
from cloudmend.core.notice import CHANNELS
from cloudmend.core.notice.digest import requests
from cloudmend.core.notice.wording import NotificationTargets
from cloudmend.core.standing import Stand, StandingFinding, StandingResource, Unit
from records import BUDGET_SPENT, FAILED, GONE, MENDED, OBSERVED, OPEN, hostile
from records import EXEMPT as LEFT
from support import ACCOUNT, NOW, REGION

FOLDER: Final = Path(__file__).with_name("fixtures") / "notices"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:people"
EVERYBODY = NotificationTargets(
    topic=TOPIC, chat_topic=f"{TOPIC}-chat", security_hub=True, region=REGION, ledger="Ledger-1"
)
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
HOUR = timedelta(hours=1)

RESTRAINED = (Finding(part="sgr-2", why="a list cannot be read", restraint="it is only reported"),)
MANY = tuple(
    Edit(
        part=f"sgr-{number}",
        before="" if number else "open",
        after="" if number == 1 else "shut",
        did="",
        why="too wide",
    )
    for number in range(23)
)
CUT = hostile("a long text. " * 90, "open", times=1)
HINTED = replace(MENDED.attribution, hint="Terraform may open it again.")

RECORDS: Final[Mapping[str, Record]] = {
    "mended": MENDED,
    "mended-in-part": replace(MENDED, remaining=RESTRAINED, findings=(*MENDED.findings, *RESTRAINED)),
    "mended-without-an-entry": replace(MENDED, entry_id="", resource=replace(MENDED.resource, name="web")),
    "mended-without-an-undo": replace(MENDED, undo=()),
    "mended-with-remarks": replace(
        MENDED,
        attribution=HINTED,
        flaps=2,
        missed=True,
        exemptions_unreadable=tuple(f"{number} is spoiled." for number in range(22)),
        ledger_unreadable=("Another is.",),
        run_by=ALICE,
        event_id="",
        event_name="Sweep",
        seconds_since_call=None,
    ),
    "mended-once-more": replace(MENDED, flaps=1, severity="high"),
    "mended-a-lot": replace(MENDED, edits=MANY, errors=tuple(f"problem {number}" for number in range(23))),
    "mended-as-much-as-a-mail-lists": replace(MENDED, edits=MANY[:20], errors=tuple(map(str, range(20)))),
    "mended-as-much-as-chat-lists": replace(MENDED, edits=MANY[:5], errors=tuple(map(str, range(5)))),
    "observed": OBSERVED,
    "observed-without-a-command": replace(OBSERVED, by_hand=(), decision="", look=()),
    "only-reported": replace(
        OBSERVED, findings=RESTRAINED, edits=(), by_hand=(), decision="nobody knows whom it admits"
    ),
    "budget-spent": BUDGET_SPENT,
    "budget-spent-until": replace(BUDGET_SPENT, retry_at=NOW + HOUR),
    "open": OPEN,
    "open-without-commands": replace(OPEN, look=(), by_hand=(), event_id=""),
    "failed": FAILED,
    "failed-in-another-account": replace(FAILED, account="", arn="", asff="Other", findings=MENDED.findings),
    "pending": replace(MENDED, status="pending", retry_at=NOW + HOUR, undo=()),
    "deferred": replace(MENDED, status="deferred", look=(), undo=()),
    "late": replace(FAILED, retry_at=NOW + HOUR, findings=()),
    "gone": GONE,
    "exempt": LEFT,
    "undone": replace(LEFT, event_name=UNDO, exemption_id="e-1", run_by=LEFT.attribution.who),
    "exempted": replace(LEFT, event_name=EXEMPT, exemption_id="e-1", findings=()),
    "cut": CUT,
    "cut-without-a-hint": replace(CUT, attribution=replace(CUT.attribution, hint="")),
    "without-advice": replace(OPEN, words=replace(OPEN.words, prevent="")),
    "exempt-no-longer": replace(LEFT, event_name=END_EXEMPTION, exemption_id="e-1", findings=()),
}


LONG = "a long text " * 99


def stands(name: str, status: Stand, days: int = 0, count: int = 1, **fields: Any) -> StandingResource:
    why = fields.pop("why", "it is open")
    found = StandingFinding(part="p", why=why, mark=name, status=status, since=NOW - timedelta(days=days))
    resource = Resource(type="AWS::SQS::Queue", id=name, name=fields.pop("named", ""))
    own: dict[str, Any] = {"account": ACCOUNT, "region": REGION, "control": QUEUES.id, "resource": resource}
    return StandingResource(findings=(found,) * count, seen=NOW, **own, **fields)


def digest(*standing: StandingResource, is_first: bool = False, **fields: Any) -> Digest:
    unit = Unit(account=ACCOUNT, region=REGION, control=QUEUES.id, tried=NOW, **fields)
    return digest_of(unit, standing, title=QUEUES.title, severity="high", is_first=is_first, now=NOW)


STATUSES: Final[tuple[Stand, ...]] = ("open", "failed", "pending", "deferred", "observed", "baseline", "exempt")


def digests() -> Mapping[str, Digest]:
    return {
        "digest-of-one": digest(stands("one", "observed"), told=NOW - HOUR, held=1),
        "digest-of-each-status": digest(
            *(stands(each, each, days, 4, named="n", held=days) for days, each in enumerate(STATUSES)),
            stands("known", "observed", 9, told=NOW),
            told=NOW - HOUR,
            held=1200,
            unread=("ListQueues was refused.",),
        ),
        "digest-of-nothing-new": digest(
            stands("known", "exempt", told=NOW), stands("other", "exempt", told=NOW), told=NOW - HOUR
        ),
        "digest-of-many": digest(
            *(stands(f"new-{number:02}", "open") for number in range(21)),
            *(stands(f"old-{number:02}", "open", 1, told=NOW) for number in range(22)),
        ),
        "digest-cut": replace(
            digest(stands("one", "open", why=LONG, named=LONG), unread=(LONG,)), control=LONG, title=LONG, account=LONG
        ),
        "digest-of-a-first-sweep": digest(stands("old", "baseline"), is_first=True),
    }


def names() -> list[str]:
    return [*RECORDS, *digests()]


def notice(name: str) -> str:
    """Return what is sent of one of them, as its file has it. It is made now, and not at the import: mutants count."""
    if name in RECORDS:
        told = [each for channel in CHANNELS for each in channel(RECORDS[name], EVERYBODY, NOW)]
        return _written(each for each in told if each.action != "events:PutEvents")
    return _written(requests(digests()[name], EVERYBODY))


def _written(told: Iterator[Request]) -> str:
    rows = [{"action": each.action, **{key: _opened(value) for key, value in each.params.items()}} for each in told]
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _opened(value: Any) -> Any:
    """Return JSON in a text as itself, and a text of several lines as the lines."""
    if isinstance(value, list):
        return [{**each, "Detail": json.loads(each["Detail"])} if "Detail" in each else each for each in value]
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.startswith("{") else value.split("\n") if "\n" in value else value


def main() -> None:
    for name in names():
        (FOLDER / f"{name}.json").write_text(notice(name), encoding="utf-8")


if __name__ == "__main__":
    main()
