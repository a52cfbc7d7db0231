"""Whose an instance is: from the event alone, under the keys of the settings, and over nothing that is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import ValidationError, convert

from cloudmend.controls.families.owners import owner_in
from cloudmend.controls.instance_owner_tag import CONTROL, Settings
from cloudmend.core.contract import Finding, State, View
from cloudmend.core.model import Actor, ApiCall, Resource
from cloudmend.core.planning import calls

ALICE = "arn:aws:iam::123456789012:user/alice"
BOB = "arn:aws:sts::123456789012:assumed-role/Admin/bob@example.com"
AT = datetime(2026, 11, 24, 7, 0, 5, tzinfo=UTC)
BOTH = Settings(last_change="LastChangedBy")
I = Resource(type="AWS::EC2::Instance", id="i-0123456789abcdef0")  # noqa: E741 - the prefix of its id
STOPPED = f"2026-11-24T07:00:05Z StopInstances by {BOB}"


def call(name: str, arn: str = ALICE, time: datetime | None = AT, **actor: Any) -> ApiCall:
    return ApiCall(
        event_id="e-1",
        source="ec2.amazonaws.com",
        name=name,
        time=time,
        account="123456789012",
        region="eu-west-1",
        actor=Actor(arn=arn, **actor),
    )


def found(cause: ApiCall, tags: dict[str, str] | None = None, settings: Settings = BOTH) -> list[Finding]:
    view = View(resource=I, state=State(tags or {}), cause=cause, now=AT + timedelta(minutes=1))
    return list(CONTROL.judge(view, settings))


def test_whoever_launched_it_is_its_owner() -> None:
    (finding,) = found(call("RunInstances"))
    assert (finding.part, finding.mended, finding.is_due) == ("StartedBy", ALICE, True)


def test_a_person_of_the_identity_center_without_an_arn_is_named_by_their_id() -> None:
    (finding,) = found(call("RunInstances", "", on_behalf_of="94482488-3041-7005-8a4e-1234567890ab"))
    assert finding.mended == "94482488-3041-7005-8a4e-1234567890ab"


@pytest.mark.parametrize("value", ["team-a", ALICE, ""])
def test_a_tag_that_is_there_is_never_overwritten(value: str) -> None:
    assert found(call("RunInstances"), {"StartedBy": value}) == []


@pytest.mark.parametrize(
    "cause", [call("RunInstances", ""), call("Sweep", ""), call("Sweep"), call("Fix"), call("ModifyInstanceAttribute")]
)
def test_without_the_event_of_its_launch_it_is_only_reported(cause: ApiCall) -> None:
    (finding,) = found(cause)
    assert (finding.is_due, finding.restraint.startswith("only the event of its launch")) == (False, True)


def test_a_name_that_is_longer_than_a_tags_value_is_only_reported() -> None:
    (finding,) = found(call("RunInstances", f"arn:aws:iam::123456789012:user/{'a' * 512}"))
    assert "longer than a tag's value, which has 256 characters" in finding.restraint


def test_an_empty_key_is_no_tag() -> None:
    assert found(call("RunInstances"), settings=Settings(owner="")) == []
    assert found(call("StopInstances"), settings=Settings()) == []


@pytest.mark.parametrize("name", ["StartInstances", "StopInstances", "RebootInstances"])
def test_a_change_of_its_state_is_told_with_who_and_when_and_makes_nobody_its_owner(name: str) -> None:
    (finding,) = found(call(name, BOB))
    assert (finding.part, finding.mended) == ("LastChangedBy", f"2026-11-24T07:00:05Z {name} by {BOB}")


def test_a_later_change_takes_the_place_of_an_earlier_one_and_not_the_other_way_round() -> None:
    """Events come twice, and out of order."""
    later, earlier = AT + timedelta(hours=1), AT - timedelta(hours=1)
    (finding,) = found(call("StartInstances", time=later), {"LastChangedBy": STOPPED})
    assert finding.mended == f"2026-11-24T08:00:05Z StartInstances by {ALICE}"
    assert found(call("StartInstances", time=earlier), {"LastChangedBy": STOPPED}) == []
    assert found(call("StopInstances", BOB), {"LastChangedBy": STOPPED}) == []


@pytest.mark.parametrize("there", ["bob", "", f"{STOPPED} and more", "2026-11-24T07:00:05Z ReplaceInstances by bob"])
def test_a_last_change_that_somebody_else_wrote_stays(there: str) -> None:
    assert found(call("StartInstances", time=AT + timedelta(days=1)), {"LastChangedBy": there}) == []


def test_a_change_by_nobody_or_at_no_time_is_not_told() -> None:
    assert found(call("StopInstances", "")) == []
    assert found(call("StopInstances", time=None)) == []


def test_each_change_has_a_mark_of_its_own_so_that_none_counts_as_flapping() -> None:
    marks = {found(call("StopInstances", time=AT + timedelta(minutes=number)))[0].mark for number in range(3)}
    assert len(marks) == 3


def test_a_tag_goes_only_while_it_has_its_value() -> None:
    """EC2 deletes a tag with a value only if the value is still the same."""
    (undo,) = calls(CONTROL, I, State({"StartedBy": ALICE, "LastChangedBy": "x"}), {"LastChangedBy": "x"})
    assert (undo.action, undo.params) == (
        "ec2:DeleteTags",
        {"Resources": [I.id], "Tags": [{"Key": "StartedBy", "Value": ALICE}]},
    )


def test_a_former_text_comes_back() -> None:
    (undo,) = calls(CONTROL, I, State({"LastChangedBy": "new"}), {"LastChangedBy": STOPPED})
    assert (undo.action, undo.params["Tags"]) == ("ec2:CreateTags", [{"Key": "LastChangedBy", "Value": STOPPED}])


@pytest.mark.parametrize("key", ["StartedBy", "owner", "cost:Owner", "team/created-by", ""])
def test_a_key_ends_as_the_rights_of_the_role_say(key: str) -> None:
    assert convert({"owner": key, "last_change": key}, Settings).owner == key


@pytest.mark.parametrize("key", ["Name", "aws:createdBy", "Owner ", "StartedBy*", "Environment"])
def test_any_other_key_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        convert({"owner": key}, Settings)


def test_the_rights_are_to_these_keys_of_instances() -> None:
    for right in (*CONTROL.writes, *CONTROL.undoes):
        assert right.block == {"ForAllValues:StringLike": {"aws:TagKeys": ["*Owner", "*owner", "*By", "*by"]}}
        assert right.resource == ""


@pytest.mark.parametrize(
    ("tags", "label"),
    [
        ({"Name": "web"}, {}),
        ({"Owner": "team-a", "Name": "web"}, {"owner": "Owner: team-a"}),
        ({"StartedBy": "bob", "Owner": "team-a", "empty-by": ""}, {"owner": "Owner: team-a; StartedBy: bob"}),
        (dict.fromkeys(("aBy", "bBy", "cBy", "dBy"), "x"), {"owner": "aBy: x; bBy: x; cBy: x"}),
    ],
)
def test_the_tags_of_an_owner_are_told_in_the_order_of_their_keys(tags: dict[str, str], label: Any) -> None:
    assert owner_in([{"Key": key, "Value": value} for key, value in tags.items()]) == label
