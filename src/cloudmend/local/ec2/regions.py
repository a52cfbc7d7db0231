"""DescribeRegions: the Regions of a partition. An account has those that opened first without asking for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from botocore.session import Session

from cloudmend.core.partitions import partition_of
from cloudmend.local.ec2.checks import invalid
from cloudmend.local.ec2.filters import Values, matching
from cloudmend.local.ec2.model import Params, State

# The Regions that AWS opened before 20 March 2019: an account asks for those that came later.
_WITHOUT_ASKING = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)
_ROW = Mapping[str, str]
_FILTERS: Mapping[str, Values[_ROW]] = {
    "endpoint": lambda _, row: [row["Endpoint"]],
    "opt-in-status": lambda _, row: [row["OptInStatus"]],
    "region-name": lambda _, row: [row["RegionName"]],
}
_OPEN = "opt-in-not-required"


@cache
def names_in(partition: str) -> tuple[str, ...]:
    """Return the names of a partition's Regions, as botocore has them."""
    return tuple(Session().get_available_regions("ec2", partition))


def describe_regions(state: State, params: Params) -> dict[str, Any]:
    """Return the Regions that the account has, those that are named, or all. Raises Ec2Error."""
    rows = {name: _row(name) for name in names_in(partition_of(state.region).id)}
    named = params.get("RegionNames") or ()
    for name in named:
        if name not in rows:
            raise invalid(f"Invalid region name: {name}")
    shown: Iterable[_ROW] = [rows[name] for name in rows if not named or name in named]
    if not named and not params.get("AllRegions"):
        shown = [row for row in shown if row["OptInStatus"] == _OPEN]
    return {"Regions": matching(state, shown, params, _FILTERS)}


def opted_in(partition: str) -> Mapping[str, bool]:
    """Return whether an account has each Region of a partition without asking for it."""
    return {name: partition != "aws" or name in _WITHOUT_ASKING for name in names_in(partition)}


def _row(name: str) -> _ROW:
    partition = partition_of(name)
    is_open = opted_in(partition.id)[name]
    return {
        "Endpoint": f"ec2.{name}.{partition.url_suffix}",
        "RegionName": name,
        "OptInStatus": _OPEN if is_open else "not-opted-in",
    }
