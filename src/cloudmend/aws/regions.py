"""The Regions of an account, and a door to each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from botocore.exceptions import InvalidRegionError
from botocore.session import Session

from cloudmend.aws.gateway import Gateway, SystemClock, connector
from cloudmend.aws.world import chosen_region
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import Request

PERMISSIONS: Final = frozenset({"ec2:DescribeRegions"})


def enabled_regions() -> tuple[str, ...]:
    """The names of the Regions that are enabled for the account. Raises CloudmendError."""
    (home,) = ec2_gateways([own_region()]).values()
    answer = home.call(Request("ec2:DescribeRegions", {}))  # AWS leaves out what is not enabled
    return tuple(sorted(row["RegionName"] for row in answer["Regions"]))


def own_region() -> str:
    """The environment's. Raises CloudmendError where none is set."""
    return chosen_region(Session(), None)


def ec2_gateways(regions: Iterable[str]) -> dict[str, Gateway]:
    """A door to EC2 in each Region. Raises CloudmendError for what cannot be the name of one.

    Its client is made at once: making one is not safe in several threads, calling it is.
    """
    session = Session()
    clients = {region: _ec2_client(session, region) for region in regions}
    return {region: Gateway(region, {"ec2": client}.__getitem__, SystemClock()) for region, client in clients.items()}


def _ec2_client(session: Session, region: str) -> Any:
    try:
        return connector(session, region)("ec2")
    except InvalidRegionError:  # an event may name anything
        raise CloudmendError(f"{region!r} is not the name of a Region. Pass --region, such as eu-west-1.") from None
