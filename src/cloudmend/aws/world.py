"""The ports of one account and Region, over botocore and the machine's clock: who calls, and which Regions there are.

The AWS that answers is AWS itself, or a server that an endpoint setting names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from botocore.loaders import Loader
from botocore.session import Session
from msgspec import Struct

from cloudmend.aws.errors import readable_settings, translated
from cloudmend.aws.gateway import BRIEFLY, Gateway, SystemClock, connector
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Ledger
from cloudmend.core.loopback import START
from cloudmend.core.model import Request
from cloudmend.core.ports import Begin, Clock, Notifier
from cloudmend.core.world import World

_AT_ONCE: Final = 4  # what a mend reads besides the facts, or the channels that it is told in
_GLOBAL: Final = "us-east-1"
_Answer = TypeVar("_Answer")
Connect = Callable[[str], Gateway]  # by the Region's name
REGIONS_PERMISSIONS: Final = frozenset({"ec2:DescribeRegions"})
# IAM actions: all that its requests use, and no other. No policy can forbid it, so no role holds it.
IDENTITY_PERMISSIONS: Final = frozenset({"sts:GetCallerIdentity"})
_THIS_MACHINE: Final = ("127.0.0.1", "::1")


class Connection(Struct, frozen=True):
    """The connection to AWS in one Region. Both give the botocore client of a service, made when first needed.

    `connect` has patience for what a mend depends on; `connect_briefly` has little, for what must not delay one.
    """

    region: str
    clock: Clock
    connect: Callable[[str], Any]
    connect_briefly: Callable[[str], Any]

    @property
    def gateway(self) -> Gateway:
        return Gateway(self.region, self.connect, self.clock)

    @property
    def brief_gateway(self) -> Gateway:
        return Gateway(self.region, self.connect_briefly, self.clock)

    def caller(self) -> str:
        """The ARN of whoever the credentials are of. AWS asks no permission for that. Raises AwsError."""
        return self.identity().arn

    def identity(self) -> Identity:
        """Whose the credentials are, and which AWS said so. Raises AwsError."""
        return identify(self.connect("sts"))

    def brief_identity(self) -> Identity:
        """The same with little patience. Raises AwsError."""
        return identify(self.connect_briefly("sts"))

    def account(self) -> str:
        """Return the id of the account of the credentials. Raises AwsError."""
        return self.identity().account

    def known_account(self) -> str:
        """Return the account for a command that only looks; empty if AWS does not answer soon."""
        try:
            return self.brief_identity().account
        except CloudmendError:
            return ""


def connection(region: str | None = None) -> Connection:
    """Return a connection with the environment's credentials, in `region` or in the Region of the environment.

    Raises CloudmendError if no Region is set. The first call looks for the credentials.
    """
    session = Session()
    region = chosen_region(session, region)
    return Connection(region, SystemClock(), connector(session, region), connector(session, region, BRIEFLY))


def anywhere(region: str | None = None) -> Connection:
    """Return a connection even if no Region is set, for resources that an account has only once."""
    return connection(found_region(Session(), region) or _GLOBAL)


def chosen_region(session: Session, region: str | None) -> str:
    """Return `region`, or the Region of the environment. Raises CloudmendError if none is set."""
    chosen = found_region(session, region)
    if not chosen:
        raise CloudmendError(
            "No AWS Region is set. Pass --region, or set AWS_REGION, for example AWS_REGION=eu-west-1."
        )
    return chosen


def found_region(session: Session, region: str | None) -> str:
    """The same, but empty where none is set."""
    # AWS_REGION is what Lambda and the newer SDKs set; botocore itself reads AWS_DEFAULT_REGION and the profile.
    with readable_settings():
        return str(region or os.environ.get("AWS_REGION") or session.get_config_variable("region") or "")


def threads() -> Begin:
    """A way to begin calls in a few threads of its own."""
    pool = ThreadPoolExecutor(_AT_ONCE)

    def begin(read: Callable[[], _Answer]) -> Callable[[], _Answer]:
        return pool.submit(read).result

    return begin


def world(*, ledger: Ledger, notifier: Notifier, region: str | None = None, run_by: str = "") -> World:
    """The world of the environment's credentials, without a switch. Raises as `connection` does."""
    here = connection(region)
    gateway = here.gateway
    return World(
        account=cache(here.account),
        region=here.region,
        reader=gateway,
        writer=gateway,
        ledger=ledger,
        notifier=notifier,
        clock=here.clock,
        begin=threads(),
        run_by=run_by,
    )


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


class Identity(Struct, frozen=True):
    """The caller as STS knows it, and where that was answered.

    `endpoint` is host and port of a server that is not AWS's own, else empty. `start` names one start of the embedded
    AWS, which forgets everything when it stops; it is empty for all others.
    """

    arn: str
    account: str
    endpoint: str = ""
    start: str = ""


def identify(sts: Any) -> Identity:
    """Ask a botocore client of STS. No policy can forbid the call. Raises AwsError."""
    with translated("sts:GetCallerIdentity", sts.meta.region_name):
        answer = sts.get_caller_identity()
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    return Identity(answer["Arn"], answer["Account"], other_endpoint(sts.meta.endpoint_url), headers.get(START, ""))


def other_endpoint(url: str) -> str:
    """Return the host and port of an endpoint, or an empty text if it is AWS's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(_suffixes()):
        return ""
    host = "localhost" if host in _THIS_MACHINE else host
    return f"{host}:{parts.port}" if parts.port else host


@cache
def _suffixes() -> tuple[str, ...]:
    """Return how the names of AWS's own servers end, in all partitions, VPC endpoints included."""
    outputs = [partition["outputs"] for partition in Loader().load_data("partitions")["partitions"]]
    return tuple(f".{each[name]}" for each in outputs for name in ("dnsSuffix", "dualStackDnsSuffix"))
