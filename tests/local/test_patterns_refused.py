"""The event patterns that EventBridge refuses (JsonRuleCompilerTest, CIDRTest and wrongOrRelationshipRules.json of
aws/event-ruler; the quotas of the User Guide), with the reason and the way to the offending key."""

import json

import pytest

from cloudmend.local.patterns.compiler import PATTERN_QUOTA, InvalidPattern, compile_pattern

MALFORMED_LISTS: list[tuple[object, str]] = [
    ("running", "must be an object or an array"),
    ([], "Empty arrays are not allowed"),
    ({}, "Empty objects are not allowed"),
    ([["x"]], "Match value must be"),
    ([float("nan")], "Match value must be"),
    ([{}], "Match expression name not found"),
    ([{"foo": "child"}], "Unrecognized match type foo"),
    ([{"prefix": "a", "suffix": "b"}], "Only one key allowed"),
    ([{"exactly": 33}], "exact match pattern must be a string"),
    ([{"prefix": 3}], "prefix match pattern must be a string"),
    ([{"prefix": {"wildcard": "a"}}], "Unsupported prefix pattern: wildcard"),
    ([{"prefix": {"equals-ignore-case": ["a"]}}], "equals-ignore-case match pattern must be a string"),
    ([{"suffix": ["a"]}], "suffix match pattern must be a string"),
    ([{"equals-ignore-case": {"prefix": "a"}}], "equals-ignore-case match pattern must be a string"),
    ([{"wildcard": "a**b"}], "Consecutive wildcard characters"),
    ([{"wildcard": r"a\b"}], "Invalid escape character"),
    ([{"wildcard": "a\\"}], "Invalid escape character"),
    ([{"exists": "true"}], "exists match pattern must be either true or false"),
    ([{"exists": 0}], "exists match pattern must be either true or false"),
    ([{"numeric": 5}], "numeric takes"),
    ([{"numeric": ["="]}], "numeric takes"),
    ([{"numeric": ["<>", 1]}], "numeric takes"),
    ([{"numeric": ["<", 1, ">", 0]}], "numeric takes"),
    ([{"numeric": [">", 1, "<", 30, False]}], "numeric takes"),
    ([{"numeric": ["=", "5"]}], "A number is needed"),
    ([{"numeric": ["=", True]}], "A number is needed"),
    ([{"numeric": [">", 1, "<", 1]}], "Bottom must be less than top"),
    ([{"numeric": [">", 5e9]}], "Bottom must be less than top"),
    ([{"numeric": ["=", 111122223333]}], "not between"),
    ([{"numeric": ["=", 0.1234567]}], "not between"),
    ([{"cidr": "10.0.0.0"}], "one '/' required"),
    ([{"cidr": "10.0.0.0/8/8"}], "one '/' required"),
    ([{"cidr": "10.0.0.0/x"}], "mask bits must be an integer"),
    ([{"cidr": "10.0.0/8"}], "Nonstandard IP address"),
    ([{"cidr": "10.0.0.0/32"}], "IPv4 mask bits must be < 32"),
    ([{"cidr": "2001:db8::/128"}], "IPv6 mask bits must be < 128"),
    ([{"anything-but": True}], "A number is needed"),
    ([{"anything-but": []}], "Empty arrays are not allowed"),
    ([{"anything-but": ["a", 1]}], "mixed type is not supported"),
    ([{"anything-but": [None]}], "A number is needed"),
    ([{"anything-but": 111122223333}], "not between"),
    ([{"anything-but": {"cidr": "10.0.0.0/8"}}], "Unsupported anything-but pattern: cidr"),
    ([{"anything-but": {"prefix": ""}}], "Null prefix/suffix not allowed"),
    ([{"anything-but": {"suffix": ["a", ""]}}], "Null prefix/suffix not allowed"),
    ([{"anything-but": {"prefix": []}}], "Empty arrays are not allowed"),
    ([{"anything-but": {"wildcard": [1]}}], "wildcard match pattern must be a string"),
    ([{"anything-but": {"prefix": "a", "suffix": "b"}}], "Only one key allowed"),
]


@pytest.mark.parametrize(("members", "reason"), MALFORMED_LISTS, ids=repr)
def test_a_malformed_list_is_refused_with_its_path_and_reason(members: object, reason: str) -> None:
    with pytest.raises(InvalidPattern) as refusal:
        compile_pattern({"source": ["aws.ec2"], "detail": {"field": members}})
    assert refusal.value.path == "detail.field"
    assert reason in refusal.value.reason
    assert str(refusal.value) == f"Event pattern is not valid. Reason: {refusal.value.reason} (at detail.field)"


MALFORMED_PATTERNS: list[tuple[str, str, str]] = [
    ("{", "", "not JSON"),
    ('["a"]', "", "Filter is not an object"),
    ("{}", "", "Empty objects are not allowed"),
    ('{"a": [1], "a": [2]}', "a", "Path `a` cannot be allowed multiple times"),
    ('{"a": {"b": [1]}, "a.b": [2]}', "a.b", "Path `a.b` cannot be allowed multiple times"),
    ('{"a": [1], "$or": [{"a": [2]}, {"b": [1]}]}', "a", "Path `a` cannot be allowed multiple times"),
    ('{"detail": {"$or": [{"a": [1]}]}}', "detail.$or", "at least 2 Objects"),
    ('{"$or": [{"a": [1]}, [{"b": [1]}]]}', "$or", "Only JSON object is allowed"),
    ('{"$or": "a"}', "$or", "It must be an Array"),
    ('{"$or": [{"a": [1]}, {"b": {"prefix": ["x"]}}]}', "b.prefix", "prefix is Ruler reserved fieldName"),
    (json.dumps({"$or": [{"a": [1]}, {}]}), "", "Empty objects are not allowed"),
    (json.dumps({n: {"$or": [{k: [1]} for k in "abcdefghijk"]} for n in "xyz"}), "z.$or", "more than 1000"),
]


@pytest.mark.parametrize(("pattern", "path", "reason"), MALFORMED_PATTERNS)
def test_a_malformed_pattern_is_refused_with_its_path_and_reason(pattern: str, path: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as refusal:
        compile_pattern(pattern)
    assert refusal.value.path == path
    assert reason in refusal.value.reason


def test_a_pattern_may_fill_the_quota_and_no_more() -> None:
    filled = {"a": ["x" * (PATTERN_QUOTA - len('{"a": [""]}'))]}
    assert compile_pattern(filled).matches({"a": filled["a"]})
    with pytest.raises(InvalidPattern, match="2049 characters"):
        compile_pattern({"a": ["x" + filled["a"][0]]})
