"""The control of security groups by the contract: what it asks, what its calls and its words are, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from cloudmend.controls.families.groups import GROUP, Rule
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.expand import PREFIX_LIST
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Unread
from cloudmend.controls.security_group_ingress.follow import state_of
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import State, View
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.ledger_records import End, LedgerRecord
from cloudmend.core.model import ApiCall, Edit, Request, Resource, Step
from cloudmend.core.ports import Call
from cloudmend.core.world import at_need
from ledgers.values import intent, record
from support import ACCOUNT, CLEAR, NOW, REGION

SG = Resource(type=GROUP, id="sg-05fe30eb67c909f27", account=ACCOUNT, region=REGION)
OTHER = replace(SG, id="sg-0ce22d5f105b9f34f")
CAUSE = ApiCall(event_id="e", source="", name="", time=None, account=ACCOUNT, region=REGION)


def row(number: int, cidr: str = "0.0.0.0/0", group: Resource = SG, **fields: Any) -> dict[str, Any]:
    ports = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    own = {"SecurityGroupRuleId": f"sgr-{number}", "GroupId": group.id, "GroupOwnerId": ACCOUNT, "IsEgress": False}
    return {**own, **ports, "CidrIpv4": cidr, **fields}


class Answers:
    """A Reader that answers each operation with its rows, and notes the requests."""

    def __init__(self, **answers: Sequence[Mapping[str, Any]]) -> None:
        self._answers = answers
        self.refusals: dict[str, AwsError] = {}
        self.enough: list[Any] = []
        self.asked: list[tuple[Request, str]] = []

    def begin(self, read: Callable[[], Any]) -> Callable[[], Any]:
        return at_need(read)

    def rows(self, request: Request, key: str, *, enough: Any = None) -> Any:
        self.enough += [enough] if enough else []
        self.asked.append((request, key))
        if request.operation in self.refusals:
            raise self.refusals[request.operation]
        return self._answers[request.operation]

    lasting_rows = rows


def view(*rows: Mapping[str, Any], exempt: frozenset[str] = frozenset()) -> View:
    facts = GroupFacts(account=ACCOUNT, image={}, group_id=SG.id, rules=tuple(map(Rule, rows)))
    return View(resource=SG, state=state_of(facts), cause=CAUSE, now=NOW, exempt=exempt)


def test_the_groups_of_an_event_are_in_its_account_and_region() -> None:
    call = replace(CAUSE, source="ec2.amazonaws.com", name="AuthorizeSecurityGroupIngress", request={"groupId": SG.id})
    assert CONTROL.locate
    assert list(CONTROL.locate(call) or ()) == [SG]


def test_what_is_exempt_is_not_judged_and_egress_is_part_of_the_facts_only() -> None:
    seen = view(row(1), row(2, "0.0.0.0/1"), row(3, IsEgress=True), exempt=frozenset({"sgr-1"}))
    (found,) = CONTROL.judge(seen, Settings())
    assert found.part == "sgr-2"
    assert found.why == "tcp/22 from 0.0.0.0/1 opens tcp/22 to 2,092,957,696 public addresses; the limit is 1,048,576"
    assert (found.mark, found.because) == ("tcp/22 from 0.0.0.0/1", "")
    assert found.mended == row(2, "10.0.0.0/8")


@pytest.mark.parametrize(
    ("lasts", "restraint", "wait"),
    [
        (
            True,
            (
                "unreadable_prefix_lists is report; revoke the rule, have the list shared with this account again, or "
                "set that to revoke"
            ),
            "",
        ),
        (False, "", "the next try may read it"),
    ],
)
def test_what_cannot_be_judged_is_reported_or_waited_for_and_gets_no_value(
    lasts: bool, restraint: str, wait: str
) -> None:
    rule = {key: value for key, value in row(1, PrefixListId="pl-1").items() if key != "CidrIpv4"}
    seen = view(rule)
    facts = replace(seen.state.context, unread_lists={"pl-1": Unread("No.", lasts)})
    (found,) = CONTROL.judge(replace(seen, state=replace(seen.state, context=facts)), Settings())
    why = "it is not known whom tcp/22 from pl-1 admits, because the prefix list cannot be read: No"
    assert (found.why, found.mended, found.because, found.mark) == (why, UNSET, "", "tcp/22 from pl-1")
    assert (found.restraint, found.wait) == (restraint, wait)


def mended(image: Sequence[Any], *edits: Edit) -> LedgerRecord:
    """A mend of a moment ago, with a before-image of these rules."""
    made = LedgerRecord.of(intent(SG.id, before={"SecurityGroupRules": list(image)}), NOW, bytes(5))
    return made.moved("DONE", End(NOW, replace(record(group_id=SG.id), edits=edits)))


HALVES = (row(1, "11.0.0.0/12"), row(2, "12.0.0.0/12"))


@pytest.mark.parametrize(("older", "newer"), [("sgr-1", "sgr-2"), ("sgr-2", "sgr-1")])
def test_of_rules_that_only_together_are_too_many_the_newer_one_is_at_fault(older: str, newer: str) -> None:
    seen = view(*HALVES)
    (by_sweep,) = CONTROL.judge(replace(seen, old=frozenset({older})), Settings())
    image = [each for each in HALVES if each["SecurityGroupRuleId"] == older]
    (by_mend,) = CONTROL.judge(replace(seen, recent=(mended(image),)), Settings())
    assert by_sweep.part == by_mend.part == newer


@pytest.mark.parametrize(
    "other",
    [
        row(3, "8.8.8.0/24", FromPort=443, ToPort=443),
        row(3, "2600::/64", CidrIpv6="2600::/64", CidrIpv4=""),
        row(3, "", ReferencedGroupInfo={"GroupId": "sg-1"}),
    ],
)
def test_a_rule_that_opens_nothing_makes_the_others_no_younger(other: Mapping[str, Any]) -> None:
    (found,) = CONTROL.judge(replace(view(*HALVES, other), old=frozenset({"sgr-3"})), Settings())
    assert found.why.endswith("which of the rules is new is not known, so the widest go first")


def test_a_rule_is_as_old_as_the_first_mend_that_saw_it() -> None:
    first, second = mended(HALVES[:1]), replace(mended(HALVES), opened=NOW + timedelta(minutes=1))
    for mends in ((first, second), (second, first)):
        (found,) = CONTROL.judge(replace(view(*HALVES), recent=mends), Settings())
        assert found.part == "sgr-2"


DONE = Edit(part="sgr-1", before="", after="", did="", why="")


@pytest.mark.parametrize(
    "mend",
    [
        mended([row(1, "11.0.0.0/13")]),  # it said something else
        mended([row(1, "11.0.0.0/12", IsEgress=True)]),
        mended(HALVES[:1], DONE),
        LedgerRecord.of(intent(SG.id, before={"SecurityGroupRules": HALVES[:1]}), NOW, bytes(5)),  # it has not ended
    ],
)
def test_a_rule_that_a_mend_changed_or_saw_otherwise_is_not_older_for_it(mend: LedgerRecord) -> None:
    seen = view(*HALVES)
    (found,) = CONTROL.judge(replace(seen, recent=(mend,)), Settings())
    assert list(CONTROL.judge(seen, Settings())) == [found]
    assert found.part == "sgr-1"


def test_what_cannot_be_narrowed_goes_and_says_why() -> None:
    (found,) = CONTROL.judge(view(row(1, "128.0.0.0/2")), Settings())
    assert found.mended is None
    assert found.because == "revoked because 10.0.0.0/8 does not lie inside 128.0.0.0/2"
    assert list(CONTROL.judge(view(row(1, "10.0.0.0/8")), Settings())) == []


def test_a_put_changes_revokes_and_authorizes_each_with_the_parts_that_it_is_about() -> None:
    full = {"PrefixListId": "pl-1", "CidrIpv6": "::/0", "Description": "d", "ReferencedGroupInfo": {}, "Tags": []}
    now = State({"sgr-1": row(1), "sgr-2": row(2), "sgr-3": row(3), "sgr-4": row(4), "sgr-5": row(5)})
    narrowed = {**row(1, "10.0.0.0/8"), **full}
    then = {"sgr-1": narrowed, "sgr-2": row(2), "sgr-5": row(5, "10.0.0.0/8"), "sgr-6": row(6, "10.0.0.0/8")}
    ports = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "10.0.0.0/8"}
    said = {**ports, "CidrIpv6": "::/0", "PrefixListId": "pl-1", "Description": "d"}
    assert CONTROL.put
    assert list(CONTROL.put(SG, now, then)) == [
        Call(
            "ec2",
            "ModifySecurityGroupRules",
            {
                "GroupId": SG.id,
                "SecurityGroupRules": [
                    {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": said},
                    {"SecurityGroupRuleId": "sgr-5", "SecurityGroupRule": ports},
                ],
            },
            parts=("sgr-1", "sgr-5"),
        ),
        Call(
            "ec2",
            "RevokeSecurityGroupIngress",
            {"GroupId": SG.id, "SecurityGroupRuleIds": ["sgr-3", "sgr-4"]},
            parts=("sgr-3", "sgr-4"),
        ),
        Call(
            "ec2",
            "AuthorizeSecurityGroupIngress",
            {
                "GroupId": SG.id,
                "IpPermissions": [
                    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
                ],
            },
            parts=("sgr-6",),
        ),
    ]
    assert list(CONTROL.put(SG, now, now.parts)) == []


@pytest.mark.parametrize(
    ("then", "narrows"),
    [
        ({}, True),
        ({"sgr-1": row(1), "sgr-2": row(2, "192.168.0.0/16")}, True),
        ({"sgr-1": row(1, "10.0.0.0/8")}, True),
        ({"sgr-1": row(1, "10.0.0.0/8", CidrIpv6="")}, True),
        ({"sgr-1": row(1), "sgr-2": row(2, "192.168.0.0/15")}, False),
        ({"sgr-1": row(1), "sgr-9": row(9, "10.0.0.0/8")}, False),
        ({"sgr-1": row(1, "10.0.0.0/8", ToPort=23)}, False),
        ({"sgr-1": row(1, "10.0.0.0/8", Description="new")}, False),
        (
            {"sgr-1": {key: value for key, value in row(1).items() if key != "CidrIpv4"} | {"CidrIpv6": "fd00::/8"}},
            False,
        ),
        ({"sgr-1": {key: value for key, value in row(1).items() if key != "CidrIpv4"}}, False),
        ({"sgr-3": {**row(3, "10.0.0.0/8"), "PrefixListId": "pl-1"}}, False),
    ],
)
def test_a_plan_narrows_if_every_rule_stays_goes_or_gets_a_part_of_its_source(
    then: Mapping[str, Any], narrows: bool
) -> None:
    third = {**row(3), "PrefixListId": "pl-1"}
    del third["CidrIpv4"]
    assert CONTROL.narrows
    assert CONTROL.narrows(view(row(1), row(2, "192.168.0.0/16"), third), then) is narrows


def test_two_rules_are_compared_without_what_is_aws_s_own_choice() -> None:
    tags = [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]
    said = ["tcp", 22, 22, "0.0.0.0/0", None, None, "d", [("a", "1"), ("b", "2")]]
    assert CONTROL.form(row(1, Description="d", Tags=tags)) == said
    assert CONTROL.form(row(2, Description="d", Tags=tags[::-1], CidrIpv6="")) == said
    assert CONTROL.form(row(2, Description="")) == ["tcp", 22, 22, "0.0.0.0/0", None, None, None, []]


@pytest.mark.parametrize(
    ("before", "after", "did"),
    [
        (row(1), row(1, "10.0.0.0/8"), "narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8"),
        (row(1), None, "revoked tcp/22 from 0.0.0.0/0"),
        (None, row(1, "10.0.0.0/8"), "authorized tcp/22 from 10.0.0.0/8"),
    ],
)
def test_a_step_is_told_in_the_past_tense(before: Any, after: Any, did: str) -> None:
    assert CONTROL.did
    assert CONTROL.did(Step("sgr-1", before, after)) == did


@pytest.mark.parametrize(
    ("target", "state", "clear"),
    [
        (Resource(type=PREFIX_LIST, id="pl-1"), None, "no security group refers to it"),
        (Resource(type=GROUP, name="web"), None, "no group in the default VPC has this name"),
        (Resource(type="AWS::Region", id=REGION), None, f"{CLEAR}, not counting AWS's own prefix lists"),
        (SG, view(row(1, "10.0.0.0/8")).state, CLEAR),
    ],
)
def test_where_nothing_is_at_fault_it_says_what_holds(target: Resource, state: State | None, clear: str) -> None:
    assert CONTROL.clear
    assert CONTROL.clear(target, state, Settings()) == clear


def test_a_before_image_shows_its_ingress_rules() -> None:
    image = {"SecurityGroupRules": [row(1), row(2, IsEgress=True), {**row(3), "IsEgress": None}]}
    assert CONTROL.parts_in(image) == {"sgr-1": row(1), "sgr-3": {**row(3), "IsEgress": None}}
    assert CONTROL.parts_in({}) == {}
    facts = GroupFacts(account=ACCOUNT, image=image, group_id=SG.id, rules=())
    assert CONTROL.image_of(State({}, context=facts)) == image


class Pages(Answers):
    """A Reader that answers with a page, and then no more."""

    def stream(self, request: Request, key: str) -> Iterator[Any]:
        yield from self.rows(request, key)
        raise AwsError("No answer.", action=request.action, code="", refused=False)


def test_a_sweep_yields_the_groups_of_the_pages_before_an_error_and_then_says_what_was_not_read() -> None:
    opened = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    group = {"GroupId": SG.id, "OwnerId": ACCOUNT, "IpPermissions": [opened]}
    narrow = {**opened, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    reader: Any = Pages(DescribeSecurityGroups=[group, {**group, "GroupId": OTHER.id, "IpPermissions": [narrow]}])
    assert CONTROL.every
    swept = iter(CONTROL.every(Resource(type="AWS::Region", id=REGION), reader, Settings()))
    assert next(swept) == Resource(type=GROUP, id=SG.id, account=ACCOUNT)
    with pytest.raises(CloudmendError, match=r"^not all of its groups were looked at, because No answer\.$"):
        next(swept)


def test_a_sweep_yields_a_group_that_cannot_be_judged_and_one_whose_owner_is_not_told() -> None:
    reader: Any = Pages(DescribeSecurityGroups=[{"GroupId": SG.id, "IpPermissions": "odd"}])
    assert CONTROL.every
    swept = iter(CONTROL.every(Resource(type="AWS::Region", id=REGION), reader, Settings()))
    assert next(swept) == Resource(type=GROUP, id=SG.id, account="")


@pytest.mark.parametrize(("rows", "group"), [([row(1)], SG.id), ([], "")])
def test_a_rule_s_group_is_found_by_the_rule_s_id(rows: list[Mapping[str, Any]], group: str) -> None:
    reader: Any = Answers(DescribeSecurityGroupRules=rows)
    assert CONTROL.part_ids
    assert CONTROL.part_ids.resource_of("sgr-1", reader) == group
    filters = [{"Name": "security-group-rule-id", "Values": ["sgr-1"]}]
    asked = Request("ec2:DescribeSecurityGroupRules", {"Filters": filters})
    assert reader.asked == [(asked, "SecurityGroupRules")]


def test_what_its_rules_say_and_what_is_behind_it_is_told_by_id() -> None:
    assert CONTROL.marks
    assert CONTROL.marks(view(row(1)).state) == {"sgr-1": {"tcp/22 from 0.0.0.0/0"}}
    interface = {"NetworkInterfaceId": "eni-1", "Groups": [{"GroupId": SG.id}]}
    reader: Any = Answers(DescribeNetworkInterfaces=[interface])
    assert CONTROL.reach
    found = CONTROL.reach([SG, OTHER], reader, Settings())
    assert {group: each.users for group, each in found.items()} == {SG.id: 1, OTHER.id: 0}


def test_a_part_s_details_are_its_ports_source_description_and_addresses() -> None:
    assert CONTROL.details
    told = {"ports": "tcp/22", "source": "8.8.8.0/24", "description": ""}
    seen = view(row(1, "8.8.8.0/24"), row(2, "8.8.8.0/24", Description="d"))
    assert CONTROL.details(seen.state, "sgr-1", Settings()) == {**told, "public_addresses": 256}
    assert CONTROL.details(seen.state, "sgr-2", Settings()) == {**told, "description": "d", "public_addresses": 256}
    assert CONTROL.details(State(seen.parts), "sgr-1", Settings()) == told
