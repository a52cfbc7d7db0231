"""Partitions: as botocore's own data has them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.loaders import Loader

from cloudmend.core.partitions import Partition, partition_of

PARTITIONS: list[dict[str, Any]] = Loader().load_data("partitions")["partitions"]
ENDPOINTS: list[dict[str, Any]] = Loader().load_data("endpoints")["partitions"]


@pytest.mark.parametrize("described", PARTITIONS, ids=lambda each: each["id"])
def test_every_region_is_in_the_partition_that_botocore_has_it_in(described: dict[str, Any]) -> None:
    named = [region for region in described["regions"] if not region.endswith("-global")]
    # Regions that are not there yet: botocore goes by their names, too.
    names = ("us-gov-north-9", "cn-south-9", "eu-south-9", "us-isob-north-9")
    later = [name for name in names if re.match(described["regionRegex"], name)]
    assert named
    assert {partition_of(region) for region in (*named, *later)} == {
        Partition(described["id"], described["outputs"]["dnsSuffix"], home_of(described))
    }


def home_of(described: dict[str, Any]) -> str:
    """The Region that signs the calls of IAM, a global service; or, where botocore has none, that of all of them."""
    (of_iam,) = [each["services"].get("iam", {}) for each in ENDPOINTS if each["partition"] == described["id"]]
    endpoint = of_iam.get("endpoints", {}).get(of_iam.get("partitionEndpoint"), {})
    home: str = endpoint.get("credentialScope", {}).get("region", described["outputs"]["implicitGlobalRegion"])
    return home
