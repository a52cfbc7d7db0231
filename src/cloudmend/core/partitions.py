"""The partitions of AWS, by their Regions: a Region's name says which one it is in."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

# Services of which CloudTrail reports all calls in the home Region of the partition: no rule of another one hears them.
GLOBAL_SOURCES: Final = frozenset(
    {"cloudfront.amazonaws.com", "iam.amazonaws.com", "organizations.amazonaws.com", "route53.amazonaws.com"}
)


class Partition(Struct, frozen=True):
    """A group of Regions with accounts of its own: the second part of its ARNs, and its hosts' domain.

    `home` is the Region in which its global services are kept, and their events appear.
    """

    id: str
    url_suffix: str
    home: str


_COMMERCIAL: Final = Partition("aws", "amazonaws.com", "us-east-1")
# By how the names of their Regions begin. A test compares with botocore's partitions.json.
_OTHERS: Final = {
    "cn-": Partition("aws-cn", "amazonaws.com.cn", "cn-north-1"),
    "us-gov-": Partition("aws-us-gov", "amazonaws.com", "us-gov-west-1"),
    "us-iso-": Partition("aws-iso", "c2s.ic.gov", "us-iso-east-1"),
    "us-isob-": Partition("aws-iso-b", "sc2s.sgov.gov", "us-isob-east-1"),
    "eu-isoe-": Partition("aws-iso-e", "cloud.adc-e.uk", "eu-isoe-west-1"),
    "us-isof-": Partition("aws-iso-f", "csp.hci.ic.gov", "us-isof-south-1"),
    "eusc-": Partition("aws-eusc", "amazonaws.eu", "eusc-de-east-1"),
}


def partition_of(region: str) -> Partition:
    """Return the partition that a Region is in."""
    return next((each for prefix, each in _OTHERS.items() if region.startswith(prefix)), _COMMERCIAL)
