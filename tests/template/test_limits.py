"""What is generated from the controls stays within AWS's limits, also for fifty; what does not is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import msgspec
import pytest
from samtranslator.yaml_helper import yaml_parse

from cloudmend.controls import every
from cloudmend.core.contract import Control, Right, Trigger
from cloudmend.core.errors import CloudmendError
from cloudmend.core.event_rules import FIRST_RULE, PATTERN_LIMIT, event_rules
from cloudmend.template.blocks import dumped, filled, template_blocks
from cloudmend.template.policies import POLICY_LIMIT, ROLE_LIMIT, policies, size
from cloudmend.template.rules import wakes
from cloudmend.template.statements import OWN

FIRST, *_ = every()
(QUEUE,) = (each for each in every() if each.id == "sqs_policy_public")
FIFTY = 50
LONGEST = {"AWS::Partition": "aws-us-gov", "AWS::Region": "ap-southeast-1", "AWS::AccountId": "123456789012"}


def many(count: int) -> tuple[Control[Any], ...]:
    """The real controls again and again, with other ids."""
    real = islice(cycle(every()), count)
    copies = [msgspec.structs.replace(control, id=f"{control.id}_{number}") for number, control in enumerate(real)]
    return (FIRST, *copies[1:])


def deployed(value: Any) -> Any:
    """A part of the template as a stack has it in which everything is switched on."""
    if isinstance(value, list):
        return [deployed(each) for each in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Fn::If": [_, then, _]}:
            return deployed(then)
        case {"Fn::GetAtt": [name, _]} | {"Ref": name}:
            stack = "cloudmend-of-the-security-team"
            return f"arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:table/{stack}-{name}-1A2B3C4D5E6F7"
        case {"Fn::Sub": text}:
            for name, longest in LONGEST.items():
                text = text.replace(f"${{{name}}}", longest)
            return text
    return {key: deployed(inner) for key, inner in value.items()}


def test_fifty_controls_fit_into_what_a_role_takes_and_a_policy_holds() -> None:
    made = policies(many(FIFTY))
    of_role = Counter(role for policy in made for role in policy.roles)
    assert max(of_role.values()) <= ROLE_LIMIT
    assert len({policy.id for policy in made}) == len(made) > len(of_role)
    for policy in made:
        document = deployed(policy.resource["Properties"]["PolicyDocument"])
        assert len("".join(json.dumps(document).split())) <= size(policy.statements) <= POLICY_LIMIT
    sids = [[each["Sid"] for each in deployed([each.body for each in policy.statements])] for policy in made]
    assert all(len(set(each)) == len(each) for each in sids)


def test_each_control_is_granted_in_one_policy_of_a_kind() -> None:
    made = [policy for policy in policies(many(FIFTY)) if policy.id.startswith("MendControlsPolicy")]
    sids = [statement.body["Sid"] for policy in made for statement in policy.statements if statement.condition]
    assert len(made) > 1
    assert len(set(sids)) == len(sids)


def test_more_than_a_role_takes_is_refused_with_the_count() -> None:
    with pytest.raises(CloudmendError, match=r"1000 controls need \d+ managed policies for \w+, and a role takes 10\."):
        policies(many(1000))


def test_a_control_that_does_not_fit_into_a_policy_is_refused_by_its_id() -> None:
    rights = tuple(Right(f"ec2:DescribeSomethingOrOther{number}", resource="*") for number in range(300))
    with pytest.raises(CloudmendError, match=r"The rights of sqs_policy_public do not fit into a policy of 6,144"):
        policies([msgspec.structs.replace(QUEUE, reads=rights)])


def writing(action: str) -> Control[Any]:
    return msgspec.structs.replace(QUEUE, id="other", writes=(Right(action, resource="*"),), undoes=())


@pytest.mark.parametrize(
    ("action", "service"),
    [
        ("iam:PutRolePolicy", "iam"),
        ("kms:PutKeyPolicy", "kms"),
        ("lambda:AddPermission", "lambda"),
        ("lambda:RemovePermission", "lambda"),
        ("dynamodb:PutResourcePolicy", "dynamodb"),
        ("sns:SetTopicAttributes", "sns"),
        ("sqs:SetQueueAttributes", "sqs"),
        ("logs:PutResourcePolicy", "logs"),
    ],
)
def test_whoever_may_write_a_policy_is_denied_cloudmends_own(action: str, service: str) -> None:
    (here, *_) = policies([writing(action)])
    (denied,) = [each.body for each in here.statements if each.body["Effect"] == "Deny"]
    assert (denied["Action"], here.statements[-1].condition) == (action, "")
    resources = denied["Resource"] if isinstance(denied["Resource"], list) else [denied["Resource"]]
    named = [each["Ref"] if "Ref" in each else each["Fn::GetAtt"][0] for each in resources]
    assert named == list(OWN[service])


def test_a_policy_without_such_a_right_denies_nothing_and_is_there_only_with_its_control() -> None:
    (here, *_) = policies([writing("rds:ModifyDBSnapshotAttribute")])
    assert not [each for each in here.statements if each.body["Effect"] == "Deny"]
    assert here.resource["Condition"] == here.condition == "HearsOther"
    assert "Fn::If" not in str(here.resource["Properties"]["PolicyDocument"]["Statement"][0])


def names(count: int, source: str = "ec2.amazonaws.com") -> Iterator[Trigger]:
    return (Trigger(source, f"ModifySomethingWithAVeryLongName{number:03}") for number in range(count))


def test_calls_that_do_not_fit_into_a_pattern_get_another_rule() -> None:
    control = msgspec.structs.replace(QUEUE, triggers=tuple(names(100)))
    rules = event_rules(wakes([FIRST, control]), FIRST.id)
    assert [rule.id for rule in rules] == [
        FIRST_RULE,
        "Ec2ControlsRule",
        "Ec2ControlsRule2",
        "Ec2ControlsRule3",
    ]
    assert sorted(name for rule in rules[1:] for name in rule.names) == [trigger.name for trigger in names(100)]
    assert all(len(json.dumps(rule.pattern, separators=(",", ":"))) <= PATTERN_LIMIT for rule in rules)


def test_a_call_that_fits_into_no_pattern_is_refused() -> None:
    endless = msgspec.structs.replace(QUEUE, triggers=(Trigger("sqs.amazonaws.com", "A" * PATTERN_LIMIT),))
    with pytest.raises(CloudmendError, match=r"A\.\.\. of sqs_policy_public fits into no rule: .* 2,048 characters\."):
        event_rules(wakes([endless]), FIRST.id)


def test_a_call_that_two_controls_watch_is_in_one_rule_and_wakes_whichever_is_not_off() -> None:
    (shared,) = names(1)
    both = [
        msgspec.structs.replace(QUEUE, id="one", triggers=(shared,)),
        msgspec.structs.replace(QUEUE, id="two", triggers=(shared, Trigger("ec2.amazonaws.com", "Another"))),
    ]
    (rule,) = event_rules(wakes(both), FIRST.id)
    assert rule.controls == ("two", "one")
    assert rule.without(["one"]).names == ("Another", shared.name)
    assert rule.without(["two"]).names == (shared.name,)
    assert rule.without(["one", "two"]).names == ()
    blocks = template_blocks([FIRST, *both], FIRST.id)
    pattern = yaml_parse(blocks["rules of controls"])["Ec2ControlsRule"]["Properties"]["EventPattern"]
    nothing = {"Ref": "AWS::NoValue"}
    assert pattern["detail"]["eventName"] == [
        {"Fn::If": ["HearsTwo", "Another", nothing]},
        shared.name,  # the rule is there only if one of the two hears it
    ]
    conditions = yaml_parse(blocks["conditions of controls"])
    assert conditions["HearsEc2ControlsRule"] == {"Fn::Or": [{"Condition": "HearsTwo"}, {"Condition": "HearsOne"}]}


def test_a_call_that_two_of_three_controls_watch_is_there_for_either() -> None:
    (shared,) = names(1)
    three = [
        msgspec.structs.replace(QUEUE, id="one", triggers=(shared,)),
        msgspec.structs.replace(QUEUE, id="three", triggers=(Trigger("ec2.amazonaws.com", "Another"),)),
        msgspec.structs.replace(QUEUE, id="two", triggers=(shared,)),
    ]
    rules = yaml_parse(template_blocks([FIRST, *three], FIRST.id)["rules of controls"])
    pattern = rules["Ec2ControlsRule"]["Properties"]["EventPattern"]
    nothing = {"Ref": "AWS::NoValue"}
    assert pattern["detail"]["eventName"] == [
        {"Fn::If": ["HearsThree", "Another", nothing]},
        {"Fn::If": ["HearsTwo", shared.name, {"Fn::If": ["HearsOne", shared.name, nothing]}]},
    ]


def test_a_call_of_the_first_control_is_in_its_own_rule_alone() -> None:
    shared = msgspec.structs.replace(QUEUE, triggers=FIRST.triggers[:1])
    (rule,) = event_rules(wakes([FIRST, shared]), FIRST.id)
    assert (rule.id, rule.controls) == (FIRST_RULE, (FIRST.id, shared.id))


def test_a_control_that_only_reports_cannot_be_allowed_to_fix() -> None:
    reporting = msgspec.structs.replace(QUEUE, put=None, writes=(), undoes=(), mode="observe")
    blocks = template_blocks([FIRST, reporting], FIRST.id)
    assert 'AllowedValues: [observe, "off"]' in blocks["parameters of controls"]
    assert "SqsPolicyPublicRights is observe or off." in blocks["parameters of controls"]
    assert "SqsPolicyPublicUndo" not in blocks["policies of controls"]


def ors(value: Any) -> Iterator[list[Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and "Fn::Or" in value:
        yield value["Fn::Or"]
    for each in inner:
        yield from ors(each)


@pytest.mark.parametrize("count", [len(every()), 11, 21, FIFTY])
def test_any_of_many_conditions_is_written_in_tens(count: int) -> None:
    """Fn::Or takes two to ten."""
    controls = many(count)
    conditions = yaml_parse(template_blocks(controls, FIRST.id)["conditions of controls"])
    lengths = [len(each) for each in ors(conditions)]
    assert lengths
    assert all(2 <= length <= 10 for length in lengths)
    hearing = sum(policy.id.startswith("MendControlsElsewherePolicy") for policy in policies(controls))
    elsewhere = [value for name, value in conditions.items() if name.startswith("HasMendControlsElsewherePolicy")]
    assert len(elsewhere) == hearing
    named = json.dumps(elsewhere)
    regional = [each for each in controls if any("{region}" in (of.resource or each.resource.arn) for of in each.reads)]
    assert named.count('"Hears') == len(regional)


def test_yaml_reads_what_was_written() -> None:
    controls = many(2)
    blocks = template_blocks(controls, FIRST.id)
    read = yaml_parse(blocks["policies of controls"])
    assert read == {policy.id: policy.resource for policy in policies(controls)}


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "two words",
        "off",
        "Null",
        "*",
        "a: b",
        "a #b",
        "a:",
        'a "b"',
        "",
        "-",
        "{a}",
        "[a]",
        "!Ref a",
        "1",
        "é ü",
    ],
)
def test_a_text_is_read_as_it_was_written_wherever_it_stands(value: str) -> None:
    given = {"key": value, "list": [value, value], "deep": [{"key": {"key": value}}, {"a": value, "b": [value]}]}
    assert yaml_parse(dumped(given)) == given


def test_numbers_and_truths_stay_what_they_are() -> None:
    given = {"number": 3600, "truth": True, "lie": [{"exists": False}]}
    assert yaml_parse(dumped(given, 2)) == given


def test_a_block_keeps_its_place_and_what_is_around_it() -> None:
    text = "by: hand\n  # generated: one\n  old: 1\n  # end\nby: hand too\n"
    assert filled(text, {"one": "new: 2\n"}) == text.replace("old: 1", "new: 2")
    with pytest.raises(KeyError, match="nonsense"):
        filled(text.replace("one", "nonsense"), {})
