"""A group is told by its id and its name wherever people read; the name is its author's text, and acts on nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.model import Record, Resource, label_of
from cloudmend.core.notice.chat import notification
from cloudmend.core.notice.event import detail
from cloudmend.core.notice.finding import import_findings
from cloudmend.core.notice.mail import subject, text
from cloudmend.core.notice.wording import NotificationTargets
from cloudmend.local.ec2.model import Vpc
from hostile import ACTIVE_IN_CHAT, ACTIVE_IN_TEXT, hostile_texts
from records import MENDED, RECORDS
from support import NOW, REGION, VPC, Account, ipv4, policy
from undoing import entry, exemptions, undone

NAME = "web prod/eu (legacy) [v2] = {x}; $1 & more!*"
GROUP_TYPE = "AWS::EC2::SecurityGroup"


def named(account: Account, name: str = NAME, *permissions: dict[str, Any]) -> str:
    made = account.ec2.create_security_group(GroupName=name, Description="test", VpcId=VPC.id)
    account.ec2.authorize_security_group_ingress(
        GroupId=made["GroupId"], IpPermissions=list(permissions or [ipv4(22, "0.0.0.0/0")])
    )
    return str(made["GroupId"])


@pytest.mark.parametrize(
    ("settings", "status"), [({}, "mended"), ({"mode": "observe"}, "observed"), ({"guarded_ports": "443"}, "clean")]
)
def test_a_record_has_id_and_name_(settings: dict[str, str], status: str) -> None:
    account = Account()
    group_id = named(account)
    record = account.mend(group_id, **settings)
    assert (record.status, record.resource.id, record.resource.name) == (status, group_id, NAME)
    assert record.summary.startswith(f"{group_id} ({NAME}): ")


def test_the_ledger_the_undo_and_its_exemption_have_it_too() -> None:
    account = Account()
    group_id = named(account)
    record_id = account.mend(group_id).entry_id
    assert entry(account, record_id).intent.resource.name == NAME
    record = undone(account, record_id).record
    assert record is not None
    assert record.summary.startswith(f"{group_id} ({NAME}): ")
    (exemption,) = exemptions(account)
    assert (exemption.name, exemption.label) == (NAME, f"{group_id} ({NAME})")


def test_a_sweep_s_records_have_it() -> None:
    account = Account()
    named(account)
    (record,) = engine.sweep(controls=[CONTROL], policy=policy(), world=account.world).records
    assert record.resource.name == NAME


def test_an_event_that_tells_only_the_name_leads_to_a_record_with_both() -> None:
    account = Account(vpcs=[Vpc(id=VPC.id, cidr=VPC.cidr, is_default=True)])
    group_id = named(account)
    raw = {
        "detail": {
            "eventID": "e-1",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "AuthorizeSecurityGroupIngress",
            "awsRegion": REGION,
            "requestParameters": {"groupName": NAME},
        }
    }
    record = account.respond(raw)
    assert (record.status, record.resource.id, record.resource.name) == ("mended", group_id, NAME)


def test_a_long_name_is_shortened_in_a_sentence_and_whole_in_the_record() -> None:
    account = Account()
    long = "n" * 255
    group_id = named(account, long)
    record = account.mend(group_id)
    assert record.resource.name == long
    assert record.summary.startswith(f"{group_id} ({'n' * 59}\N{HORIZONTAL ELLIPSIS}): narrowed ")
    assert subject(record).endswith(f" (111122223333, {REGION})")
    assert len(subject(record)) <= 99
    assert json.loads(detail(record))["resource"]["name"] == long


@pytest.mark.parametrize(
    ("id_", "name", "label"),
    [("sg-1", "web", "sg-1 (web)"), ("sg-1", "", "sg-1"), ("", "web", "web"), ("", "", ""), ("", 60 * "n", 60 * "n")],
)
def test_a_label_leaves_out_what_is_not_known_and_no_name_of_60_characters(id_: str, name: str, label: str) -> None:
    resource = Resource(type=GROUP_TYPE, id=id_, name=name)
    assert resource.label == label_of(id_, name) == label
    assert resource.key == (id_ or name)


AUDIENCE = NotificationTargets(topic="t", chat_topic="c", security_hub=True, region=REGION, ledger="table")


def with_name(record: Record, name: str) -> Record:
    resource = replace(record.resource, name=name)
    return replace(record, resource=resource, summary=record.summary.replace(record.resource.id, resource.label))


@pytest.mark.parametrize("status", ["mended", "observed", "open", "failed"])
def test_mail_chat_event_and_finding_show_id_and_name(status: Any) -> None:
    record = with_name(RECORDS[status], "web-prod")
    label = f"{record.resource.id} (web-prod)"
    assert label in subject(record)
    assert f"Resource: {GROUP_TYPE} {label}" in text(record, AUDIENCE)
    content = notification(record)["content"]
    assert label in content["title"]
    assert label in content["description"]
    assert json.loads(detail(record))["resource"]["name"] == "web-prod"
    for request in import_findings(record, REGION, NOW):
        assert all(label in finding["Title"] for finding in request.params["Findings"])


def test_a_chat_s_thread_and_a_finding_s_id_do_not_change_with_the_name() -> None:
    one, other = with_name(MENDED, "a"), with_name(MENDED, "b")
    assert notification(one)["metadata"]["threadId"] == notification(other)["metadata"]["threadId"]
    ids = [[f["Id"] for r in import_findings(each, REGION, NOW) for f in r.params["Findings"]] for each in (one, other)]
    assert ids[0] == ids[1]


@given(hostile_texts)
def test_a_name_acts_on_nobody_in_mail_and_chat(name: str) -> None:
    record = with_name(RECORDS["open"], name)
    mail = text(record, AUDIENCE)
    shown = "\n".join(line for line in mail.splitlines() if not line.startswith("     "))
    assert not ACTIVE_IN_TEXT.search(subject(record) + shown)
    assert not ACTIVE_IN_CHAT.search(notification(record)["content"]["title"])
