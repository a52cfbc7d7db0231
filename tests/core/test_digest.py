"""A digest: when it is due, what it counts, and how people and programs get it."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from cloudmend.core.digest import Digest, digest_of, is_due, status_of
from cloudmend.core.model import Resource
from cloudmend.core.notice.digest import detail, headline, notification, requests, text
from cloudmend.core.notice.wording import NotificationTargets
from cloudmend.core.standing import Stand, StandingFinding, StandingResource, Unit, UnreadResource
from hostile import PIECES
from support import ACCOUNT, NOW, REGION

CONTROL = "sqs_policy_public"
WEEK = timedelta(days=7)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:people"
PEOPLE = NotificationTargets(topic=TOPIC, chat_topic=f"{TOPIC}-chat", region=REGION, ledger="Ledger-1")


def stands(name: str, status: Stand = "observed", days: int = 0, **fields: Any) -> StandingResource:
    since = NOW - timedelta(days=days)
    finding = StandingFinding(part="Policy", why="it lets everybody in", mark=name, status=status, since=since)
    resource = Resource(type="AWS::SQS::Queue", id=name, name=fields.pop("named", ""))
    more: dict[str, Any] = {"findings": (finding,), "seen": NOW, **fields}
    return StandingResource(account=ACCOUNT, region=REGION, control=CONTROL, resource=resource, **more)


def unit(**fields: Any) -> Unit:
    return Unit(account=ACCOUNT, region=REGION, control=CONTROL, tried=NOW - WEEK, **fields)


def digest(*standing: StandingResource, is_first: bool = False, **fields: Any) -> Digest:
    title = "A queue's policy lets strangers in"
    return digest_of(unit(**fields), standing, title=title, severity="high", is_first=is_first, now=NOW)


@pytest.mark.parametrize(
    ("standing", "told", "wanted"),
    [
        ([], None, False),
        ([stands("a")], None, True),
        ([stands("a", told=NOW)], NOW - timedelta(days=6), False),
        ([stands("a", told=NOW)], NOW - WEEK, True),
        ([stands("a"), stands("b", told=NOW)], NOW, True),
        ([stands("a", "exempt")], None, False),
        ([stands("a", "exempt", told=NOW)], NOW - WEEK, False),
    ],
)
def test_it_is_due_for_what_is_new_and_weekly_for_what_stands(
    standing: list[StandingResource], told: Any, wanted: bool
) -> None:
    assert is_due(unit(told=told), standing, NOW) is wanted


@pytest.mark.parametrize(("days", "wanted"), [(0, False), (6, False), (7, True)])
def test_it_is_due_a_week_after_people_heard_of_what_cannot_be_read(days: int, wanted: bool) -> None:
    unread = UnreadResource("q", NOW - timedelta(days=days))
    assert is_due(unit(unreadable=(UnreadResource("p", NOW), unread)), [], NOW) is wanted


NOT_READ = (UnreadResource("p", NOW, held=7), UnreadResource("q", NOW, held=1))


def test_of_what_was_not_read_alone_the_headline_and_the_first_line_say_so() -> None:
    made = digest(told=NOW - WEEK, held=7, unread=("The queue p was refused.",), unreadable=NOT_READ)
    assert headline(made) == "2 resources not read, so not known: sqs_policy_public"
    lines = text(made, PEOPLE).split("\n")
    assert lines[0] == (
        "2 resources of account 111122223333, Region eu-west-1 (control sqs_policy_public) cannot be read, and may be "
        "at fault."
    )
    first = lines.index("Not read, so not known")
    assert lines[first + 1 : first + 4] == [
        "- The queue p was refused.",
        "and 1 more",
        "8 more looks at them were not reported one by one.",
    ]
    told = detail(made)
    assert (told.unread_resources, told.unread_held, told.counts) == (2, 8, {})


def test_one_look_that_was_held_back_is_one() -> None:
    assert "1 more look at them was not reported" in text(digest(stands("a"), unreadable=NOT_READ[1:]), PEOPLE)
    assert "not reported" not in text(
        digest(stands("a"), unread=("p",), unreadable=(UnreadResource("p", NOW),)), PEOPLE
    )


URGENCY: tuple[Stand, ...] = ("open", "failed", "pending", "deferred", "observed", "baseline", "exempt")


@pytest.mark.parametrize(("more", "less"), list(pairwise(URGENCY)))
def test_of_several_findings_at_a_resource_the_most_urgent_counts(more: Stand, less: Stand) -> None:
    both = stands("a", more).findings + stands("a", less).findings
    counts = [dict(digest(stands("a", findings=findings)).counts) for findings in (both, both[::-1])]
    assert counts == [{more: 1}, {more: 1}]
    assert status_of(stands("a", findings=both)) == more


def test_a_digest_has_what_its_unit_and_its_resources_say_oldest_first() -> None:
    new, old = stands("new"), stands("old", days=9, told=NOW)
    made = digest(
        new, old, is_first=True, told=NOW - WEEK, held=3, unread=("ListQueues was refused.",), unreadable=NOT_READ
    )
    assert made == Digest(
        control=CONTROL,
        title="A queue's policy lets strangers in",
        severity="high",
        account=ACCOUNT,
        region=REGION,
        at=NOW,
        standing=(old, new),
        new=(new.id,),
        unread=("ListQueues was refused.",),
        unread_resources=2,
        unread_held=8,
        is_first=True,
        told_before=NOW - WEEK,
        held=3,
    )


def test_a_mail_says_counts_what_is_new_what_is_older_and_what_was_held_back() -> None:
    found = (stands("new", named="orders"), stands("old", "baseline", 9, told=NOW, held=4))
    of_both = digest(*found, told=NOW - WEEK, held=27, unread=("ListQueues was refused.",), unreadable=NOT_READ[1:])
    options = "--control sqs_policy_public --region eu-west-1 --ledger Ledger-1"
    assert text(of_both, PEOPLE).split("\n") == [
        "2 resources at fault in account 111122223333, Region eu-west-1 (control sqs_policy_public), and not mended.",
        "Control: A queue's policy lets strangers in. Severity: high.",
        "- 1 in the baseline: there before cloudmend",
        "- 1 observed",
        "The last digest was sent at 2026-11-17 07:00 UTC. 27 sweeps since then had nothing new to report.",
        "",
        "New (1)",
        "- new (orders), observed since 2026-11-24 07:00 UTC: it lets everybody in",
        "",
        "At fault for longer (1)",
        (
            "- old, baseline since 2026-11-15 07:00 UTC: it lets everybody in; 4 events about it were not reported one "
            "by one"
        ),
        "",
        "Not read, so not known",
        "- ListQueues was refused.",
        "1 more look at them was not reported one by one.",
        "",
        "What to do",
        f"To list all of it, with ages, run: cloudmend records --standing {options}",
        f"To mend the baseline, which asks first, run: cloudmend fix {options}",
        'To have sweeps mend it, set existing = "fix" in the policy. What is opened from now on is no baseline.',
        'To have cloudmend mend what it observes, set control.sqs_policy_public.mode = "fix" in the policy.',
        "",
    ]


def test_the_first_one_says_that_nothing_was_changed() -> None:
    first = digest(*(stands(f"q{number:02}", "baseline") for number in range(25)), is_first=True)
    assert headline(first) == "25 resources at fault before cloudmend, nothing was changed: sqs_policy_public"
    told = text(first, PEOPLE)
    assert told.startswith(
        "The first sweep of account 111122223333, Region eu-west-1 (control sqs_policy_public) found "
    )
    assert "Nothing was changed." in told
    assert "New (25)" in told
    assert "and 5 more" in told
    assert told.count("\n- q") == 20


def test_each_recipient_gets_one_request_and_sns_can_take_it() -> None:
    sent = list(requests(digest(stands("a")), PEOPLE))
    assert [request.action for request in sent] == ["sns:Publish", "sns:Publish", "events:PutEvents"]
    assert len(sent[0].params["Subject"]) < 100
    assert sent[0].params["Subject"].endswith("(111122223333, eu-west-1)")
    assert [request.action for request in requests(digest(stands("a")), NotificationTargets())] == ["events:PutEvents"]


def test_the_event_of_thousands_fits_and_says_how_many_it_leaves_out() -> None:
    many = digest(*(stands(f"q{number}", named="\N{GRINNING FACE}" * 400) for number in range(5000)))
    (request,) = requests(many, NotificationTargets())
    (entry,) = request.params["Entries"]
    assert entry["DetailType"] == "cloudmend digest"
    assert len(entry["Detail"].encode()) < 240 * 1024
    told = json.loads(entry["Detail"])
    assert (len(told["resources"]), told["left_out"], told["new"]) == (100, 4900, 5000)


@pytest.mark.parametrize("name", PIECES)
def test_a_name_that_somebody_chose_says_only_what_it_says(name: str) -> None:
    of_it = digest(stands("a", named=f"x{name}x"))
    told = text(of_it, PEOPLE)
    assert "<" not in told
    assert "://" not in told
    assert len(told.splitlines()) == len(text(digest(stands("a", named="x")), PEOPLE).splitlines())
    shown = notification(of_it)["content"]["description"]
    assert not set("<@[`*") & set(shown)
    assert "\n" not in detail(of_it).resources[0].name


def test_the_command_that_mends_the_baseline_names_the_region_where_it_is() -> None:
    """The stack may sweep other Regions than its own, and its table is in none of those."""
    elsewhere = NotificationTargets(region="us-east-1", ledger="Ledger-1")
    mail = text(digest(stands("old", "baseline"), is_first=True), elsewhere)
    assert f"run: cloudmend fix --control {CONTROL} --region {REGION}\n" in mail
    assert f"run: cloudmend records --standing --control {CONTROL} --region us-east-1 --ledger Ledger-1\n" in mail


def test_where_the_stacks_region_is_not_known_its_commands_name_its_ledger_alone() -> None:
    mail = text(digest(stands("old", "baseline"), is_first=True), NotificationTargets(ledger="Ledger-1"))
    assert f"run: cloudmend fix --control {CONTROL} --ledger Ledger-1\n" in mail
    assert f"run: cloudmend records --standing --control {CONTROL} --ledger Ledger-1\n" in mail
