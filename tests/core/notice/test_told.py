"""What people are told of a record, by mail and in chat: enough to act on, and nothing that acts on them."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.attribution import attribute
from cloudmend.core.guidance import guided
from cloudmend.core.model import NOBODY, Actor, Record, Request, Resource
from cloudmend.core.notice import CHANNELS, chat
from cloudmend.core.notice.chat import notification
from cloudmend.core.notice.mail import publish_mail, subject
from cloudmend.core.notice.mail import text as mail_text
from cloudmend.core.notice.wording import NotificationTargets
from hostile import ACTIVE_IN_CHAT, ACTIVE_IN_TEXT
from records import (
    BUDGET_SPENT,
    ENTRY,
    FAILED,
    GROUP,
    MENDED,
    OBSERVED,
    OPEN,
    RECORDS,
    RULE,
    WHY,
    hostile,
    hostile_records,
)
from support import NOW, REGION, Account, event, ipv4

TOPIC = f"arn:aws:sns:{REGION}:111122223333:cloudmend"
EVERYBODY = NotificationTargets(
    topic=TOPIC, chat_topic=f"{TOPIC}-chat", security_hub=True, region="eu-west-1", ledger="cloudmend-LedgerTable-1A"
)


def text(record: Record) -> str:
    return mail_text(record, EVERYBODY)


def requests(record: Record, audience: NotificationTargets = EVERYBODY) -> list[Request]:
    return [request for channel in CHANNELS for request in channel(record, audience, NOW)]


def calls(record: Record, audience: NotificationTargets = EVERYBODY) -> list[tuple[str, str]]:
    """The actions, with the topic of a Publish."""
    return [(r.action, r.params.get("TopicArn", "").rpartition(":")[2]) for r in requests(record, audience)]


PEOPLE = [("sns:Publish", "cloudmend"), ("sns:Publish", "cloudmend-chat")]
EVENT = [("events:PutEvents", "")]
FINDINGS = [("securityhub:BatchImportFindings", "")]
NO_NEWS = ("clean", "gone", "exempt")


def test_who_is_told_of_which_record() -> None:
    assert {status: calls(record) for status, record in RECORDS.items()} == {
        "mended": PEOPLE + EVENT + FINDINGS,
        "observed": PEOPLE + EVENT + FINDINGS,
        "exempt": EVENT + FINDINGS,  # somebody left it open on purpose: no news to people
        "open": PEOPLE + EVENT + FINDINGS,
        "failed": PEOPLE + EVENT,  # it failed before anything was found
        "gone": EVENT,
        "clean": [],
    }


def test_without_an_audience_there_are_events_only() -> None:
    assert calls(MENDED, NotificationTargets()) == EVENT


def test_the_mail_of_a_mend_says_who_what_why_how_long_and_how_back() -> None:
    (undo,) = MENDED.undo
    assert subject(MENDED) == f"cloudmend mended {GROUP} (111122223333, eu-west-1)"
    assert (
        text(MENDED)
        == f"""\
{GROUP}: narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8.

Who:     the IAM user mallory of account 111122223333
Call:    AuthorizeSecurityGroupIngress
Through: the AWS CLI, by its user agent
From:    203.0.113.7
Decided: mode(.)default is fix
Closed about 2.0 s after the call (CloudTrail records whole seconds).

What was done
- before: tcp/22 from 0.0.0.0/0
  after:  tcp/22 from 10.0.0.0/8
  why:    {WHY}

To undo this exactly, and exempt it for two hours, run (replace the dots by your reason):
     cloudmend undo {ENTRY} --region eu-west-1 --ledger cloudmend-LedgerTable-1A --for 2h --reason "..."
To undo it without cloudmend, run these as they are, in order. The next event closes it again,
unless it is exempt or cloudmend only observes:
     {undo}

