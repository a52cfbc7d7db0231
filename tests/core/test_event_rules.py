"""The event rules: one for the first control, and for each service as many as its calls need."""

from __future__ import annotations

import json

import pytest

from cloudmend.core.errors import CloudmendError
from cloudmend.core.event_rules import PATTERN_LIMIT, EventRule, event_rules, event_source, global_rules


def test_each_call_is_in_one_rule_and_the_first_controls_rule_comes_first() -> None:
    wakes = {
        "my-service.amazonaws.com": {"Put": ["late"]},
        "ec2.amazonaws.com": {"Open": ["snapshot"], "Authorize": ["first", "also"], "Create": ["snapshot"]},
    }
    assert event_rules(wakes, "first") == (
        EventRule("ScheduledRule", "ec2.amazonaws.com", ("Authorize",), {"Authorize": ("first", "also")}),
        EventRule("MyServiceControlsRule", "my-service.amazonaws.com", ("Put",), {"Put": ("late",)}),
        EventRule(
            "Ec2ControlsRule",
            "ec2.amazonaws.com",
            ("Create", "Open"),
            {"Create": ("snapshot",), "Open": ("snapshot",)},
        ),
    )


def test_a_rule_passes_on_the_calls_that_aws_accepted() -> None:
    assert EventRule("R", "ec2.amazonaws.com", ("Open",)).pattern == {
        "source": ["aws.ec2"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["ec2.amazonaws.com"], "eventName": ("Open",), "errorCode": [{"exists": False}]},
    }
    assert event_source("s3.amazonaws.com") == "aws.s3"


def test_the_rules_of_global_services_are_told_from_those_of_a_region() -> None:
    of_iam, of_ec2 = EventRule("I", "iam.amazonaws.com", ("Put",)), EventRule("E", "ec2.amazonaws.com", ("Open",))
    assert global_rules([of_ec2, of_iam]) == (of_iam,)


def size(rule: EventRule) -> int:
    return len(json.dumps(rule.pattern, separators=(",", ":")))


def test_what_does_not_fit_into_one_pattern_is_in_a_second_with_a_number() -> None:
    empty = size(EventRule("", "s.amazonaws.com", ()))
    full = "a" * (PATTERN_LIMIT - empty - len('"","b"'))
    fitting = event_rules({"s.amazonaws.com": {full: ["one"], "b": ["two"]}}, "")
    assert [(rule.id, rule.names) for rule in fitting] == [("SControlsRule", (full, "b"))]
    assert size(fitting[0]) == PATTERN_LIMIT
    wakes = {"s.amazonaws.com": {f"{full}a": ["one"], "b": ["two"], "c": ["two"]}}
    assert event_rules(wakes, "") == (
        EventRule("SControlsRule", "s.amazonaws.com", (f"{full}a",), {f"{full}a": ("one",)}),
        EventRule("SControlsRule2", "s.amazonaws.com", ("b", "c"), {"b": ("two",), "c": ("two",)}),
    )


def test_a_call_that_fits_into_no_pattern_is_an_error_that_names_it() -> None:
    with pytest.raises(CloudmendError) as refused:
        event_rules({"s.amazonaws.com": {"a" * PATTERN_LIMIT: ["one", "two"]}}, "")
    assert str(refused.value) == (
        f"The call s.amazonaws.com:{'a' * 40}... of one, two fits into no rule: a pattern of an event rule holds 2,048 "
        "characters."
    )


def test_a_rule_without_some_controls_keeps_the_calls_of_the_others() -> None:
    heard = {"A": ("one", "two"), "B": ("two",), "C": ("two", "three")}
    rule = EventRule("R", "s", ("A", "B", "C"), heard)
    assert rule.controls == ("one", "two", "three")
    assert rule.without(["two"]) == EventRule("R", "s", ("A", "C"), {"A": ("one",), "C": ("three",)})
