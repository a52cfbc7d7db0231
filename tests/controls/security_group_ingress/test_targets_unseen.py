"""What an image of a group lacks of a call: in words, by id, so that a read that came too early is told."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls.families.groups import GROUP
from cloudmend.controls.security_group_ingress.targets import unseen
from cloudmend.core.model import ApiCall, Json, Resource

SG = Resource(type=GROUP, id="sg-05fe30eb67c909f27", name="web", parts=("sgr-1", "pl-1"))
RULE = {
    "SecurityGroupRuleId": "sgr-1",
    "IsEgress": False,
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "CidrIpv4": "10.0.0.0/8",
}
LISTED = {**{key: value for key, value in RULE.items() if key != "CidrIpv4"}, "PrefixListId": "pl-1"}


def call(name: str = "AuthorizeSecurityGroupIngress", **wrapped: Any) -> ApiCall:
    request = {f"{name}Request": wrapped}
    return ApiCall(event_id="", source="", name=name, time=None, account="", region="", request=request)


def image(*rules: Json, lists: Any = None) -> Json:
    return {"SecurityGroupRules": list(rules)} | ({} if lists is None else {"PrefixLists": lists})


def test_without_an_image_the_group_itself_is_missing() -> None:
    assert unseen(call(), SG, None) == {SG.id: f"{SG.id} (web) itself"}


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (image(), {"sgr-1": "sgr-1", "pl-1": "pl-1"}),
        ({}, {"sgr-1": "sgr-1", "pl-1": "pl-1"}),
        (image(RULE), {"pl-1": "pl-1"}),
        (image({**LISTED, "SecurityGroupRuleId": "sgr-2"}), {"sgr-1": "sgr-1"}),
        (image(LISTED), {}),
    ],
)
def test_parts_that_the_event_names_are_missing_until_they_are_shown(shown: Json, missing: dict[str, str]) -> None:
    assert unseen(call(), SG, shown) == missing


def modified(**said: Any) -> ApiCall:
    rule = [{"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": said}]
    return call("ModifySecurityGroupRules", SecurityGroupRule=rule)


TCP_22 = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
BARE = Resource(type=GROUP, id=SG.id)


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({**TCP_22, "CidrIpv4": "0.0.0.0/0"}, {"sgr-1": "sgr-1 as tcp/22 from 0.0.0.0/0"}),
        ({**TCP_22, "CidrIpv4": "10.1.0.0/8"}, {}),
        ({**TCP_22, "ToPort": 23, "CidrIpv4": "10.0.0.0/8"}, {"sgr-1": "sgr-1 as tcp/22-23 from 10.0.0.0/8"}),
        ({**TCP_22, "PrefixListId": "pl-1"}, {"sgr-1": "sgr-1 as tcp/22 from pl-1"}),
        ({"CidrIpv4": "10.0.0.0/8"}, {}),  # it tells no traffic
        ({**TCP_22, "ToPort": 23}, {}),  # nor does it tell a source
        ({**TCP_22, "CidrIpv4": "10.0.0.0/33"}, {}),
        ({}, {}),
    ],
)
def test_a_rule_that_a_modify_changed_is_missing_in_its_new_form(said: Json, missing: dict[str, str]) -> None:
    assert unseen(modified(**said), BARE, image(RULE)) == missing
    assert unseen(modified(**said), BARE, image()) == {}


def test_each_rule_of_a_modify_is_looked_at() -> None:
    wide = {**TCP_22, "CidrIpv4": "0.0.0.0/0"}
    rules: list[Any] = [
        {"SecurityGroupRuleId": "sgr-9", "SecurityGroupRule": wide},
        {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {**wide, "CidrIpv4": "x"}},
        {"SecurityGroupRuleId": "sgr-2", "SecurityGroupRule": wide},
    ]
    other = {**RULE, "SecurityGroupRuleId": "sgr-2"}
    both = unseen(call("ModifySecurityGroupRules", SecurityGroupRule=rules), BARE, image(RULE, other))
    assert both == {"sgr-2": "sgr-2 as tcp/22 from 0.0.0.0/0"}


PENDING = {"pl-1": "the change of pl-1"}


@pytest.mark.parametrize(
    ("wrapped", "row", "missing"),
    [
        ({}, {"Version": 3, "State": "modify-in-progress"}, PENDING),
        ({}, {"Version": 3, "State": "modify-complete"}, {}),
        ({"AddEntry": [{"Cidr": "::/0"}]}, {"Version": 2, "State": "modify-complete"}, PENDING),
        ({"RemoveEntry": [{"Cidr": "::/0"}]}, {"Version": 2}, PENDING),
        ({"PreviousVersion": 1}, {"Version": 2}, PENDING),
        ({"PrefixListName": "new"}, {"Version": 2}, {}),  # this makes no version
        ({"AddEntry": [{"Cidr": "::/0"}]}, {"Version": 3}, {}),
        ({"AddEntry": [{"Cidr": "::/0"}], "PrefixListId": "pl-9"}, {"Version": 2}, {}),
    ],
)
@pytest.mark.parametrize("name", ["ModifyManagedPrefixList", "RestoreManagedPrefixListVersion"])
def test_a_list_is_missing_while_its_change_is_under_way_or_not_shown(
    name: str, wrapped: Json, row: Json, missing: dict[str, str]
) -> None:
    asked = {"PrefixListId": "pl-1", "CurrentVersion": 2, **wrapped}
    lists = [{"PrefixListId": "pl-0", "State": "modify-in-progress"}, {"PrefixListId": "pl-1", **row}]
    assert unseen(call(name, **asked), BARE, image(LISTED, lists=lists)) == missing
    assert unseen(call(name, **asked), BARE, image(LISTED)) == {}