Account:  111122223333
Region:   eu-west-1
Resource: AWS::EC2::SecurityGroup {GROUP}
Control:  security_group_ingress
Event:    3f2a9d5e-0000-4000-8000-000000000001
Record:   {ENTRY}
The record, with everything that is cut here, is in cloudmend's log under these ids.
"""
    )


def test_the_mail_of_an_open_door_says_what_to_do_at_three_in_the_morning() -> None:
    assert subject(OPEN) == f"HIGH: STILL OPEN, act now: {GROUP} (111122223333, eu-west-1)"
    said = text(OPEN)
    assert f"Problems\n- {WHY}\n- ec2:ModifySecurityGroupRules in eu-west-1: AWS answered" in said
    look, close = (shlex.split(line) for line in said.splitlines() if line.startswith("     aws "))
    assert look[:3] == ["aws", "ec2", "describe-security-group-rules"]
    assert json.loads(look[-1]) == {"Filters": [{"Name": "group-id", "Values": [GROUP]}]}
    assert close[:3] == ["aws", "ec2", "revoke-security-group-ingress"]
    assert json.loads(close[-1]) == {"GroupId": GROUP, "SecurityGroupRuleIds": [RULE]}


def test_a_failure_before_anything_was_found_says_that_it_may_be_open_and_how_to_look() -> None:
    said = text(FAILED)
    assert "It may be open now: cloudmend could not check" in said
    assert "describe-security-group-rules" in said
    assert "(no command is known for it)" in said


def test_what_cloudmend_only_observes_is_told_with_the_command_that_closes_it() -> None:
    said = text(OBSERVED)
    assert "What would have been done" in said
    assert "cloudmend only observes: mode(.)default is observe. Set that to fix to have it closed." in said
    assert "revoke-security-group-ingress" in said
    assert "To undo it" not in said


def test_a_record_without_event_actor_or_time_is_told_without_them() -> None:
    found = replace(MENDED, event_name="Sweep", event_id="", seconds_since_call=None, attribution=NOBODY, decision="")
    lines = (
        "Who:     somebody unknown",
        "Call:    none: cloudmend found it by looking",
        "Through: unknown",
        "From:    unknown",
    )
    assert "\n".join((*lines, "", "What was done")) in text(found)
    assert "Event:    none\n" in text(found)


def test_where_the_id_is_not_known_the_name_stands_for_it_and_no_command_is_made_up() -> None:
    named = guided(replace(FAILED, resource=Resource(type="AWS::EC2::SecurityGroup", name="web")), CONTROL)
    assert subject(named) == "HIGH: cloudmend failed, look now: web (111122223333, eu-west-1)"
    assert "Look at web:\n     (no command is known for it)" in text(named)
    assert notification(named)["metadata"]["relatedResources"] == ["web"]


def test_high_severity_stands_first_in_the_subject_and_the_title() -> None:
    flapping = replace(MENDED, severity="high", flaps=2)
    assert subject(flapping) == f"HIGH: cloudmend mended {GROUP} (111122223333, eu-west-1)"
    assert notification(flapping)["content"]["title"] == f"HIGH: cloudmend mended {GROUP}"


def test_a_mend_that_leaves_what_no_mode_would_change_says_so_first() -> None:
    remaining = (replace(MENDED.findings[0], restraint="account 123456789012 owns it"),)
    record = replace(MENDED, remaining=remaining)
    headline = f"cloudmend mended in part, and reports the rest of {GROUP}"
    assert subject(record) == f"{headline} (111122223333, eu-west-1)"
    assert notification(record)["content"]["title"] == headline
    assert f"Problems\n- {WHY}\n" in text(record)


def test_a_problem_that_several_parts_have_is_told_once() -> None:
    record = replace(OPEN, remaining=OPEN.remaining * 3, errors=OPEN.errors * 3)
    assert text(record).count(f"- {OPEN.errors[0][:40]}") == 1
    assert notification(record)["content"]["description"].count(f"*Problem:* {WHY}") == 1


def test_a_spent_budget_is_told_as_not_mended_and_how_to_raise_it() -> None:
    assert subject(BUDGET_SPENT) == f"NOT MENDED, the budget is spent: {GROUP} (111122223333, eu-west-1)"
    raised = (
        "this is open: it waits for the next sweep. If so many mends are normal, deploy the stack with a larger "
        "Budget (CLOUDMEND_BUDGET)."
    )
    assert raised in text(BUDGET_SPENT)
    assert raised in notification(BUDGET_SPENT)["content"]["nextSteps"][0]
    assert "revoke-security-group-ingress" in text(BUDGET_SPENT)


REMARKS: list[tuple[dict[str, Any], str]] = [
    (
        {"attribution": attribute(Actor(user_agent="HashiCorp Terraform/1.9.0"), CONTROL.hints)},
        "The next apply may open it again: narrow the rule in the Terraform configuration.",
    ),
    (
        {"flaps": 1},
        "The same finding was mended once within the hour before: somebody, or something, opens it again.",
    ),
    (
        {"flaps": 3},
        "The same finding was mended 3 times within the hour before: somebody, or something, opens it again.",
    ),
    (
        {"missed": True},
        "A sweep found this, and no event reported it. Check that the trail logs and the rule is enabled.",
    ),
    (
        {"exemptions_unreadable": ("It is no JSON.",)},
        "An exemption cannot be read, so it exempts nothing, and cloudmend mends what it was for: It is no JSON.",
    ),
    (
        {"ledger_unreadable": ("It is no JSON.",)},
        "An item of the ledger cannot be read, so it does not count as a recent mend: It is no JSON.",
    ),
]


@pytest.mark.parametrize(("what", "said"), REMARKS)
def test_mail_and_chat_say_what_else_is_to_be_known(what: dict[str, Any], said: str) -> None:
    record = replace(MENDED, **what)
    assert f"What else to know\n- {said}\n\n" in text(record)
    assert f"*Note:* {said}" in notification(record)["content"]["description"].splitlines()


def test_what_was_closed_despite_many_unreadable_exemptions_is_told_and_the_rest_counted() -> None:
    record = replace(MENDED, exemptions_unreadable=("It is no JSON.",) * 25)
    assert "  (5 more are in the record)" in text(record)
    assert "20 more are in the record." in notification(record)["content"]["description"].splitlines()


def test_an_undo_without_an_entry_in_the_ledger_has_aws_s_commands_only() -> None:
    assert "cloudmend undo" not in text(replace(MENDED, entry_id=""))


def test_outside_a_stack_the_undo_command_names_no_table() -> None:
    assert f'cloudmend undo {ENTRY} --for 2h --reason "..."\n' in mail_text(MENDED, NotificationTargets())
    assert "cloudmend undo" not in json.dumps(notification(replace(MENDED, entry_id="")))


def test_the_chat_names_the_ledger_s_entry() -> None:
    told = notification(MENDED)
    assert f"cloudmend undo restores it: `{ENTRY}`." in told["content"]["nextSteps"][0]
    assert told["metadata"]["additionalContext"]["entry"] == ENTRY


def test_the_undo_commands_in_the_mail_give_the_group_back() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "0.0.0.0/0", Description="ask @ops, www.evil.com/$(rm) http://evil.com!"))
    before = account.rules(group_id)
    record = account.respond(event(group_id))
    (line,) = (line for line in text(record).splitlines() if line.startswith("     aws "))
    assert "evil.com" not in line
    account.ec2.modify_security_group_rules(**json.loads(shlex.split(line)[-1]))
    assert account.rules(group_id) == before


def test_commands_that_have_no_room_are_left_out_whole_and_counted() -> None:
    long = Request("ec2:AuthorizeSecurityGroupIngress", {"Description": "x" * 60_000}).command(REGION)
    said = text(replace(MENDED, undo=(long,) * 5))
    assert [line for line in said.splitlines() if "aws ec2" in line] == [f"     {long}"] * 2
    assert "(3 more have no room here: they are in the record)" in said


def test_a_subscriber_can_choose_by_status_severity_control_account_and_region() -> None:
    attributes = publish_mail(MENDED, EVERYBODY).params["MessageAttributes"]
    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "status": "mended",
        "severity": "normal",
        "control": "security_group_ingress",
        "account": "111122223333",
        "region": "eu-west-1",
    }
    assert "account" not in publish_mail(replace(MENDED, account=""), EVERYBODY).params["MessageAttributes"]


def test_the_chat_s_notification_is_amazon_q_s_custom_schema() -> None:
    told = notification(OPEN)
    assert (told["version"], told["source"]) == ("1.0", "custom")
    assert told["content"]["textType"] == "client-markdown"
    assert told["content"]["title"] == f"HIGH: STILL OPEN, act now: {GROUP}"
    assert told["content"]["keywords"] == [
        "open",
        "high",
        "security_group_ingress",
        "111122223333",
        "eu-west-1",
    ]
    assert f"*Problem:* {WHY}" in told["content"]["description"].splitlines()
    assert told["metadata"]["threadId"] == notification(MENDED)["metadata"]["threadId"]
    assert told["metadata"]["relatedResources"] == [f"arn:aws:ec2:eu-west-1:111122223333:security-group/{GROUP}"]


def test_the_chat_holds_no_command() -> None:
    for record in (MENDED, OBSERVED, OPEN, FAILED):
        assert "aws ec2" not in json.dumps(notification(record))


def test_what_does_not_fit_into_the_chat_is_counted() -> None:
    many = replace(MENDED, edits=MENDED.edits * 9)
    assert "4 more are in the record." in notification(many)["content"]["description"].splitlines()


@given(hostile_records)
def test_the_mail_of_a_hostile_record_is_inert_and_within_sns_s_limits(record: Record) -> None:
    if record.status in NO_NEWS:
        return
    params = publish_mail(record, EVERYBODY).params
    assert params["Subject"].isascii()
    assert params["Subject"].isprintable()
    assert 0 < len(params["Subject"]) < 100
    assert len(params["Message"].encode()) < 250_000
    for line in (params["Subject"], *params["Message"].split("\n")):
        assert line.isprintable()
        assert not ACTIVE_IN_TEXT.search(line)
    assert all(value["StringValue"].isprintable() for value in params["MessageAttributes"].values())


@given(hostile_records)
def test_no_line_of_a_mail_is_a_caller_s(record: Record) -> None:
    if record.status in NO_NEWS:
        return
    calm = hostile("calm" if record.summary else "", record.status, len(record.edits))
    assert len(text(record).split("\n")) == len(text(calm).split("\n"))


@given(hostile_records)
def test_the_chat_of_a_hostile_record_is_inert_and_within_slack_s_limits(record: Record) -> None:
    if record.status in NO_NEWS:
        return
    told = notification(record)
    assert len(told["content"]["description"]) <= 3000
    for said in (s for value in strings(told) for s in value.split("\n")):
        assert said.isprintable()
        assert not ACTIVE_IN_CHAT.search(without_our_own_markup(said))


def strings(value: Any) -> list[str]:
    """Every text in a value, keys left out."""
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value
    return [text for member in members for text in strings(member)]


def without_our_own_markup(said: str) -> str:
    """A line without the labels and code spans that are ours. A caller's text has neither star nor backtick."""
    for label in ("Who", "Call", "Through", "Note", "Before", "after", "Problem"):
        said = said.replace(f"*{label}:*", "")
    assert said.count("`") % 2 == 0
    return said.replace("`", "").replace("AWS::EC2", "")


