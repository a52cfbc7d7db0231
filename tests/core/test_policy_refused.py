"""A policy file that is wrong is refused with its name, the line, the key, the reason, and what to write."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy import parse_policy
from cloudmend.core.policy.file import EXAMPLES

EXEMPTION = '[[exemption]]\nowner = "a"\nreason = "b"\nexpires = 2030-06-30\n'
GROUP = 'group = "sg-0123456789abcdef0"\n'


def refusal(text: str) -> str:
    with pytest.raises(PolicyError) as refused:
        parse_policy({}, text, name="my.toml", controls=["security_group_ingress", "s3_public_access"])
    (fault,) = refused.value.faults
    assert str(refused.value) == f"{fault}\nThe policy was refused; nothing uses it."
    return fault


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("guardd = [22]", "line 1: guardd", "there is no such key. Did you mean guarded?"),
        (
            "x = 1",
            "line 1: x",
            "It is one of aws_prefix_lists, exemption, guarded, limits, mode, replacement, trusted, unreadable_",
        ),
        ("X = 1", "line 1: X", "there is no such key."),
        ("[limits]\nipv5 = 1", "line 2: limits.ipv5", "Did you mean ipv"),
        ('[mode]\nvpcs = {}\ndefault = "fix"', "line 2: mode.vpcs", "Did you mean vpc?"),
        (f"\n{EXEMPTION}{GROUP}until = 1", "line 7: exemption[0].until", "there is no such key"),
        ("guarded = 22", "line 1: guarded", "of type array, got int. Write for example guarded = ["),
        ("guarded = [22, 2.5]", "line 1: guarded[1]", "of type int | str, got float"),
        ("guarded = [true]", "line 1: guarded[0]", "of type int | str, got bool"),
        ("mode = 'fix'", "line 1: mode", "of type table, got str. Write for example [mode]."),
        ("[mode]\ncontrol = 1", "line 2: mode.control", "of type table, got int"),
        ("[exemption]", "line 1: exemption", "of type array, got table. Write for example [[exemption]]."),
        ("trusted.ipv4 = [10]", "line 1: trusted.ipv4[0]", "of type str, got int"),
        ("limits.ipv4 = 1.5", "line 1: limits.ipv4", "of type int | str, got float"),
    ],
)
def test_unknown_keys_and_wrong_types(text: str, place: str, said: str) -> None:
    assert refusal(text).startswith(f"my.toml, {place}: ")
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("guarded = []", "line 1: guarded", "no port is guarded"),
        ("guarded = [22, 70000]", "line 1: guarded[1]", "70000 is not a port"),
        ('guarded = ["remote-admn"]', "line 1: guarded[0]", "Did you mean remote-admin?"),
        ('guarded = ["25-20"]', "line 1: guarded[0]", "Write 20-25."),
        ("guarded = [-1]", "line 1: guarded[0]", "'-1' is neither"),
        ("limits.ipv4 = 0", "line 1: limits.ipv4", "a limit of 0 addresses"),
        ("limits.ipv4 = -5", "line 1: limits.ipv4", "a limit of -5 addresses"),
        ('limits.ipv4 = "/0"', "line 1: limits.ipv4", "nothing would ever be at fault"),
        ('limits.ipv6 = "/3"', "line 1: limits.ipv6", "nothing would ever be at fault"),
        ("limits.ipv4 = 9999999999", "line 1: limits.ipv4", "nothing would ever be at fault"),
        ('limits.ipv4 = "/33"', "line 1: limits.ipv4", "'/33' is not the length of an IPv4 prefix"),
        ('limits.ipv6 = "/129"', "line 1: limits.ipv6", "not the length of an IPv6 prefix"),
        ('limits.ipv4 = "8"', "line 1: limits.ipv4", "'8' is not the length"),
        ('trusted.ipv4 = ["0.0.0.0/0"]', "line 1: trusted.ipv4", "the whole IPv4 internet is trusted"),
        ('trusted.ipv4 = ["0.0.0.0/1", "128.0.0.0/1"]', "line 1: trusted.ipv4", "the whole IPv4 internet"),
        ('trusted.ipv6 = ["2000::/3"]', "line 1: trusted.ipv6", "the whole IPv6 internet"),
        ('trusted.ipv4 = ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"]', "line 1: trusted.ipv4", "the whole"),
        (
            'trusted.ipv4 = ["10.0.0.1/8"]',
            "line 1: trusted.ipv4[0]",
            "Did you mean 10.0.0.0/8?",
        ),
        ('trusted.ipv4 = ["fd00::/8"]', "line 1: trusted.ipv4[0]", "is IPv6. Write an IPv4 range."),
        (
            'replacement.ipv4 = "0.0.0.0/0"',
            "line 1: replacement.ipv4",
            "holds 3,702,258,688 public addresses",
        ),
        ('replacement.ipv4 = "VPC"', "line 1: replacement.ipv4", "Write a range such as 10.0.0.0/8, or vpc, or revoke"),
        ('aws_prefix_lists = "trust"', "line 1: aws_prefix_lists", "Did you mean trusted?"),
        ("aws_prefix_lists = []", "line 1: aws_prefix_lists", "It is one of resolved, trusted."),
        ('unreadable_prefix_lists = "revoked"', "line 1: unreadable_prefix_lists", "Did you mean revoke?"),
    ],
)
def test_values_that_make_no_sense_or_contradict_each_other(text: str, place: str, said: str) -> None:
    assert refusal(text).startswith(f"my.toml, {place}: ")
    assert said in refusal(text)


def test_what_is_trusted_may_not_leave_less_than_the_limit() -> None:
    limit = 'limits.ipv4 = "/8"'
    all_but_one_8 = [
        "0.0.0.0/1",
        "128.0.0.0/2",
        "192.0.0.0/4",
        "208.0.0.0/5",
        "216.0.0.0/6",
        "220.0.0.0/7",
        "222.0.0.0/8",
    ]
    assert refusal(f"{limit}\ntrusted.ipv4 = {all_but_one_8}").startswith(
        "my.toml, line 1: limits.ipv4: nothing would ever be at fault: the limit is 16,777,216 addresses, and the IPv4 "
        "internet has 16,777,216 that are not trusted."
    )


def test_a_replacement_is_public_only_where_it_is_trusted() -> None:
    text = '[limits]\nipv4 = "/16"\n\n[replacement]\nipv4 = "52.0.0.0/23"\n'
    assert refusal(text).startswith(
        "my.toml, line 5: replacement.ipv4: 52.0.0.0/23 holds 512 public addresses, and whoever has one would be let in"
    )
    assert parse_policy({}, f'{text}[trusted]\nipv4 = ["52.0.0.0/16"]').exposes(ip_network("52.0.0.0/23")) == 0


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[mode]\ndefault = 'of'", "line 2: mode.default", "'of' is not a mode. Write fix"),
        ("[mode]\ndefault = []", "line 2: mode.default", "[] is not a mode"),
        (
            "[mode.control]\nsecurity_group_ingres = 'fix'",
            "line 2: mode.control.security_group_ingres",
            "there is no control of this id. Did you mean security_group_ingress?",
        ),
        ("[mode.control]\ns3_public_access = 1", "line 2: mode.control.s3_public_access", "1 is not a mode"),
        ("[mode.account]\n1111 = 'fix'", "line 2: mode.account.1111", "'1111' is not the id of an account"),
        ("[mode.account]\n111122223333 = 'x'", "line 2: mode.account.111122223333", "'x' is not a mode"),
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
    assert sentence.startswith(f"my.toml, line 1: exemption[0]: {lacking} is missing. ")
    assert EXAMPLES[f"exemption.{lacking}"] in sentence


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (EXEMPTION, "line 1: exemption[0]", "it would exempt everything. Add at least one of group, vpc, account"),
        (f"{EXEMPTION}group = '*'", "line 5: exemption[0].group", "'*' is not the id of a security group"),
        (f"{EXEMPTION}group = ''", "line 5: exemption[0].group", "'' is not the id of a security group"),
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
            "it has the scope of exemption[0]",
        ),
        (f"{EXEMPTION}{GROUP}".replace('"a"', '" "'), "line 2: exemption[0].owner", "it is empty"),
        (f"{EXEMPTION}{GROUP}".replace('"b"', '""'), "line 3: exemption[0].reason", "it is empty"),
        (
            f"{EXEMPTION}{GROUP}".replace("2030-06-30", '"2030-06-30"'),
            "line 4: exemption[0].expires",
            "'2030-06-30' is not a date. Write a date without quotes",
        ),
        (
            f"{EXEMPTION}{GROUP}".replace("2030-06-30", "2030-06-30T12:00:00"),
            "line 4: exemption[0].expires",
            "does not say in which time zone. Write 2030-06-30T12:00:00Z for UTC.",
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
    text = '# first\n\nguarded = [\n  "22",\n  # comment = [\n  "ssh",\n]\n'
    assert refusal(text).startswith("my.toml, line 3: guarded[1]: ")


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
