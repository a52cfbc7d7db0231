"""Whole event patterns against whole events. Each row names the section of the README of aws/event-ruler, or the
Java class or test file there, that says so."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.local.patterns.compiler import compile_pattern

README_EVENT: Mapping[str, Any] = {
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "time": "2017-10-02T16:24:49Z",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"],
    "detail": {"c-count": 5, "d-count": 3, "x-limit": 301.8, "source-ip": "10.0.0.33", "state": "running"},
}
EMPLOYEES = {
    "employees": [
        [{"firstName": "John", "lastName": "Doe"}, {"firstName": "Anna", "lastName": "Smith"}],
        [{"firstName": "Peter", "lastName": "Jones"}],
    ]
}
SONGS = {
    "Year": 1966,
    "Songs": [
        {"Name": "Paperback Writer", "Writers": [{"First": "John", "Last": "Lennon"}, {"First": "Paul"}]},
        {"Name": "Paint It Black", "Writers": [{"First": "Mick", "Last": "Jagger"}, {"First": "Keith"}]},
    ],
}
NESTED_OR = {
    "source": ["aws.cloudwatch"],
    "$or": [
        {"metricName": ["CPUUtilization", "ReadLatency"]},
        {"metricType": ["MetricType"], "$or": [{"metricId": [1234]}, {"spaceId": [1000]}]},
    ],
}


def matches(pattern: Mapping[str, object] | str, event: Mapping[str, object]) -> bool:
    return compile_pattern(pattern).matches(event)


WHOLE_PATTERNS: list[tuple[str, Mapping[str, object], Mapping[str, object], bool]] = [
    ("README, Default And: every field", {"a": [1], "b": [2]}, {"a": 1, "b": 2, "c": 3}, True),
    ("README, Default And: one field fails", {"a": [1], "b": [2]}, {"a": 1, "b": 3}, False),
    ("README, Default And: one field is missing", {"a": [1], "b": [2]}, {"a": 1}, False),
    (
        "README, Complex example",
        {
            "time": [{"prefix": "2017-10-02"}],
            "resources": README_EVENT["resources"],
            "detail": {
                "state": [{"anything-but": "initializing"}],
                "c-count": [{"numeric": [">", 0, "<=", 5]}],
                "d-count": [{"numeric": ["<", 10]}],
                "x-limit": [{"anything-but": [100, 200, 300]}],
                "source-ip": [{"cidr": "10.0.0.0/8"}],
            },
        },
        README_EVENT,
        True,
    ),
    ("README, Exists: absent", {"detail": {"c-count": [{"exists": False}]}}, {"detail": {"d": 1}}, True),
    ("README, Exists: absent with its parent", {"detail": {"c-count": [{"exists": False}]}}, {}, True),
    ("README, Exists: absent is not present", {"detail": {"c-count": [{"exists": True}]}}, {}, False),
    ("README, Anything-but needs the field", {"a": [{"anything-but": "x"}]}, {"b": "y"}, False),
    ("README, Keys with dots: in the pattern", {"detail.state": ["on"]}, {"detail": {"state": "on"}}, True),
    ("README, Keys with dots: in the event", {"detail": {"state": ["on"]}}, {"detail.state": "on"}, True),
    ("README, Array matching: crushed", {"employees": {"firstName": ["Anna"]}}, EMPLOYEES, True),
    (
        "README, Array matching: one element",
        {"employees": {"firstName": ["Anna"], "lastName": ["Smith"]}},
        EMPLOYEES,
        True,
    ),
    (
        "README, Array matching: two elements of one array",
        {"employees": {"firstName": ["Anna"], "lastName": ["Doe"]}},
        EMPLOYEES,
        False,
    ),
    (
        "README, Array matching: elements of two arrays in one array",
        {"employees": {"firstName": ["Anna"], "lastName": ["Jones"]}},
        EMPLOYEES,
        False,
    ),
    (
        "ACMachineTest, songs: inner and outer elements agree",
        {"Year": [1966], "Songs": {"Name": ["Paint It Black"], "Writers": {"First": ["Mick"], "Last": ["Jagger"]}}},
        SONGS,
        True,
    ),
    (
        "ACMachineTest, songs: two writers of one song",
        {"Songs": {"Writers": {"First": ["Paul"], "Last": ["Lennon"]}}},
        SONGS,
        False,
    ),
    (
        "ACMachineTest, songs: a writer of another song",
        {"Songs": {"Name": ["Paperback Writer"], "Writers": {"First": ["Mick"]}}},
        SONGS,
        False,
    ),
    (
        "ArrayMembership: sibling arrays are independent",
        {"a": {"x": [1]}, "b": {"y": [2]}},
        {"a": [{"x": 0}, {"x": 1}], "b": [{"y": 2}]},
        True,
    ),
    (
        "ArrayMembership: a later choice is found",
        {"d": {"a": [1], "b": [2]}},
        {"d": [{"a": 1}, {"a": 1, "b": 2}]},
        True,
    ),
    ("Event.loadArray: scalars are tied to no element", {"a": ["x"], "a.b": [1]}, {"a": ["x", {"b": 1}]}, True),
    (
        "NameState: absent from the chosen element",
        {"d": {"a": [1], "b": [{"exists": False}]}},
        {"d": [{"a": 1}, {"b": 2}]},
        True,
    ),
    (
        "NameState: present in the chosen element",
        {"d": {"a": [1], "b": [{"exists": False}]}},
        {"d": [{"a": 1, "b": 2}]},
        False,
    ),
    (
        "NameState: absence is asked in order of path",
        {"d": {"b": [2], "a": [{"exists": False}]}},
        {"d": [{"a": 1}, {"b": 2}]},
        False,
    ),
    ("README, $or: the first", NESTED_OR, {"source": "aws.cloudwatch", "metricName": "ReadLatency"}, True),
    ("README, $or: none", NESTED_OR, {"source": "aws.cloudwatch", "metricType": "MetricType"}, False),
    ("README, $or: not without the rest", NESTED_OR, {"metricName": "ReadLatency"}, False),
    (
        "README, $or: nested, with its And",
        NESTED_OR,
        {"source": "aws.cloudwatch", "metricType": "MetricType", "spaceId": 1000},
        True,
    ),
    (
        "README, $or: parallel, both needed",
        {"$or": [{"a": [1]}, {"b": [1]}], "detail": {"$or": [{"c": [1]}, {"d": [1]}]}},
        {"b": 1, "detail": {"c": 2, "d": 1}},
        True,
    ),
    (
        "README, $or: parallel, one is not enough",
        {"$or": [{"a": [1]}, {"b": [1]}], "detail": {"$or": [{"c": [1]}, {"d": [1]}]}},
        {"b": 1, "detail": {"c": 2}},
        False,
    ),
    ("normalRulesWithOrWording: an object", {"$or": {"a": [1], "b": [2]}}, {"$or": {"a": 1, "b": 2}}, True),
    ("normalRulesWithOrWording: one matcher", {"$or": [{"cidr": "10.0.0.0/24"}]}, {"$or": "10.0.0.1"}, True),
    (
        "normalRulesWithOrWording: reserved names",
        {"detail": {"$or": [{"numeric": [">", 0, "<=", 5]}, {"cidr": "10.0.0.0/8"}]}},
        {"detail": {"$or": 3}},
        True,
    ),
]


@pytest.mark.parametrize(
    ("pattern", "event", "expected"), [row[1:] for row in WHOLE_PATTERNS], ids=[row[0] for row in WHOLE_PATTERNS]
)
def test_a_pattern_matches_an_event_as_event_ruler_does(
    pattern: Mapping[str, object], event: Mapping[str, object], expected: bool
) -> None:
    assert matches(pattern, event) is expected
    assert matches(json.dumps(pattern), event) is expected


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("aA*\\.:1", max_size=3)
NAMES = st.text("abc", min_size=1, max_size=2)
EVENTS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
    ),
    min_size=1,
    max_size=3,
)


def first_leaves(node: object) -> Any:
    """A pattern asking for one leaf on every path through the event, the first of every array; None for no leaf."""
    if isinstance(node, list):
        return next((asked for asked in map(first_leaves, node) if asked is not None), None)
    if isinstance(node, dict):
        asked = {name: first_leaves(child) for name, child in node.items()}
        return {name: child for name, child in asked.items() if child is not None} or None
    return [node]


@given(EVENTS)
def test_a_pattern_made_of_an_events_leaves_matches_it(event: dict[str, object]) -> None:
    pattern = first_leaves(event)
    assert pattern is None or matches(pattern, event)


@given(EVENTS, EVENTS)
def test_fields_that_a_pattern_does_not_name_change_nothing(event: dict[str, object], other: dict[str, object]) -> None:
    pattern = first_leaves(other) or {"a": [{"exists": False}]}
    assert matches(pattern, event) is matches(pattern, {**event, "unnamed": other})


@given(st.integers(-9, 9) | st.text("aA1", max_size=3), SCALARS)
def test_anything_but_and_exact_are_opposites_on_a_leaf(wanted: object, value: object) -> None:
    exact = matches({"a": [wanted]}, {"a": value})
    assert matches({"a": [{"anything-but": wanted}]}, {"a": value}) is not exact


@given(EVENTS, NAMES)
def test_a_leaf_exists_or_is_absent(event: dict[str, object], name: str) -> None:
    exists = matches({name: [{"exists": True}]}, event)
    assert matches({name: [{"exists": False}]}, event) is not exists
