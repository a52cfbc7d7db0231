"""Which doors a replay tells, what of, and which exemptions it suggests."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from cli.replay.records import BOB, GROUP, ROBOT, ROLE, RULE, call, closed, modified, noise, opened
from cli.replay.told import Told
from cloudmend.core.errors import PolicyError
from support import policy


def test_a_door_is_told_with_who_what_when_and_how_long_it_stood_open(told: Callable[..., Told]) -> None:
    found = told(noise(0), opened(1), noise(2), closed(61.5, who=BOB), noise(90))
    (door,) = found.doors
    assert (door["resource"], door["part"], door["opening"]) == (GROUP, RULE, "tcp/22 from 0.0.0.0/0")
    assert door["outcome"] == "would become tcp/22 from 10.0.0.0/8 (mode.default is fix)"
    assert (door["opened"], door["seconds_open"], door["closed"]) == (
        "2026-11-24T07:01:00Z",
        60 * 60 + 30,
        "2026-11-24T08:01:30Z",
    )
    assert door["opened_by"]["through"] == "the AWS CLI, by its user agent"
    assert (door["closed_by"]["who"], door["closed_with"]) == (
        "the IAM user bob of account 111122223333",
        "RevokeSecurityGroupIngress",
    )
    assert (found.summary["read"]["records"], found.summary["read"]["calls"], found.code) == (5, 2, 0)


def test_a_door_that_nobody_closed_is_open_until_the_records_end(told: Callable[..., Told]) -> None:
    found = told(opened(0), noise(10))
    assert (found["closed"], found["seconds_open"]) == ([None], [600])
    assert (found.summary["still_open"], found.summary["median_seconds_open"]) == (1, None)


@pytest.mark.parametrize(
    "ending",
    [
        modified(5, "10.0.0.0/8"),
        closed(5),
        call("DeleteSecurityGroup", 5, {"groupId": GROUP}),
        call(
            "RevokeSecurityGroupIngress",
            5,
            {"groupId": GROUP, "cidrIp": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22},
        ),
    ],
    ids=lambda record: record["eventName"],
)
def test_a_door_is_closed_by_whatever_closes_it(told: Callable[..., Told], ending: dict[str, Any]) -> None:
    found = told(opened(0), ending)
    assert (found["seconds_open"], found["closed_with"]) == ([300], [ending["eventName"]])


def test_what_stays_at_fault_when_it_is_changed_stays_the_same_door(told: Callable[..., Told]) -> None:
    found = told(opened(0), modified(5, "0.0.0.0/1"), closed(8))
    assert (found["opened"], found["seconds_open"]) == (["2026-11-24T07:00:00Z"], [480])


@pytest.mark.parametrize(
    "record",
    [
        opened(0, errorCode="Client.InvalidPermission.Duplicate"),
        opened(0, "10.0.0.0/8"),
        opened(0, eventSource="someone.else.com"),
    ],
)
def test_what_opened_nothing_is_no_door(told: Callable[..., Told], record: dict[str, Any]) -> None:
    assert told(record).doors == []


def test_calls_are_followed_in_the_order_of_their_times_not_of_the_file(told: Callable[..., Told]) -> None:
    assert told(closed(9), opened(20, rule="sgr-0123456789abcdef0"), opened(2))["seconds_open"] == [420, 0]


def test_a_record_that_was_delivered_twice_counts_once(told: Callable[..., Told]) -> None:
    twice = opened(0)
    found = told(twice, closed(1), twice)
    assert (len(found.doors), found.summary["read"]["repeated"], found.summary["still_open"]) == (1, 1, 0)


def test_rules_that_are_over_the_limit_together_are_told_as_the_engine_tells_them(told: Callable[..., Told]) -> None:
    first = opened(0, "12.0.0.0/13")
    second = opened(1, "13.0.0.0/12", rule="sgr-0123456789abcdef0")
    (door,) = told(first, second).doors
    assert "with the group's other rules" in door["why"]


def test_the_door_is_the_rule_that_tipped_the_sum_and_stays_it_whatever_is_called_later(
    told: Callable[..., Told],
) -> None:
    wide, harmless = opened(0, "12.0.0.0/12"), opened(1, "8.8.8.8/32", rule="sgr-0123456789abcdef0", who=BOB)
    unrelated = opened(5, "10.0.0.0/8", rule="sgr-0123456789abcdef1")
    (door,) = told(wide, harmless, unrelated).doors
    assert (door["part"], door["opening"]) == ("sgr-0123456789abcdef0", "tcp/22 from 8.8.8.8/32")
    assert (door["opened_by"]["who"], door["closed"]) == ("the IAM user bob of account 111122223333", None)
    assert "; this rule is younger than others, so it goes first; revoked because" in door["why"]


def test_modes_and_exemptions_of_the_policy_decide_at_the_time_of_the_call(told: Callable[..., Told]) -> None:
    under = policy(
        f"""
        mode.default = "observe"
        [[exemption]]
        resource = "{GROUP}"
        owner = "a"
        reason = "b"
        expires = 2026-11-24T08:00:00Z
        """,
    )
    found = told(opened(0), closed(1), opened(90), under=under)
    assert found["action"] == ["exempt", "observe"]
    assert "no longer exempt, because it expired" in found["outcome"][1]
    assert (found.summary["would_close"], found.summary["would_report"], found.summary["exempt"]) == (0, 1, 1)


@pytest.mark.parametrize("table", ["mode", "control.security_group_ingress.mode"])
def test_the_vpc_of_a_group_is_known_if_its_creation_is_in_the_records(told: Callable[..., Told], table: str) -> None:
    under = policy(f'{table}.vpc = {{ vpc-0123456789abcdef0 = "observe" }}')
    created = call("CreateSecurityGroup", 0, {"groupName": "a", "vpcId": "vpc-0123456789abcdef0"}, {"groupId": GROUP})
    found = told(created, opened(1), opened(2, group="sg-0123456789abcdef0"), under=under)
    assert found["action"] == ["observe", "fix"]
    assert "distinguishes VPCs" in found.summary["untold"]["caveats"][0]


def test_what_the_records_cannot_tell_is_said(told: Callable[..., Told]) -> None:
    lists = call(
        "ModifyManagedPrefixList", 3, {"ModifyManagedPrefixListRequest": {"PrefixListId": "pl-0123456789abcdef0"}}
    )
    emptied = call("AuthorizeSecurityGroupIngress", 4, None)
    timeless = {**opened(5), "eventTime": "soon"}
    nonsense = opened(6, group="sg-none")
    under = policy('control.security_group_ingress.replacement.ipv4 = "vpc"')
    found = told(closed(1), modified(2, "0.0.0.0/0"), lists, emptied, timeless, nonsense, under=under)
    assert found["is_older"] == [True]
    summary = found.summary
    untold = summary["untold"]
    assert (untold["older_parts"], untold["nameless"]) == (2, 1)
    why = "the records do not show all entries of a prefix list"
    assert {"control": "security_group_ingress", "calls": 1, "why": why} in untold["not_judged"]
    assert found["note"] == ["The rule is older than the records: it may have been open before, and may be egress."]
    assert summary["read"]["not_understood"] == 2
    assert "has no time" in summary["read"]["first_not_understood"]
    assert "the VPC's own block" in untold["caveats"][0]


def test_doors_that_seem_to_be_meant_are_suggested_as_exemptions_which_must_be_filled_in(
    told: Callable[..., Told],
) -> None:
    again = [record for n in range(3) for record in (opened(n * 10, who=ROBOT), closed(n * 10 + 5))]
    left = [opened(0, group="sg-0123456789abcdef0"), noise(8 * 24 * 60)]
    once = [opened(0, group="sg-0123456789abcdef1"), closed(5, group="sg-0123456789abcdef1")]
    second, first = told(*again, *left, *once).summary["exemptions"]
    assert (first["resource"], second["resource"]) == ("sg-0123456789abcdef0", GROUP)
    assert first["reasons"] == ["tcp/22 from 0.0.0.0/0: left open for 8 days"]
    assert (second["reasons"], second["principals"]) == (["tcp/22 from 0.0.0.0/0: opened 3 times"], [ROLE])
    assert tomllib.loads(second["toml"])["exemption"][0]["owner"] == ""
    with pytest.raises(PolicyError, match="empty"):
        policy(second["toml"])
    filled = second["toml"].replace('owner = ""', 'owner = "a"').replace('reason = ""', 'reason = "b"')
    (exemption,) = policy(filled.replace('expires = ""', "expires = 2030-06-30")).exemptions
    assert (exemption.control, exemption.resource) == ("security_group_ingress", GROUP)


STRANGERS: list[Any] = [
    {**BOB, "arn": "arn:aws:iam::123456789012:user/bob", "accountId": "123456789012"},
    "arn:aws:iam::123456789012:user/bob",
    {"type": "AWSAccount", "accountId": "123456789012", "principalId": "AIDAEXAMPLE"},
    {"type": "Unknown"},
    None,
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=repr)
def test_what_a_stranger_opened_is_not_suggested_as_an_exemption(told: Callable[..., Told], stranger: Any) -> None:
    again = [record for n in range(9) for record in (opened(n * 10), closed(n * 10 + 5))]
    assert len(told(*again).summary["exemptions"]) == 1
    found = told(*again, opened(95, "0.0.0.0/1", rule="sgr-0123456789abcdef0", who=stranger), noise(60 * 24 * 30))
    assert found["by_stranger"] == [False] * 9 + [True]
    assert (found.summary["exemptions"], found.summary["by_strangers"]) == ([], 1)


def test_whom_to_talk_to_is_told_by_person_where_one_is_named_and_first_whose_doors_are_open(
    told: Callable[..., Told],
) -> None:
    sso = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_3f9c0b7d51e2a486"

    def person(name: str) -> dict[str, Any]:
        arn = f"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_3f9c0b7d51e2a486/{name}"
        return {**ROBOT, "arn": arn, "sessionContext": {"sessionIssuer": {"arn": sso}}}

    robot = [each for n in range(3) for each in (opened(n, who={**ROBOT, "arn": f"{ROLE}/{n}"}), closed(n + 0.5))]
    jane = [opened(10, rule="sgr-0123456789abcdef0", who=person("jane"))]
    joe = [opened(20, rule="sgr-0123456789abcdef1", who=person("joe")), closed(21, rule="sgr-0123456789abcdef1")]
    openers = told(*robot, *jane, *joe).summary["openers"]
    assert [(each["person"].partition(",")[0], each["findings"], each["still_open"]) for each in openers] == [
        ("jane", 1, 1),
        (ROLE, 3, 0),
        ("joe", 1, 0),
    ]


def test_a_door_that_is_exempt_already_is_not_suggested_again(told: Callable[..., Told]) -> None:
    text = f'[[exemption]]\nresource = "{GROUP}"\nowner = "a"\nreason = "b"\nexpires = 2030-06-30\n'
    found = told(opened(0), noise(8 * 24 * 60), under=policy(text))
    assert (found.summary["exempt"], found.summary["exemptions"]) == (1, [])


def test_half_a_surrogate_pair_hides_no_door(told: Callable[..., Told]) -> None:
    assert told({**opened(0), "requestParameters": {"groupId": GROUP, "x": "\ud83d"}})["resource"] == [GROUP]
