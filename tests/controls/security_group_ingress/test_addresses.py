"""Limits, and addresses without a mask: the sentence that says what was probably meant."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from cloudmend.core.errors import PolicyError
from support import sg_settings

TABLE = "[control.security_group_ingress]\n"


def fault(line: str) -> str:
    with pytest.raises(PolicyError) as refused:
        sg_settings(TABLE + line)
    (told,) = refused.value.faults
    return told.removeprefix("policy.toml, line 2: control.security_group_ingress.")


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("10.0.0.0", "10.0.0.0/8, or 10.0.0.0/32 for that one address"),
        ("128.0.0.0", "128.0.0.0/8, or 128.0.0.0/32 for that one address"),
        ("10.1.0.0", "10.1.0.0/16, or 10.1.0.0/32 for that one address"),
        ("10.0.64.0", "10.0.64.0/24, or 10.0.64.0/32 for that one address"),
        ("10.0.1.0", "10.0.1.0/24, or 10.0.1.0/32 for that one address"),
        ("10.0.0.128", "10.0.0.128/32"),
        ("10.0.0.1", "10.0.0.1/32"),
    ],
)
def test_an_address_without_a_mask_is_refused_with_the_ranges_that_it_may_mean(address: str, written: str) -> None:
    told = f"replacement.ipv4: {address} has no mask, and would be one address. Write {written}."
    assert fault(f'replacement.ipv4 = "{address}"') == told


def test_the_ranges_of_ipv6_are_found_in_the_same_way() -> None:
    assert fault('replacement.ipv6 = "fd00::"').endswith("Write fd00::/8, or fd00::/128 for that one address.")


@pytest.mark.parametrize(("limit", "few"), [(1, 32), (2, 31), (32, 27)])
def test_a_limit_that_looks_like_a_prefix_is_refused_with_both_meanings(limit: int, few: int) -> None:
    assert fault(f"limits.ipv4 = {limit}") == (
        f"limits.ipv4: {limit} is a number of addresses, and looks like the length of a prefix. "
        f'Write "/{limit}" for the prefix, or "/{few}" for so few addresses.'
    )
    assert sg_settings(f"{TABLE}limits.ipv4 = 33").limits[4] == 33
    assert sg_settings(f"{TABLE}limits.ipv6 = 129").limits[6] == 129


def test_a_limit_of_nothing_is_refused() -> None:
    told = "limits.ipv4: a limit of 0 addresses would put every public source at fault"
    assert fault("limits.ipv4 = 0").startswith(told)


def test_a_limit_within_which_all_that_is_not_trusted_lies_is_refused() -> None:
    world, one = IPv4Network("0.0.0.0/0"), IPv4Network("8.8.8.8/32")
    trusted = ", ".join(f'"{network}"' for network in world.address_exclude(one))
    assert fault(f"trusted.ipv4 = [{trusted}]\nlimits.ipv4 = 256").endswith(
        "nothing would ever be at fault: the limit is 256 addresses, and the IPv4 internet has 1 that are not trusted. "
        "Write a lower limit."
    )
