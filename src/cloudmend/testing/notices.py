"""The notices of any control have its own words, and commands that the AWS CLI has and that work."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.session import Session
from msgspec.structs import replace

from cloudmend.core.contract import Finding, View
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Record
from cloudmend.core.notice import CHANNELS
from cloudmend.core.notice.mail import subject, text
from cloudmend.core.notice.wording import NotificationTargets
from cloudmend.core.ports import Call, Sent
from cloudmend.testing.bench import Bench, Crash
from cloudmend.testing.clients import ACCOUNT, operations

REGION = "us-east-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:cloudmend"
EVERYBODY = NotificationTargets(
    topic=TOPIC, chat_topic=f"{TOPIC}-chat", security_hub=True, region=REGION, ledger="a-table"
)
OF_GROUPS = re.compile(r"security.?group|cidr|prefix.?list|ingress|\brules?\b|revoke", re.IGNORECASE)
BOTOCORE_NAMES = {"s3api": "s3"}


def refused(bench: Bench) -> Record:
    """The record of a mend whose every write AWS refuses."""

    def refuse(request: Sent) -> None:
        raise AwsError("refused by the test", action=request.action, code="AccessDenied", refused=True)

    bench.api.write = refuse  # type: ignore[method-assign]
    record = bench.mend()
    bench.restart()
    return record


def run(bench: Bench, command: str) -> Any:
    """The answer to a command of the AWS CLI, from the embedded AWS, by an ordinary client."""
    aws, service, operation, option, region, cli_input, body = shlex.split(command)
    assert (aws, option, region, cli_input) == ("aws", "--region", REGION, "--cli-input-json")
    assert operation in operations(service), command
    name, params = BOTOCORE_NAMES.get(service, service), json.loads(body)
    members = Session().get_service_model(name).operation_model(_operation(name, operation)).input_shape.members
    assert params.keys() <= members.keys(), command
    return getattr(bench.client(name), operation.replace("-", "_"))(**params)


def _operation(service: str, command: str) -> str:
    names = Session().get_service_model(service).operation_names
    (found,) = (str(name) for name in names if name.lower() == command.replace("-", ""))
    return found


def shown(bench: Bench, record: Record) -> None:
    """Its first look says what is there: the control's own read begins with it, or it answers with the parts."""
    answers = [run(bench, command) for command in record.look]
    assert answers
    assert all(answer["ResponseMetadata"]["HTTPStatusCode"] == 200 for answer in answers)


@pytest.mark.parametrize("mode", ["observe", "fix"])
def test_the_commands_of_a_notice_show_the_resource_and_close_it_by_hand(bench: Bench, mode: str) -> None:
    record = bench.mend(mode="observe") if mode == "observe" else refused(bench)
    assert record.status == ("observed" if mode == "observe" else "open"), record.summary
    shown(bench, record)
    assert bench.mend(mode="observe").findings  # a look changes nothing
    assert record.by_hand
    for command in record.by_hand:
        run(bench, command)
    bench.settle()
    bench.clock.sleep(timedelta(hours=2).total_seconds())
    assert bench.mend(mode="observe").status == "clean"


def test_a_failure_before_anything_was_read_still_says_how_to_look(bench: Bench) -> None:
    def deaf(*_: Any, **__: Any) -> Any:
        raise AwsError("no answer", action="any", code="", refused=False)

    bench.api.get = bench.api.rows = deaf  # type: ignore[method-assign]
    record = bench.mend()
    bench.restart()
    assert (record.status, record.by_hand) == ("failed", ())
    shown(bench, record)
    assert "It may be open now: cloudmend could not check" in text(record, EVERYBODY)


def test_a_mended_record_needs_no_command_but_its_undo_and_the_question_who_took_it(bench: Bench) -> None:
    record = bench.mend()
    assert (record.status, record.by_hand) == ("mended", ())
    assert bool(record.look) is bool(bench.control.taken)
    assert all(run(bench, command) for command in record.look)


