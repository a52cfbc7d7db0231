"""What a record keeps for its notices: names, words, and the commands to look and to close by hand."""

from __future__ import annotations

import json
import shlex
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import lamps
from cloudmend.controls import every
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.contract import State, View
from cloudmend.core.guidance import guided
from cloudmend.core.model import Record, Resource, Words
from cloudmend.core.stored import decode_entry
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.testing.clients import operations
from core.test_stored import VERSION_1
from records import FAILED, GROUP, OPEN
from support import NOW, Account, event, ipv4


def cannot_write(account: Account) -> None:
    def refuse(_: Any) -> None:
        raise Ec2Error("UnauthorizedOperation", "refused by the test", 403)

    account.groups.before |= dict.fromkeys(("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"), refuse)


def run(account: Account, command: str) -> Any:
    """What the embedded EC2 answers to a command that the AWS CLI has."""
    aws, service, operation, *_, body = shlex.split(command)
    assert (aws, operation in operations(service)) == ("aws", True)
    return getattr(account.ec2, operation.replace("-", "_"))(**json.loads(body))


def test_an_open_group_s_commands_show_its_rules_and_revoke_those_at_fault_alone() -> None:
    account = Account()
    group_id = account.group(ipv4(22, "0.0.0.0/0"), ipv4(443, "0.0.0.0/0"))
    cannot_write(account)
    record = account.respond(event(group_id))
    account.groups.before.clear()
    assert record.status == "open"
    (look,), (close,) = record.look, record.by_hand
    assert {row["GroupId"] for row in run(account, look)["SecurityGroupRules"]} == {group_id}
    assert "MaxResults" not in look  # the AWS CLI would show one page alone
    run(account, close)
    assert [row["FromPort"] for row in account.rules(group_id) if not row["IsEgress"]] == [443]


def test_what_is_only_reported_has_no_command_to_close_it() -> None:
    """Its mend is not known, or not ours to make."""
    remaining = tuple(replace(each, restraint="a network interface uses it") for each in OPEN.remaining)
    assert guided(replace(OPEN, remaining=remaining), CONTROL).by_hand == ()


def test_a_resource_of_another_type_or_without_an_id_has_neither_arn_nor_commands() -> None:
    for resource in (
        Resource(type="AWS::EC2::SecurityGroup", name="web"),
        Resource(type="AWS::EC2::PrefixList", id="pl-1"),
        Resource(type="AWS::Region", id="eu-west-1"),
    ):
        record = guided(replace(FAILED, resource=resource), CONTROL)
        assert (record.arn, record.look, record.by_hand) == ("", (), ())


def test_a_control_whose_read_fails_at_once_costs_the_command_alone() -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("a bug")

    assert guided(FAILED, replace(CONTROL, read=broken)).look == ()
    assert guided(FAILED, replace(CONTROL, read=lambda *_: None)).look == ()


def test_a_control_whose_judgement_fails_costs_the_commands_to_close_alone() -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("a bug")

    lamp = lamps.CONTROL
    record = lamps.Home(refuses=[lamps.refusal("NotAllowed")]).mend()
    view = View(resource=lamps.target().resource, state=State({"hall": "on"}), cause=lamps.call(), now=NOW)
    told = guided(record, lamp, view, lamps.Settings())
    assert (record.status, len(told.by_hand)) == ("open", 1)
    without = guided(record, replace(lamp, judge=broken), view, lamps.Settings())
    assert (without.by_hand, without.look) == ((), told.look)


@pytest.mark.parametrize("control", every(), ids=lambda each: each.id)
def test_every_control_has_words_of_its_own(control: Any) -> None:
    words, plain = control.words, Words()
    assert words.fault != plain.fault
    assert words.close != plain.close
    assert words.prevent != plain.prevent
    assert not words.close.endswith(".")  # a colon follows
    assert words.prevent.endswith(".")
    assert control.hints.again
    if control.id != "lightsail_ports":  # the ARN of an instance ends with an id that no call names
        assert control.resource.arn or control.resource.is_setting


def test_a_record_that_was_stored_before_it_had_these_is_read_and_told_without() -> None:
    ended = decode_entry(VERSION_1).ended
    assert ended
    assert (ended.record.arn, ended.record.look, ended.record.words) == ("", (), Words())
    assert msgspec.json.decode(msgspec.json.encode(OPEN), type=Record) == OPEN
    assert GROUP in OPEN.arn
