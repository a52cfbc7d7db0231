"""The partitions of AWS, by their Regions: a Region's name says which one it is in."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class Partition(Struct, frozen=True):
    """A group of Regions with accounts of its own: the second part of its ARNs, and its hosts' domain."""

    id: str
    url_suffix: str


_COMMERCIAL: Final = Partition("aws", "amazonaws.com")
# By how the names of their Regions begin. A test compares with botocore's partitions.json.
_OTHERS: Final = {
    "cn-": Partition("aws-cn", "amazonaws.com.cn"),
    "us-gov-": Partition("aws-us-gov", "amazonaws.com"),
    "us-iso-": Partition("aws-iso", "c2s.ic.gov"),
    "us-isob-": Partition("aws-iso-b", "sc2s.sgov.gov"),
    "eu-isoe-": Partition("aws-iso-e", "cloud.adc-e.uk"),
    "us-isof-": Partition("aws-iso-f", "csp.hci.ic.gov"),
    "eusc-": Partition("aws-eusc", "amazonaws.eu"),
}


def partition_of(region: str) -> Partition:
    """Return the partition that a Region is in."""
    return next((each for prefix, each in _OTHERS.items() if region.startswith(prefix)), _COMMERCIAL)
