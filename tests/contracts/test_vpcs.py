"""DescribeVpcs: the part of it that says which addresses are a VPC's own."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from contracts.backends import Backend


def test_the_id_of_a_vpc_has_its_form(ec2: Any) -> None:
    for vpc_id, code in (("vpc-1", "Malformed"), ("vpc-0123456789abcdef0", "NotFound")):
        with pytest.raises(ClientError, match=rf"\(InvalidVpcID.{code}\)"):
            ec2.describe_vpcs(VpcIds=[vpc_id])


def test_a_vpc_is_found_by_id_and_shows_all_its_blocks(ec2: Any, backend: Backend) -> None:
    (vpc,) = ec2.describe_vpcs(VpcIds=[backend.vpc])["Vpcs"]
    ipv4 = vpc["CidrBlockAssociationSet"]
    (ipv6,) = vpc["Ipv6CidrBlockAssociationSet"]
    assert vpc["CidrBlock"] == "10.20.0.0/16"
    assert [block["CidrBlock"] for block in ipv4] == ["10.20.0.0/16", "10.21.0.0/16"]
    assert IPv6Network(ipv6["Ipv6CidrBlock"]).prefixlen == 56
    assert {block["CidrBlockState"]["State"] for block in ipv4} == {ipv6["Ipv6CidrBlockState"]["State"]}
    assert ipv6["Ipv6CidrBlockState"]["State"] == "associated"


def test_the_default_vpc_is_found_by_a_filter(ec2: Any, backend: Backend) -> None:
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert (vpc["VpcId"], vpc["IsDefault"]) == (backend.default_vpc, True)


def test_a_vpc_that_does_not_exist_is_an_error(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidVpcID.NotFound\)"):
        ec2.describe_vpcs(VpcIds=["vpc-0123456789abcdef0"])
