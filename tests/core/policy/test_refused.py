"""A policy file that is wrong is refused with its name, the line, the key, the reason, and what to write."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.file import EXAMPLES
from cloudmend.core.policy.parse import parse_policy

EXEMPTION = '[[exemption]]\nowner = "a"\nreason = "b"\nexpires = 2030-06-30\n'
GROUP = 'resource = "sg-0123456789abcdef0"\n'


def refusal(text: str) -> str:
    with pytest.raises(PolicyError) as refused:
        parse_policy({}, text, name="my.toml", catalog=CATALOG)
    (fault,) = refused.value.faults
    assert str(refused.value) == f"{fault}\nThe policy was refused; nothing uses it."
    return fault


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (
            "guardd = [22]",
            "line 1: guardd",
            "there is no such key. Did you mean control.security_group_ingress.guarded?",
        ),
        ("control = 1", "line 1: control", "of type table, got int. Write for example [control."),
        (
            "[control]\nsqs_policy_public = 1",
            "line 2: control.sqs_policy_public",
            "this should be a table. Write for example [control.sqs_policy_public].",
        ),
        (
            "[control.sqs_policy_public.mode]\naccount = 1",
            "line 2: control.sqs_policy_public.mode.account",
            'of type table, got int. Write for example account = { 111122223333 = "observe" }.',
        ),
        (
            "[control.sqs_policy_public.existing]\naccount = 1",
            "line 2: control.sqs_policy_public.existing.account",
            'of type table, got int. Write for example account = { 111122223333 = "fix" }.',
        ),
        (
            "[control.sqs_policy]",
            "line 1: control.sqs_policy",
            "no control of this id. Did you mean sqs_policy_public?",
        ),
        ("[control.sqs_policy_public]\nx = 1", "line 2: control.sqs_policy_public.x", "there is no such key"),
        (
            "x = 1",
            "line 1: x",
            "It is one of control, exemption, existing, mode.",
        ),
        ("X = 1", "line 1: X", "there is no such key."),
        ('[mode]\nvpcs = {}\ndefault = "fix"', "line 2: mode.vpcs", "Did you mean vpc?"),
        (f"\n{EXEMPTION}{GROUP}until = 1", "line 7: exemption[0].until", "there is no such key"),
        ("mode = 'fx'", "line 1: mode", "'fx' is not a mode. Write fix"),
        ("mode = 1", "line 1: mode", "1 is not a mode. Write fix"),
        ("[mode]\ncontrol = 1", "line 2: mode.control", "of type table, got int"),
        ("[exemption]", "line 1: exemption", "of type array, got table. Write for example [[exemption]]."),
    ],
)
def test_unknown_keys_and_wrong_types(text: str, place: str, said: str) -> None:
    assert refusal(text).startswith(f"my.toml, {place}: ")
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (
            "[mode]\ndefault = 'of'",
            "line 2: mode.default",
            "'of' is not a mode. Write fix (mend it), observe (only report it), or off.",
        ),
        ("[mode]\ndefault = []", "line 2: mode.default", "[] is not a mode"),
        (
            "[mode.control]\nsecurity_group_ingres = 'fix'",
            "line 2: mode.control.security_group_ingres",
            "there is no control of this id. Did you mean security_group_ingress?",
        ),
        ("[mode.control]\nsqs_policy_public = 1", "line 2: mode.control.sqs_policy_public", "1 is not a mode"),
        ("[mode.account]\n1111 = 'fix'", "line 2: mode.account.1111", "'1111' is not the id of an account"),
        ("[mode.account]\n111122223333 = 'x'", "line 2: mode.account.111122223333", "'x' is not a mode"),
        ("[control.sqs_policy_public]\nmode = 'x'", "line 2: control.sqs_policy_public.mode", "'x' is not a mode"),
        (
            "[control.sqs_policy_public.mode]\nvpcs = {}",
            "line 2: control.sqs_policy_public.mode.vpcs",
            "there is no such key. Did you mean vpc?",
        ),
        (
            "[control.sqs_policy_public.mode.account]\n1 = 'fix'",
            "line 2: control.sqs_policy_public.mode.account.1",
            "'1' is not the id of an account",
        ),
        (
            "mode.control.sqs_policy_public = 'fix'\n[control.sqs_policy_public]\nmode = 'fix'",
            "line 1: mode.control.sqs_policy_public",
            "control.sqs_policy_public.mode says it too. Keep that one, and take this one out.",
        ),
        ("[mode.vpc]\nvpc-1 = 'fix'", "line 2: mode.vpc.vpc-1", "'vpc-1' is not the id of a VPC"),
        ("[mode.vpc]\nvpc-01234567 = 'x'", "line 2: mode.vpc.vpc-01234567", "'x' is not a mode"),
    ],
)
def test_modes_that_would_never_match_or_mean_nothing(text: str, place: str, said: str) -> None:
    assert refusal(text).startswith(f"my.toml, {place}: ")
    assert said in refusal(text)


@pytest.mark.parametrize("lacking", ["owner", "reason", "expires"])
def test_an_exemption_needs_owner_reason_and_expiry(lacking: str) -> None:
    text = re.sub(rf"{lacking} = .*\n", "", EXEMPTION + GROUP)
    sentence = refusal(text)
    written = EXAMPLES[f"exemption.{lacking}"]
    assert sentence == f"my.toml, line 1: exemption[0]: {lacking} is missing. Add a line such as {written}."


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (EXEMPTION, "line 1: exemption[0]", "everything. Add at least one of resource, vpc, account, actor_role."),
        (f"{EXEMPTION}resource = '*'", "line 5: exemption[0].resource", "'*' is not the id of one security group. "),
        (f"{EXEMPTION}group = '*'", "line 5: exemption[0].group", "'*' is not the id of one security group. "),
        (
            f"{EXEMPTION}{GROUP}group = 'sg-01234567'",
            "line 6: exemption[0].group",
            "exemption[0].resource says it too. Keep that one, and take this one out.",
        ),
        (f"{EXEMPTION}{GROUP}control = 'sqs_policy'", "line 6: exemption[0].control", "of this id. Did you mean sqs_"),
        (
            f"{EXEMPTION}control = 'ebs_snapshot_public'\n{GROUP}",
            "line 6: exemption[0].resource",
            "'sg-0123456789abcdef0' is not the id of one EBS snapshot. Write it in full, without wildcards.",
        ),
        (f"{EXEMPTION}control = 'sqs_policy_public'", "line 1: exemption[0]", "it would exempt everything"),
        (f"{EXEMPTION}resource = ''", "line 5: exemption[0].resource", "'' is not the id of one security group"),
        (f"{EXEMPTION}account = '*'", "line 5: exemption[0].account", "without wildcards: 111122223333"),
        (f"{EXEMPTION}vpc = 'vpc-*'", "line 5: exemption[0].vpc", "'vpc-*' is not the id of a VPC"),
        (
            f"{EXEMPTION}actor_role = 'arn:aws:sts::111122223333:assumed-role/Admin/jane'",
            "line 5: exemption[0].actor_role",
            "is not the ARN of a role",
        ),
        (f"{EXEMPTION}actor_role = 'arn:aws:iam::111122223333:role/*'", "line 5: exemption[0].actor_role", "wildcards"),
        (f"{EXEMPTION}actor_role = 'arn:aws:iam::111122223333:role/\u00e4'", "line 5: exemption[0].actor_role", "ARN"),
        (
            f"{EXEMPTION}{GROUP}{EXEMPTION}{GROUP}",
            "line 6: exemption[1]",
            "it has the scope of exemption[0]. Keep the one that is meant.",
        ),
        (
            f"{EXEMPTION}{GROUP}".replace('"a"', '" "'),
            "line 2: exemption[0].owner",
            'it is empty. Write for example owner = "',
        ),
        (
            f"{EXEMPTION}{GROUP}".replace('"b"', '""'),
            "line 3: exemption[0].reason",
            'it is empty. Write for example reason = "',
        ),
        (
            f"{EXEMPTION}{GROUP}".replace("2030-06-30", '"2030-06-30"'),
            "line 4: exemption[0].expires",
            "'2030-06-30' is not a date. Write a date without quotes, such as 2030-06-30.",
        ),
        (
            f"{EXEMPTION}{GROUP}".replace("2030-06-30", "2030-06-30T12:00:00"),
            "line 4: exemption[0].expires",
            "does not say in which time zone. Write 2030-06-30T12:00:00Z for UTC.",
        ),
        (
            f"{EXEMPTION}{GROUP}".replace("2030-06-30", "9999-12-31T23:59:59-12:00"),
            "line 4: exemption[0].expires",
            "9999-12-31 23:59:59-12:00 is no date in UTC. Write one such as 2030-06-30.",
        ),
    ],
)
def test_exemptions_that_match_everything_or_nothing_or_never_end(text: str, place: str, said: str) -> None:
    assert refusal(text).startswith(f"my.toml, {place}: ")
    assert said in refusal(text)


@pytest.mark.parametrize(
    "text", ["guarded = [", "= 1", "guarded = [22]\nguarded = [23]", "[mode]\n[mode]", "x = 1e", "x = " + "[" * 9999]
)
def test_what_is_no_toml_is_refused_with_toml_s_own_place(text: str) -> None:
    place = r"\(column \d+\)|\(at end of document\)|recursion.*"
    assert re.match(rf"my\.toml(, line \d+)?: this is not TOML: .*({place})\. Correct it there\.", refusal(text))


def test_the_line_is_where_the_statement_begins() -> None:
    text = '# first\n\n[control.security_group_ingress]\nguarded = [\n  "22",\n  # comment = [\n  "ssh",\n]\n'
    assert refusal(text).startswith("my.toml, line 4: control.security_group_ingress.guarded[1]: ")


VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=8).map(repr), st.just("2030-01-01"), st.floats()),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(map(str, items))}]"),
    max_leaves=4,
)


@given(st.lists(st.tuples(st.sampled_from([line.partition(" =")[0] for line in EXAMPLES.values()]), VALUES)))
def test_any_text_is_a_policy_or_refused_and_nothing_else(lines: list[tuple[str, object]]) -> None:
    text = "\n".join(key if key.startswith("[") else f"{key} = {value}" for key, value in lines)
    with suppress(PolicyError):
        parse_policy({}, text)
