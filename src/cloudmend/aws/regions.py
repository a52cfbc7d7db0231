"""The Regions of an account, and a client for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from botocore.session import Session

from cloudmend.aws.gateway import Gateway, SystemClock, connector
from cloudmend.aws.world import chosen_region, found_region
from cloudmend.core.model import Request

Connect = Callable[[str], Gateway]  # by the Region's name

PERMISSIONS: Final = frozenset({"ec2:DescribeRegions"})


def enabled_regions() -> tuple[str, ...]:
    """The names of the Regions that are enabled for the account. Raises CloudmendError."""
    (home,) = gateways([own_region()]).values()
    answer = home.call(Request("ec2:DescribeRegions", {}))  # AWS leaves out what is not enabled
    return tuple(sorted(row["RegionName"] for row in answer["Regions"]))


def own_region() -> str:
    """The environment's. Raises CloudmendError if none is set."""
    return chosen_region(Session(), None)


def environment_region() -> str:
    """Return the Region of the environment, empty if none is set."""
    return found_region(Session(), None)


def connect() -> Connect:
    """Return a maker of gateways with the environment's credentials, which the first call looks for."""
    session = Session()
    return lambda region: Gateway(region, connector(session, region), SystemClock())


def gateways(regions: Iterable[str]) -> dict[str, Gateway]:
    """Return a reader of every service in each Region. Raises CloudmendError if a name cannot be that of a Region."""
    session = Session()
    return {region: _gateway(session, region) for region in regions}


def _gateway(session: Session, region: str) -> Gateway:
    connect = connector(session, region)
    connect("ec2")  # here, and not in the middle of what reads several Regions: a client refuses an odd name
    return Gateway(region, connect, SystemClock())
