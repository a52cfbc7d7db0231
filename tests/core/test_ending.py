"""The record of an end, field by field, and the sentence of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.attribution import attribute
from cloudmend.core.contract import Control, Finding, State, View
from cloudmend.core.ending import commands, edit, record_of, why_of, without_tags
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.model import Actor, Edit, Hints, Step
from cloudmend.core.ports import Call
from cloudmend.core.target import Outcome
from lamps import CONTROL, Settings, target
from ledgers.values import intent
from support import ACCOUNT, NOW, REGION

TERRAFORM = Actor(kind="IAMUser", user_name="mallory", user_agent="Terraform/1.9")
ON = Finding(part="hall", why="hall is on")
HOT = Finding(part="stairs", why="stairs is hot", wait="it is hot")
BOLTED = Finding(part="porch", why="porch is bolted", restraint="somebody bolted it")
STEP = Step("hall", "on", "off")
DID = "hall: changed from on to off"
WITHOUT_TAGS = (
    "Its rules have more tags than the ledger has room for: a rule that was revoked would come back without them."
)
UNSURE = "It is not known whether its write took effect. The next try or sweep finds out, and reports it."


def ended(status: Any, control: Control[Any] = CONTROL, *, swept: bool = False, **more: Any) -> Outcome:
    return Outcome(target=replace(target(control), swept=swept), status=status, **more)


def entry(*, tags_left_out: bool) -> LedgerRecord:
    return LedgerRecord.of(intent(tags_left_out=tags_left_out), NOW, bytes(5))


CUT = entry(tags_left_out=True)


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (ended("gone"), "lamp lamp-1 does not exist in eu-west-1."),
        (ended("open", remaining=(ON, HOT)), "lamp lamp-1 is STILL OPEN: hall is on; stairs is hot."),
        (ended("clean", told="no lamp is on"), "lamp lamp-1: no lamp is on."),
        (ended("clean", told="no lamp is on", late="Later."), "lamp lamp-1: no lamp is on. Later."),
        (
            ended("clean", told="no lamp is on", exempt_aside=True),
            "lamp lamp-1: no lamp is on, not counting exempt ones.",
        ),
        (ended("mended"), "lamp lamp-1: somebody else closed it first."),
        (ended("mended", steps=(STEP, Step("porch", "on"))), f"lamp lamp-1: {DID}; porch: removed on."),
        (
            ended("mended", steps=(STEP,), remaining=(ON, HOT, BOLTED)),
            f"lamp lamp-1: {DID}. Besides, stairs is hot; porch is bolted.",
        ),
        (
            ended("mended", steps=(STEP,), again=True, entry=CUT),
            f"lamp lamp-1: {DID}. Another finding appeared meanwhile, and cloudmend looks at it next. {WITHOUT_TAGS}",
        ),
        (ended("mended", steps=(STEP,), entry=entry(tags_left_out=False)), f"lamp lamp-1: {DID}."),
        (ended("mended", steps=(STEP,), flaps=1), f"lamp lamp-1: {DID}."),
        (
            ended("observed", planned=(STEP,), findings=(ON, HOT), decision="the mode"),
            f"lamp lamp-1: would have {DID}; stairs is hot. Nothing was changed: the mode.",
        ),
        (ended("observed", told="It rests", decision="why"), "lamp lamp-1: It rests. Nothing was changed: why."),
        (
            ended("observed", told="It rests", decision="Spent. Later.", budget_spent=True),
            "lamp lamp-1: It rests. Spent. Later.",
        ),
        (
            ended("exempt", findings=(ON, HOT), decision="by ops"),
            "lamp lamp-1: left open, by ops. hall is on; stairs is hot.",
        ),
        (
            ended("pending", steps=(STEP, Step("porch", "on"))),
            f"lamp lamp-1: {DID}; porch: removed on. AWS accepted that and does not show it yet.",
        ),
        (
            ended("pending", told="No", retry_at=NOW),
            "lamp lamp-1: No. AWS accepted that and does not show it yet. It is looked at again at 07:00:00 UTC.",
        ),
        (ended("deferred", told="It is busy"), "lamp lamp-1: It is busy. It cannot be mended now."),
        (
            ended("deferred", steps=(STEP,), retry_at=NOW),
            f"lamp lamp-1: {DID}. It cannot be mended now. It is looked at again at 07:00:00 UTC.",
        ),
        (ended("failed", told="No answer."), "lamp lamp-1: No answer."),
        (ended("failed", told="No answer.", unsure=True), f"lamp lamp-1: No answer. {UNSURE}"),
        (ended("failed", steps=(STEP,)), f"lamp lamp-1: {DID}. It is tried again."),
    ],
)
def test_each_end_has_a_sentence_of_its_own(end: Outcome, sentence: str) -> None:
    assert record_of(end, NOW).summary == sentence


def test_what_flaps_names_who_opens_it_and_how_to_stop_that() -> None:
    control = replace(CONTROL, hints=Hints(again="switch it on again", change="switch it off"))
    end = ended("mended", control, steps=(STEP,), flaps=2)
    end = replace(end, target=replace(end.target, cause=replace(end.target.cause, actor=TERRAFORM)))
    record = record_of(end, NOW)
    assert record.summary == (
        f"lamp lamp-1: {DID}. It was opened 3 times within the hour. This time the IAM user mallory opened it, through "
        "Terraform or OpenTofu, by its user agent. The next apply may switch it on again: switch it off in the "
        "Terraform configuration."
    )
    assert (record.attribution, record.severity) == (attribute(TERRAFORM, control.hints), "high")
    unknown = record_of(ended("mended", steps=(STEP,), flaps=2), NOW).summary
    assert unknown.endswith("within the hour. This time somebody unknown opened it, through unknown.")


@pytest.mark.parametrize(
    ("status", "swept", "findings", "is_missed", "severity"),
    [
        ("mended", True, (HOT, ON), True, "normal"),
        ("open", True, (ON,), True, "high"),
        ("failed", True, (ON,), True, "high"),
        ("mended", True, (HOT, BOLTED), False, "normal"),
        ("mended", False, (ON,), False, "normal"),
        ("deferred", True, (ON,), False, "normal"),
    ],
)
def test_a_sweep_that_finds_what_is_due_says_that_no_event_had(
    status: Any, swept: bool, findings: tuple[Finding, ...], is_missed: bool, severity: str
) -> None:
    record = record_of(ended(status, swept=swept, findings=findings), NOW)
    assert (record.missed, record.severity) == (is_missed, severity)


def test_a_record_has_who_ran_it_and_how_long_after_the_call_to_the_millisecond() -> None:
    end = ended("clean")
    assert record_of(end, NOW + timedelta(seconds=1.23456)).seconds_since_call == 1.235
    assert (record_of(end, NOW).run_by, record_of(end, NOW, "arn:alice").run_by) == ("", "arn:alice")
    timeless = replace(end, target=replace(end.target, cause=replace(end.target.cause, time=None)))
    assert record_of(timeless, NOW).seconds_since_call is None


def test_a_record_has_what_else_is_known_of_its_end() -> None:
    end = ended("observed", flaps=1, budget_spent=True, unreadable=("an exemption",), ledger_unreadable=("a record",))
    record = record_of(end, NOW)
    assert (record.flaps, record.budget_spent) == (1, True)
    assert (record.exemptions_unreadable, record.ledger_unreadable) == (("an exemption",), ("a record",))


def test_the_commands_of_a_record_are_those_of_the_settings_that_it_was_judged_by() -> None:
    view = View(resource=target().resource, state=State({"hall": "on"}), cause=target().cause, now=NOW)
    end = ended("open", replace(CONTROL, stricter=None), remaining=(ON,), view=view, settings=Settings(unscrew=True))
    (command,) = record_of(end, NOW).by_hand
    assert '"To":null' in command


@pytest.mark.parametrize(("account", "region"), [("", ""), ("444455556666", "us-east-1")])
def test_where_it_was_is_what_the_resource_says_or_else_the_call(account: str, region: str) -> None:
    end = ended("mended", undo=(Call("home", "GetLamp", {}),))
    end = replace(
        end, target=replace(end.target, resource=replace(end.target.resource, account=account, region=region))
    )
    record = record_of(end, NOW)
    assert (record.account, record.region) == (account or ACCOUNT, region or REGION)
    assert record.undo == (f"aws home get-lamp --region {region or REGION} --cli-input-json '{{}}'",)


def test_a_failure_is_told_first_among_the_errors() -> None:
    assert record_of(ended("failed", told="No answer.", errors=("Refused.",)), NOW).errors == ("No answer.", "Refused.")
    assert record_of(ended("failed", told="No answer.", late="Late."), NOW).errors == ("Late.",)
    assert record_of(ended("open", told="No answer.", errors=("Refused.",)), NOW).errors == ("Refused.",)


def test_a_record_without_room_for_tags_has_none_in_its_steps_and_commands() -> None:
    rule = {"Port": 22, "Tags": [{"Key": "a"}]}
    call = Call("home", "PutRule", {"Rules": ({"Port": 22, "TagSpecifications": [1]},), "Tags": {}})
    end = ended("mended", steps=(Step("r", rule, [rule]),), undo=(call,))
    whole, cut = record_of(end, NOW), record_of(replace(end, entry=CUT), NOW)
    assert whole.steps == end.steps
    assert whole.undo == (call.command(REGION),)
    assert cut.steps == (Step("r", {"Port": 22}, [{"Port": 22}]),)
    assert cut.undo == (Call("home", "PutRule", {"Rules": [{"Port": 22}]}).command(REGION),)
    assert commands([call], "us-east-1", tags=True) == (call.command("us-east-1"),)
    assert without_tags({"a": "Tags", "Tags": 1, "b": ({"TagSpecifications": 2, "c": None},)}) == {
        "a": "Tags",
        "b": [{"c": None}],
    }


def test_a_part_is_changed_for_its_finding_and_in_this_way_for_the_note() -> None:
    because = replace(ON, because="it is the last")
    assert why_of([HOT, because], "hall") == "hall is on; it is the last"
    assert why_of([HOT, because], "hall", "the stricter way") == "hall is on; the stricter way"
    assert (why_of([HOT], "hall"), why_of([HOT], "hall", "so")) == ("", "so")
    assert why_of([HOT, replace(ON, beside=("cellar", "porch"))], "porch") == "hall is on"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (STEP, ("on", "off", DID)),
        (Step("hall", "on"), ("on", "", "hall: removed on")),
        (Step("hall", None, "off"), ("not there", "off", "hall: added off")),
    ],
)
def test_a_step_in_words_has_what_was_before_and_after(step: Step, expected: tuple[str, str, str]) -> None:
    before, after, did = expected
    assert edit(CONTROL, step, "why") == Edit(part="hall", before=before, after=after, did=did, why="why")
    own = replace(CONTROL, did=lambda each: f"turned {each.part}", say=str.upper)
    assert edit(own, step).did == "turned hall"
    assert edit(own, step).after == after.upper()
    assert edit(own, step).why == ""
