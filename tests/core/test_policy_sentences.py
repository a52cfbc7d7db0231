"""One refusal of each kind, word for word: the sentence is all that its reader has."""

from __future__ import annotations

import pytest

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy import parse_policy

HELD = '[[exemption]]\nowner = "a"\nreason = "b"\nexpires = 2030-06-30\n'
GROUP = 'group = "sg-0123456789abcdef0"\n'

REFUSALS = {
    "x = 1": (
        "line 1: x: there is no such key. It is one of aws_prefix_lists, exemption, guarded, limits, mode, "
        "replacement, trusted."
    ),
    "guarded = 22": (
        "line 1: guarded: this should be of type array, got int. "
        'Write for example guarded = ["remote-admin", 5432, "8000-8100", "udp/53"].'
    ),
    "mode = 'fix'": "line 1: mode: this should be of type table, got str. Write for example [mode].",
    HELD.replace('owner = "a"\n', ""): (
        'line 1: exemption[0]: owner is missing. Add a line such as owner = "network-team@example.com".'
    ),
    "guarded = []": "line 1: guarded: no port is guarded. Write at least one, for example 22,3389.",
    "guarded = [70000]": "line 1: guarded[0]: 70000 is not a port. Ports are 0 to 65535.",
    "guarded = ['25-20']": "line 1: guarded[0]: the range 25-20 runs backwards. Write 20-25.",
    "guarded = ['x']": (
        "line 1: guarded[0]: 'x' is neither a port nor a range, protocol or named set. Write 22, 8000-8100, udp/53, "
        "tcp or a set. It is one of all-but-web, high-risk, icmp, icmpv6, remote-admin, tcp, udp."
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
    "trusted.ipv4 = ['fd00::/8']": "line 1: trusted.ipv4[0]: fd00::/8 is IPv6. Write an IPv4 range.",
    "replacement.ipv4 = '0.0.0.0/0'": (
        "line 1: replacement.ipv4: 0.0.0.0/0 holds 3,702,258,688 public addresses, more than the limit of 1,048,576: "
        "it would itself be at fault. Write a range such as 10.0.0.0/8."
    ),
    "replacement.ipv6 = 'any'": (
        "line 1: replacement.ipv6: 'any' is not a CIDR range ('any' does not appear to be an IPv4 or IPv6 network). "
        "Write a range such as fd00::/8, or vpc, or revoke."
    ),
    "aws_prefix_lists = 'all'": (
        "line 1: aws_prefix_lists: 'all' is not a way to take AWS's own lists. It is one of resolved, trusted."
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
    assert str(refusal.value) == f"policy.toml, {sentence} Nothing was changed."


def test_a_refused_setting_is_told_by_both_its_names() -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_policy({"CLOUDMEND_MODE": "of"})
    assert str(refusal.value) == (
        "CLOUDMEND_MODE (template parameter Mode): 'of' is not a mode. "
        "Write fix (close what is open) or observe (only report it). Nothing was changed."
    )
