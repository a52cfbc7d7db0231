"""The account that the contract suite runs in: its guarded client, and the backend of each test."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from botocore.config import Config
from botocore.session import Session

from contracts.backends import Backend, create_prefix_list
from contracts.real.cleaning import Cleaner
from contracts.real.guard import Guard

_RETRIES: Final = {"mode": "standard", "total_max_attempts": 10}
_CHANGING: Final = ("create-in-progress", "modify-in-progress", "restore-in-progress")
_LOOKS: Final = 20


class NoDefaultVpc(Exception):
    """The Region has no default VPC, which the suite needs."""


@dataclass(frozen=True)
class Options:
    """The way that the suite treats an account."""

    profile: str | None = None
    region: str | None = None
    settle_s: float = 3.0  # how long reads wait after a write, for AWS to show it
    page_size: int = 100  # of the lists of what carries the tag


class Account:
    """An account and Region of AWS, as a profile of the AWS CLI's settings names it."""

    def __init__(self, options: Options) -> None:
        """Make the clients. Nothing is called yet. Raises botocore's errors for a profile that there is not."""
        session = Session(profile=options.profile)
        self.options = options
        self._session = session
        self.run = uuid.uuid4().hex[:12]
        self.ec2, self.reader = self._client("ec2"), self._client("ec2")
        self.guard = Guard(self.ec2, self.reader, self.run, options.settle_s)
        self.cleaner = Cleaner(self.ec2, self.reader, self.guard, options.page_size, options.settle_s)

    @property
    def region(self) -> str:
        """The Region."""
        return str(self.reader.meta.region_name)

    @property
    def endpoint(self) -> str:
        """The address that answers."""
        return str(self.reader.meta.endpoint_url)

    def caller(self) -> tuple[str, str]:
        """Return the account's id, and the ARN of the caller."""
        answer = self._client("sts").get_caller_identity()
        return answer["Account"], answer["Arn"]

    def default_vpc(self) -> str:
        """Return the id of the default VPC. Raises NoDefaultVpc."""
        filters = [{"Name": "is-default", "Values": ["true"]}]
        vpcs = self.reader.describe_vpcs(Filters=filters)["Vpcs"]
        if not vpcs:
            raise NoDefaultVpc(f"{self.region} has no default VPC, which the suite needs. Choose another Region.")
        return str(vpcs[0]["VpcId"])

    def backend(self) -> Backend:
        """Make what one test works with: a VPC and a prefix list of its own."""
        vpc = self.ec2.create_vpc(CidrBlock="10.20.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
        self.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.21.0.0/16")
        made = Backend(self.ec2, vpc=vpc, default_vpc=self.default_vpc(), prefix_list=create_prefix_list(self.ec2))
        self._wait_for(made.prefix_list)
        return made

    @contextmanager
    def as_region(self) -> Iterator[Callable[[], Backend]]:
        """Yield the account in the form of the suite's backends."""
        yield self.backend

    def _wait_for(self, prefix_list: str) -> None:
        for _ in range(_LOOKS):
            (shown,) = self.reader.describe_managed_prefix_lists(PrefixListIds=[prefix_list])["PrefixLists"]
            if shown["State"] not in _CHANGING:
                return
            time.sleep(self.options.settle_s)

    def _client(self, service: str) -> Any:
        return self._session.create_client(service, self.options.region, config=Config(retries=_RETRIES))
