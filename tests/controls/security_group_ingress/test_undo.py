"""How much of a mend of a group is undone, and which calls are missing: judged from what AWS answers now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.security_group_ingress.undo import revert
from cloudmend.core.contract import Difference, UndoStatus
from cloudmend.core.model import Edit, Intent, Record, Request
from cloudmend.core.ports import Call
from controls.security_group_ingress.test_mended import (
    BACK,
    BEFORE,
    EDITS,
    INTENT,
    LEFT,
    LISTED,
    LISTS,
    NARROWED,
    OTHER,
    RECORD,
    REVOKED,
    SG,
    TAGS,
    UNDO,
    revoke,
)
from ledgers.values import intent


class Live:
    """A Reader of a group that has these rules now, and of its lists."""

    def __init__(self, *rules: Mapping[str, Any], exists: bool = True, entries: Any = ({"Cidr": "0.0.0.0/0"},)) -> None:
        self._answers = {
            "SecurityGroupRules": rules,
            "SecurityGroups": [{"GroupId": SG}] if exists else [],
            "PrefixLists": LISTS,
            "Entries": entries,
        }
        self.asked: list[Request | Call] = []

    def rows(self, request: Request, key: str) -> Any:
        self.asked.append(request)
        return self._answers[key]


def reverted(*rules: Mapping[str, Any], told: Record = RECORD, of: Intent = INTENT, **options: Any) -> UndoStatus:
    reader: Any = Live(*rules, **options)
    return revert(of, told, reader)


MARKS = ("tcp/22 from 0.0.0.0/0", "tcp/22 from 128.0.0.0/2", "tcp/22 from pl-1 in version 3")
TAGGED = replace(
    BACK[1],
    params={**BACK[1].params, "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": TAGS[::-1]}]},
)


def test_what_is_as_the_mend_left_it_is_given_back_call_by_call() -> None:
    assert reverted(LEFT, OTHER) == UndoStatus(marks=MARKS, requests=(BACK[0], TAGGED, BACK[2]))


def test_the_rules_are_read_a_thousand_at_once() -> None:
    reader: Any = Live(LEFT)
    revert(INTENT, RECORD, reader)
    filters = [{"Name": "group-id", "Values": [SG]}]
    assert reader.asked[0] == Request("ec2:DescribeSecurityGroupRules", {"Filters": filters, "MaxResults": 1000})


def test_a_group_without_rules_is_there_and_one_that_is_not_described_is_gone() -> None:
    revoked = intent(SG, before=BEFORE, requests=(revoke("sgr-2"),), undo=UNDO[1:2])
    told = replace(RECORD, edits=EDITS[1:2], undo=UNDO[1:2])
    assert reverted(of=revoked, told=told) == UndoStatus(marks=MARKS[1:2], requests=(TAGGED,))
    assert reverted(of=revoked, told=told, exists=False) == UndoStatus(is_gone=True)
    reader: Any = Live()
    revert(revoked, told, reader)
    filters = [{"Name": "group-id", "Values": [SG]}]
    assert reader.asked[1] == Call("ec2", "DescribeSecurityGroups", {"Filters": filters})


def test_what_was_given_back_already_is_told_with_its_new_id() -> None:
    anew = {**REVOKED, "SecurityGroupRuleId": "sgr-8"}
    found = reverted(NARROWED, anew, {**LISTED, "SecurityGroupRuleId": "sgr-9"})
    assert found.marks == ("tcp/22 from 0.0.0.0/0", "tcp/22 from 128.0.0.0/2", "tcp/22 from pl-1 in version 3")
    assert found.restored == (
        Edit(
            part="sgr-1",
            before="tcp/22 from 10.0.0.0/8",
            after="tcp/22 from 0.0.0.0/0",
            did="sgr-1 is tcp/22 from 0.0.0.0/0 again",
            why="undone",
        ),
        Edit(
            part="sgr-8",
            before="",
            after="tcp/22 from 128.0.0.0/2",
            did="sgr-8 is tcp/22 from 128.0.0.0/2 again, in place of sgr-2",
            why="undone",
        ),
        Edit(
            part="sgr-9",
            before="",
            after="tcp/22 from pl-1",
            did="sgr-9 is tcp/22 from pl-1 again, in place of sgr-3",
            why="undone",
        ),
    )
    assert (found.requests, found.differences) == ((), ())


def test_what_somebody_else_had_revoked_stays_closed() -> None:
    found = reverted(LEFT, told=replace(RECORD, edits=EDITS[:1], undo=UNDO[:1]))
    told = [f"{rule} stays revoked, because somebody else had revoked it first" for rule in MARKS[1:2]]
    assert [edit.did for edit in found.restored][:1] == told
    assert found.restored[0] == Edit(part="sgr-2", before="", after="", did=told[0], why="not cloudmend's")
    assert (found.marks, found.requests) == (MARKS[:1], (BACK[0],))


FULL = 'tcp/22 from 10.0.0.0/8, described as "all", tagged b=2, a=1'


@pytest.mark.parametrize(
    ("rules", "difference"),
    [
        ([], Difference(part="sgr-1", expected=FULL, found="no such rule")),
        (
            [{**LEFT, "CidrIpv4": "10.0.0.0/9", "Description": "", "Tags": []}],
            Difference(part="sgr-1", expected=FULL, found="tcp/22 from 10.0.0.0/9"),
        ),
        (
            [{**LEFT, "Tags": TAGS[:1]}],
            Difference(part="sgr-1", expected=FULL, found='tcp/22 from 10.0.0.0/8, described as "all", tagged b=2'),
        ),
        (
            [LEFT, {**REVOKED, "SecurityGroupRuleId": "sgr-8", "Description": "new", "Tags": []}],
            Difference(
                part="sgr-2",
                expected="no rule for tcp/22 from 128.0.0.0/2",
                found='sgr-8, tcp/22 from 128.0.0.0/2, described as "new"',
            ),
        ),
        (
            [LEFT, {key: value for key, value in REVOKED.items() if key != "Tags"} | {"CidrIpv4": "9.0.0.0/8"}],
            Difference(part="sgr-2", expected="no such rule", found='tcp/22 from 9.0.0.0/8, described as "half"'),
        ),
        (
            [LEFT, {**REVOKED, "CidrIpv4": "9.0.0.0/8", "Description": ""}],
            Difference(part="sgr-2", expected="no such rule", found="tcp/22 from 9.0.0.0/8, tagged b=2, a=1"),
        ),
    ],
)
def test_what_somebody_changed_since_is_a_difference_of_its_rule(rules: list[Any], difference: Difference) -> None:
    assert reverted(*(rules or [OTHER])).differences == (difference,)


def test_egress_is_no_twin() -> None:
    assert reverted(LEFT, {**REVOKED, "SecurityGroupRuleId": "sgr-8", "IsEgress": True}).differences == ()


def test_a_list_that_changed_is_a_difference_and_has_no_request() -> None:
    found = reverted(LEFT, entries=())
    assert [each.part for each in found.differences] == ["pl-1"]
    assert found.requests == (BACK[0], TAGGED)


def test_tags_that_are_not_known_are_not_compared() -> None:
    untagged = replace(INTENT, tags_left_out=True)
    assert reverted({**LEFT, "Tags": []}, of=untagged).differences == ()