def long_record(characters: int) -> Record:
    """One whose chat would have so many, 2,900 to 3,090, if there were room for all of it."""
    edits = tuple(replace(edit, before="b" * 195, after="a" * 195) for edit in MENDED.edits[:1] * 5)
    long = replace(MENDED, edits=edits, errors=tuple("abcde"), remaining=())
    lacking = characters - len("\n".join(chat._description(long)))
    errors = tuple(letter * (1 + min(190, max(0, lacking - 190 * number))) for number, letter in enumerate("abcde"))
    return replace(long, errors=errors)


@pytest.mark.parametrize("characters", [2999, 3000])
def test_a_chat_that_fits_is_whole(characters: int) -> None:
    record = long_record(characters)
    told = notification(record)["content"]["description"]
    assert len(told) == characters
    assert told == "\n".join(chat._description(record))


@pytest.mark.parametrize("characters", [3001, 3020, 3030, 3050])
def test_a_chat_that_is_too_long_ends_with_a_whole_line_and_says_that_there_is_more(characters: int) -> None:
    record = long_record(characters)
    told = notification(record)["content"]["description"]
    *lines, last = told.split("\n")
    whole = list(chat._description(record))
    assert last == "The rest is in the record."
    assert lines == whole[: len(lines)]
    assert len(told) <= 3000 < len(told) + 1 + len(whole[len(lines)])


@pytest.mark.parametrize("status", ["mended", "open"])
def test_a_hostile_actor_is_shown_in_a_code_span_of_one_line(status: Any) -> None:
    told = notification(hostile("<!channel> `x` http://evil.com\n*b*", status))["content"]["description"]
    shown = "\u2039!channel\u203a \u02cbx\u02cb http(:)//evil(.)com \u2217b\u2217"
    assert f"\n*Who:* `{shown}`\n" in told


def test_commands_are_told_while_there_is_room_for_whole_ones() -> None:
    most = "x" * 128 * 1024
    assert f"     {most}\n" in text(replace(MENDED, undo=(most,)))
    assert "no room" not in text(replace(MENDED, undo=(most,)))
    said = text(replace(MENDED, undo=(most, "y", "z")))
    assert f"     {most}\n     (2 more have no room here: they are in the record)\n" in said