def test_all_channels_speak_of_it_in_its_own_words_and_name_it_as_aws_does(bench: Bench) -> None:
    kind = bench.control.resource
    arn = kind.arn.format(partition="aws", region=REGION, account=ACCOUNT, id=bench.id)
    named, own = bench.said, own_words(bench)
    for record in (bench.mend(mode="observe"), refused(bench), bench.mend()):
        sent = {
            request.action + request.params.get("TopicArn", ""): request.params
            for channel in CHANNELS
            for request in channel(record, EVERYBODY, bench.clock.now())
        }
        assert record.arn == arn
        assert named in subject(record)
        assert named in sent[f"sns:Publish{TOPIC}-chat"]["Message"]
        (event,) = sent["events:PutEvents"]["Entries"]
        assert event["Resources"] == [each for each in (arn,) if each]
        (finding, *_) = sent["securityhub:BatchImportFindings"]["Findings"]
        assert finding["Resources"][0]["Type"] == kind.asff
        assert finding["Resources"][0]["Id"] == arn or record.resource.key
        assert finding["Title"].startswith(f"{named} is {bench.control.words.fault} (")
        for told in (subject(record), text(record, EVERYBODY), json.dumps(sent)):
            assert set(OF_GROUPS.findall(without_calls(bench, told.replace("CloudTrail records", "")))) <= own


def own_words(bench: Bench) -> set[str]:
    """The words of groups that the control itself uses."""
    state = bench.control.read(bench.resource, bench.api, bench.settings)
    assert state
    view = View(resource=bench.resource, state=state, cause=bench.targets()[0].cause, now=bench.clock.now())
    whys = [f"{each.why} {each.mended}" for each in bench.control.judge(view, bench.settings)]
    control = bench.control
    said = f"{whys} {control.words} {control.hints} {control.advice} {control.resource} {control.title}"
    return set(OF_GROUPS.findall(f"{said} {state.parts}"))


def without_calls(bench: Bench, told: str) -> str:
    """Return a text without the names of the control's own calls, as AWS and as the AWS CLI spell them."""
    control = bench.control
    for right in (*control.reads, *control.writes, *control.undoes):
        call = Call(*right.call)
        told = told.replace(call.operation, "").replace(" ".join(call.cli), "")
    return told


def test_the_owner_of_the_code_is_told_what_to_change(bench: Bench) -> None:
    (target,) = bench.targets()
    actor = replace(target.cause.actor, user_agent="HashiCorp Terraform/1.9.0")
    record = bench.mend([replace(target, cause=replace(target.cause, actor=actor))])
    hints = bench.control.hints
    told = f"The next apply may {hints.again}: {hints.change} in the Terraform configuration."
    assert record.attribution.hint == told
    assert told in text(record, EVERYBODY)


def test_what_a_crash_left_behind_is_told_with_names_and_commands_too(bench: Bench) -> None:
    targets = bench.targets()
    bench.steps.crash_at = 2  # after the intent and the write, before the notice
    with pytest.raises(Crash):
        bench.mend(targets)
    bench.restart()
    bench.sweep()
    (record,) = (each for each in bench.notes.told if each.status == "mended")
    assert (bool(record.arn), record.words.noun) == (bool(bench.control.resource.arn), bench.control.resource.noun)
    assert record.attribution.hint == ""
    assert record.summary.startswith(f"{bench.said}: ")


def test_what_a_mend_may_not_change_leaves_it_mended_and_is_reported(bench: Bench) -> None:
    """A control whose second finding is only reported, whatever the mode (decision 38)."""
    judge = bench.control.judge

    def and_one_more(view: View, settings: Any) -> Iterator[Finding]:
        yield from judge(view, settings)
        yield Finding(part="another", why="its neighbour is old", restraint="only its owner may change it")

    bench.control = replace(bench.control, judge=and_one_more)
    record = bench.mend()
    assert (record.status, [each.part for each in record.remaining]) == ("mended", ["another"])
    assert record.summary.endswith("Besides, its neighbour is old.")
    assert subject(record).startswith(
        f"cloudmend mended in part, and reports the rest of {bench.control.resource.noun[:18]}"
    )
    (request,) = (
        each
        for channel in CHANNELS
        for each in channel(record, EVERYBODY, bench.clock.now())
        if each.action == "securityhub:BatchImportFindings"
    )
    states = {each["Id"].rpartition("/")[2]: each["RecordState"] for each in request.params["Findings"]}
    assert states["another"] == "ACTIVE"
    assert {state for part, state in states.items() if part != "another"} == {"ARCHIVED"}
    bench.clock.sleep(timedelta(hours=2).total_seconds())
    again = bench.mend()
    assert (again.status, again.by_hand) == ("observed", ())
