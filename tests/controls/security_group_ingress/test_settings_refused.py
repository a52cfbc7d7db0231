"""What is wrong or doubtful in the settings of the control of security groups, word for word."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.parse import review_policy
from support import settings_in, sg_settings

TABLE = "[control.security_group_ingress]\n"

REFUSALS = {
    "guarded = 22": (
        "line 1: guarded: this should be of type array, got int. "
        'Write for example guarded = ["remote-admin", 5432, "8000-8100", "udp/53"].'
    ),
    "guarded = []": "line 1: guarded: no port is guarded. Write at least one, for example 22,3389.",
    "guarded = [70000]": "line 1: guarded[0]: 70000 is not a port. Ports are 0 to 65535.",
    "guarded = ['25-20']": "line 1: guarded[0]: the range 25-20 runs backwards. Write 20-25.",
    "guarded = ['x']": (
        "line 1: guarded[0]: 'x' is neither a port nor a range, protocol or named set. Write 22, 8000-8100, udp/53, "
        "tcp or a set. It is one of all-but-web, high-risk, icmp, icmpv6, remote-admin, tcp, udp."
    ),
    "guarded = [0]": "line 1: guarded[0]: nothing listens on port 0. Write tcp to guard all ports.",
    "guarded = ['udp/0']": "line 1: guarded[0]: nothing listens on port 0. Write udp to guard all ports.",
    "limits.ipv4 = 8": (
        "line 1: limits.ipv4: 8 is a number of addresses, and looks like the length of a prefix. "
        'Write "/8" for the prefix, or "/29" for so few addresses.'
    ),
    "limits.ipv6 = 65": (
        "line 1: limits.ipv6: 65 is a number of addresses, and looks like the length of a prefix. "
        'Write "/65" for the prefix, or "/121" for so few addresses.'
    ),
    "limits.ipv4 = 0": (
        "line 1: limits.ipv4: a limit of 0 addresses would put every public source at fault. "
        'Write the length of a prefix, such as "/24", or a number of addresses, such as 256.'
    ),
    "limits.ipv4 = '8'": (
        "line 1: limits.ipv4: '8' is not the length of an IPv4 prefix. "
        'Write the length of a prefix, such as "/24", or a number of addresses, such as 256.'
    ),
    "limits.ipv4 = '/0'": (
        "line 1: limits.ipv4: nothing would ever be at fault: the limit is 4,294,967,296 addresses, and the IPv4 "
        "internet has 3,702,258,688 that are not trusted. Write a lower limit."
    ),
    "trusted.ipv4 = ['0.0.0.0/0']": (
        "line 1: trusted.ipv4: the whole IPv4 internet is trusted. Write the networks that are your own."
    ),
    "trusted.ipv6 = ['x']": (
        "line 1: trusted.ipv6[0]: 'x' is not a CIDR range ('x' does not appear to be an IPv4 or IPv6 network). "
        "Write a range such as 2001:db8:1::/48."
    ),
    "trusted.ipv4 = ['52.0.0.0']": (
        "line 1: trusted.ipv4[0]: 52.0.0.0 has no mask, and would be one address. "
        "Write 52.0.0.0/8, or 52.0.0.0/32 for that one address."
    ),
    "trusted.ipv4 = ['198.51.100.7']": (
        "line 1: trusted.ipv4[0]: 198.51.100.7 has no mask, and would be one address. Write 198.51.100.7/32."
    ),
    "trusted.ipv4 = ['0.0.0.0']": (
        "line 1: trusted.ipv4[0]: 0.0.0.0 has no mask, and would be one address. Write 0.0.0.0/32."
    ),
    "replacement.ipv6 = 'fd12:3456::'": (
        "line 1: replacement.ipv6: fd12:3456:: has no mask, and would be one address. "
        "Write fd12:3456::/32, or fd12:3456::/128 for that one address."
    ),
    "trusted.ipv4 = ['52.1.2.3/8']": (
        "line 1: trusted.ipv4[0]: 52.1.2.3/8 has bits set beyond its mask. Did you mean 52.0.0.0/8?"
    ),
    "trusted.ipv4 = ['fd00::/8']": "line 1: trusted.ipv4[0]: fd00::/8 is IPv6. Write an IPv4 range.",
    "replacement.ipv4 = '0.0.0.0/0'": (
        "line 1: replacement.ipv4: 0.0.0.0/0 holds 3,702,258,688 public addresses, and whoever has one would be let in "
        "by every mend. Write a range such as 10.0.0.0/8; if it is your own, add it to trusted.ipv4."
    ),
    "replacement.ipv6 = 'any'": (
        "line 1: replacement.ipv6: 'any' is not a CIDR range ('any' does not appear to be an IPv4 or IPv6 network). "
        "Write a range such as fd00::/8, or vpc, or revoke."
    ),
    "aws_prefix_lists = 'all'": (
        "line 1: aws_prefix_lists: 'all' is not a way to treat AWS's own lists. It is one of resolved, trusted."
    ),
    "flapping = 'ask'": (
        "line 1: flapping: 'ask' is not a way to treat a rule that is opened again and again. "
        "It is one of narrow, revoke."
    ),
    "unreadable_prefix_lists = 'keep'": (
        "line 1: unreadable_prefix_lists: 'keep' is not a way to treat a rule whose list cannot be read. "
        "It is one of report, revoke."
    ),
}


def refusal(text: str) -> str:
    """The only one, as if the table were a file of its own."""
    with pytest.raises(PolicyError) as refused:
        review_policy({}, f"{TABLE}{text}", catalog=CATALOG)
    (fault,) = refused.value.faults
    return in_table(fault)


def in_table(note: str) -> str:
    found = re.fullmatch(r"policy\.toml, line (\d+): control\.security_group_ingress\.(.*)", note)
    assert found, note
    return f"line {int(found[1]) - 1}: {found[2]}"


@pytest.mark.parametrize(("text", "sentence"), REFUSALS.items())
def test_a_refused_setting_is_told_by_line_key_reason_and_what_to_write(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


WARNINGS = {
    "guarded = ['440-450']": (
        "line 1: guarded: tcp/443 is guarded, so a web server or load balancer that serves the public there is cut "
        "off. Leave it out, or write all-but-web for everything else."
    ),
    "limits.ipv4 = '/1'": (
        "line 1: limits.ipv4: a guarded port may be open to 2,147,483,648 public addresses: a rule from a whole /1 is "
        "not at fault. Write a lower limit, if that is not what you mean."
    ),
    "limits.ipv6 = '/31'": (
        "line 1: limits.ipv6: a guarded port may be open to 2^97 public addresses: a rule from a whole /31 is not at "
        "fault. Write a lower limit, if that is not what you mean."
    ),
    "trusted.ipv4 = ['52.0.0.0/8', '10.0.0.0/8']": (
        "line 1: trusted.ipv4[1]: 10.0.0.0/8 holds no public address, and only those count. Leave it out."
    ),
    "trusted.ipv4 = ['52.0.0.0/8', '54.0.0.0/8']": (
        "line 1: trusted.ipv4: 33,554,432 public addresses are trusted, and a port that only they reach is never at "
        "fault. Write the networks that are your own."
    ),
    "replacement.ipv4 = '127.0.0.0/8'": (
        "line 1: replacement.ipv4: no packet comes from 127.0.0.0/8, so a narrowed rule would let nobody in. "
        "Write revoke to say that, or a range such as 10.0.0.0/8."
    ),
    "replacement.ipv6 = 'fe80::/10'": (
        "line 1: replacement.ipv6: no packet comes from fe80::/10, so a narrowed rule would let nobody in. "
        "Write revoke to say that, or a range such as fd00::/8."
    ),
}


def warnings(text: str) -> list[str]:
    return [in_table(each) for each in review_policy({}, f"{TABLE}{text}", catalog=CATALOG)[1]]


@pytest.mark.parametrize(("text", "sentence"), WARNINGS.items())
def test_what_is_sound_and_probably_not_meant_is_warned_of(text: str, sentence: str) -> None:
    assert warnings(text) == [sentence]


@pytest.mark.parametrize(
    "text",
    [
        "guarded = ['all-but-web']",
        "limits = { ipv4 = '/8', ipv6 = '/32' }",
        "limits = { ipv4 = 33, ipv6 = 129 }",
        "trusted.ipv4 = ['52.0.0.0/8']",
        "replacement = { ipv4 = 'vpc', ipv6 = 'revoke' }",
        "replacement = { ipv4 = '100.64.0.0/10', ipv6 = 'fc00::/7' }",
        "replacement.ipv4 = '52.0.0.0/16'\ntrusted.ipv4 = ['52.0.0.0/8']",
    ],
)
def test_what_people_mean_is_not_warned_of(text: str) -> None:
    assert warnings(text) == []


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("limits.ipv5 = 1", "line 1: limits.ipv5", "Did you mean ipv"),
        ("guarded = 22", "line 1: guarded", "of type array, got int. Write for example guarded = ["),
        ("guarded = [22, 2.5]", "line 1: guarded[1]", "of type int | str, got float"),
        ("guarded = [true]", "line 1: guarded[0]", "of type int | str, got bool"),
        ("trusted.ipv4 = [10]", "line 1: trusted.ipv4[0]", "of type str, got int"),
        ("limits.ipv4 = 1.5", "line 1: limits.ipv4", "of type int | str, got float"),
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
    assert refusal(text).startswith(f"{place}: ")
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
        "line 1: limits.ipv4: nothing would ever be at fault: the limit is 16,777,216 addresses, and the IPv4 "
        "internet has 16,777,216 that are not trusted."
    )


def test_a_replacement_is_public_only_where_it_is_trusted() -> None:
    text = 'limits.ipv4 = "/16"\n\n[control.security_group_ingress.replacement]\nipv4 = "52.0.0.0/23"\n'
    assert refusal(text).startswith(
        "line 4: replacement.ipv4: 52.0.0.0/23 holds 512 public addresses, and whoever has one would be let in"
    )
    assert sg_settings(f'{text}[trusted]\nipv4 = ["52.0.0.0/16"]').exposes(ip_network("52.0.0.0/23")) == 0


OLD = """\
guarded = [5432]
aws_prefix_lists = "resolved"
unreadable_prefix_lists = "revoke"
[limits]
ipv4 = "/16"
[trusted]
ipv4 = ["52.0.0.0/16"]
[replacement]
ipv6 = "revoke"
"""


def test_keys_that_stood_at_the_top_level_are_read_there_and_told_where_they_belong() -> None:
    policy, told = review_policy({}, OLD, catalog=CATALOG)
    assert settings_in(policy) == sg_settings(
        f"""{TABLE}
        guarded = [5432]
        aws_prefix_lists = "resolved"
        unreadable_prefix_lists = "revoke"
        limits.ipv4 = "/16"
        trusted.ipv4 = ["52.0.0.0/16"]
        replacement.ipv6 = "revoke"
        """
    )
    keys = {
        1: "guarded",
        2: "aws_prefix_lists",
        3: "unreadable_prefix_lists",
        4: "limits",
        6: "trusted",
        8: "replacement",
    }
    assert list(told) == [
        f"policy.toml, line {line}: {key}: this key has moved to control.security_group_ingress.{key}. "
        "Write it there: the next version refuses it here."
        for line, key in keys.items()
    ]


def test_a_fault_in_a_key_of_the_top_level_is_told_where_it_stands() -> None:
    with pytest.raises(PolicyError) as refused:
        review_policy({}, "\nguarded = [22, 70000]\n[limits]\nipv5 = 1", catalog=CATALOG)
    assert refused.value.faults == (
        "policy.toml, line 2: guarded[1]: 70000 is not a port. Ports are 0 to 65535.",
        "policy.toml, line 4: limits.ipv5: there is no such key. Did you mean ipv6?",
    )


def test_a_key_that_stands_in_both_places_is_refused() -> None:
    with pytest.raises(PolicyError) as refused:
        review_policy({}, f"guarded = [22]\n{TABLE}guarded = [23]", catalog=CATALOG)
    (fault,) = refused.value.faults
    assert fault == (
        "policy.toml, line 1: guarded: control.security_group_ingress.guarded says it too. "
        "Keep that one, and take this one out."
    )
