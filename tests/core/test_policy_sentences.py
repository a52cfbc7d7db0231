"""One refusal of each kind, word for word: the sentence is all that its reader has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy import parse_policy, review_policy

HELD = '[[exemption]]\nowner = "a"\nreason = "b"\nexpires = 2030-06-30\n'
GROUP = 'group = "sg-0123456789abcdef0"\n'

REFUSALS = {
    "x = 1": (
        "line 1: x: there is no such key. It is one of aws_prefix_lists, exemption, guarded, limits, mode, "
        "replacement, trusted, unreadable_prefix_lists."
    ),
    "guarded = 22": (
        "line 1: guarded: this should be of type array, got int. "
        'Write for example guarded = ["remote-admin", 5432, "8000-8100", "udp/53"].'
    ),
    "mode = 'fix'": "line 1: mode: this should be of type table, got str. Write for example [mode].",
    f"{HELD}{GROUP}".replace('owner = "a"\n', ""): (
        'line 1: exemption[0]: owner is missing. Add a line such as owner = "network-team@example.com".'
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
        "line 1: aws_prefix_lists: 'all' is not a way to take AWS's own lists. It is one of resolved, trusted."
    ),
    "unreadable_prefix_lists = 'keep'": (
        "line 1: unreadable_prefix_lists: 'keep' is not what may become of a rule whose list cannot be read. "
        "It is one of report, revoke."
    ),
    "mode.default = 1": (
        "line 1: mode.default: 1 is not a mode. Write fix (close what is open) or observe (only report it)."
    ),
    "mode.control.x = 'fix'": (
        "line 1: mode.control.x: there is no control of this id. It is one of security_group_ingress."
    ),
    "mode.account.1 = 'fix'": (
        "line 1: mode.account.1: '1' is not the id of an account. Write it in full, without wildcards: 111122223333."
    ),
    HELD: ("line 1: exemption[0]: it would exempt everything. Add at least one of group, vpc, account, actor_role."),
    f"{HELD}{GROUP}{HELD}{GROUP}": (
        "line 6: exemption[1]: it has the scope of exemption[0]. Keep the one that is meant."
    ),
    f"{HELD}{GROUP}".replace('"a"', '" "'): (
        'line 2: exemption[0].owner: it is empty. Write for example owner = "network-team@example.com".'
    ),
    f"{HELD}{GROUP}".replace("2030-06-30", "1"): (
        "line 4: exemption[0].expires: 1 is not a date. Write a date without quotes, such as 2030-06-30."
    ),
    f"{HELD}{GROUP}".replace("2030-06-30", "2030-06-30T12:00:00"): (
        "line 4: exemption[0].expires: 2030-06-30 12:00:00 does not say in which time zone. "
        "Write 2030-06-30T12:00:00Z for UTC."
    ),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSALS.items())
def test_a_refused_file_is_told_by_line_key_reason_and_what_to_write(text: str, sentence: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_policy({}, text, controls=["security_group_ingress"])
    assert refusal.value.faults == (f"policy.toml, {sentence}",)


def test_a_refused_setting_is_told_by_both_its_names() -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_policy({"CLOUDMEND_MODE": "of"})
    assert str(refusal.value) == (
        "CLOUDMEND_MODE (template parameter Mode): 'of' is not a mode. "
        "Write fix (close what is open) or observe (only report it).\nThe policy was refused; nothing uses it."
    )


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
    f"{HELD}{GROUP}".replace("2030-06-30", "9999-12-31"): (
        "line 4: exemption[0].expires: it holds for more than five years, until 9999-12-31. "
        "Write a date by which somebody will have looked at it again."
    ),
    f"{HELD}{GROUP}".replace("2030-06-30", "2026-11-23"): (
        "line 4: exemption[0].expires: it expired on 2026-11-23, and exempts nothing. Take it out."
    ),
    f"{HELD}account = '111122223333'".replace("2030-06-30", "2026-12-24"): (
        "line 1: exemption[0]: whatever is opened in account 111122223333 stays open, and nobody is told. "
        'Add a group or a VPC, or write mode.account.111122223333 = "observe".'
    ),
}


def warnings(text: str) -> tuple[str, ...]:
    return review_policy({}, text, now=datetime(2026, 11, 24, 7, tzinfo=UTC))[1]


@pytest.mark.parametrize(("text", "sentence"), WARNINGS.items())
def test_what_is_sound_and_probably_not_meant_is_warned_of(text: str, sentence: str) -> None:
    assert warnings(text) == (f"policy.toml, {sentence}",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "guarded = ['all-but-web']",
        "limits = { ipv4 = '/8', ipv6 = '/32' }",
        "limits = { ipv4 = 33, ipv6 = 129 }",
        "trusted.ipv4 = ['52.0.0.0/8']",
        "replacement = { ipv4 = 'vpc', ipv6 = 'revoke' }",
        "replacement = { ipv4 = '100.64.0.0/10', ipv6 = 'fc00::/7' }",
        "replacement.ipv4 = '52.0.0.0/16'\ntrusted.ipv4 = ['52.0.0.0/8']",
        f"{HELD}{GROUP}".replace("2030-06-30", "2031-11-24"),
        f"{HELD}{GROUP}account = '111122223333'".replace("2030-06-30", "2026-11-24"),
    ],
)
def test_what_people_mean_is_not_warned_of(text: str) -> None:
    assert warnings(text) == ()


def test_expiries_are_not_looked_at_where_it_is_not_told_what_time_it_is() -> None:
    assert review_policy({}, f"{HELD}{GROUP}".replace("2030-06-30", "9999-12-31"))[1] == ()


def test_all_faults_of_a_policy_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
guarded = [22, 70000, true, "ssh"]
gaurded = 1
limits = { ipv4 = "/33", ipv6 = 1.5 }
trusted.ipv4 = ["10.0.0.1/8", "52.0.0.0"]
replacement.ipv4 = "192.186.0.0/16"
mode = { default = "of", control = { x = "fix" }, account = { 1 = "off" } }
[[exemption]]
owner = 1
expires = "soon"
[[exemption]]
reason = " "
group = "*"
until = 1
"""
    with pytest.raises(PolicyError) as refusal:
        parse_policy({"CLOUDMEND_MODE": "of", "CLOUDMEND_REPLACEMENT_IPV6": "::"}, text, controls=["s3"])
    told = [fault.removeprefix("policy.toml, line ").partition(": ") for fault in refusal.value.faults]
    assert [(place, rest.partition(": ")[0]) for place, _, rest in told if place[0].isdigit()] == [
        ("1", "guarded[1]"),
        ("1", "guarded[2]"),
        ("1", "guarded[3]"),
        ("2", "gaurded"),
        ("3", "limits.ipv4"),
        ("3", "limits.ipv6"),
        ("4", "trusted.ipv4[0]"),
        ("4", "trusted.ipv4[1]"),
        ("5", "replacement.ipv4"),
        ("6", "mode.account.1"),
        ("6", "mode.account.1"),
        ("6", "mode.control.x"),
        ("6", "mode.default"),
        ("7", "exemption[0]"),
        ("8", "exemption[0].owner"),
        ("9", "exemption[0].expires"),
        ("10", "exemption[1]"),
        ("10", "exemption[1]"),
        ("11", "exemption[1].reason"),
        ("12", "exemption[1].group"),
        ("13", "exemption[1].until"),
    ]
    assert [place for place, _, _ in told if not place[0].isdigit()] == [
        "CLOUDMEND_MODE (template parameter Mode)",
        "CLOUDMEND_REPLACEMENT_IPV6 (template parameter ReplacementIpv6)",
    ]
    assert str(refusal.value).splitlines() == [*refusal.value.faults, "The policy was refused; nothing uses it."]
