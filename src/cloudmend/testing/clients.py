"""An embedded AWS, clients of it in its account, and the commands that the pinned AWS CLI has, by its own tables."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session

from cloudmend.core.loopback import without_account

if TYPE_CHECKING:
    from cloudmend.local.server import EmbeddedAws

ACCOUNT = "123456789012"
SETTLE_S = 30.0


def unheard(_: str) -> None:
    """Take a line of a log that nobody reads."""


def embedded() -> EmbeddedAws:
    """Return an embedded AWS whose log nobody reads. Whoever only collects the tests imports none of it."""
    from cloudmend.local.server import EmbeddedAws

    return EmbeddedAws(log=unheard)


@cache
def _session() -> Session:
    """Return one session for all tests: it keeps the service models it has read."""
    session = Session()
    session.register("before-sign.s3-control", _without_account)
    return session


def _without_account(request: Any, **_: Any) -> None:
    request.url = without_account(request.url)


def client(
    aws: EmbeddedAws, service: str, config: Config | None = None, region: str | None = None, **credentials: str
) -> Any:
    """Return a botocore client with the example key, or other credentials; in the server's Region, or another."""
    keys = credentials or {
        "aws_access_key_id": aws.environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": aws.environment["AWS_SECRET_ACCESS_KEY"],
    }
    region = region or aws.region
    return _session().create_client(service, region_name=region, endpoint_url=aws.endpoint, config=config, **keys)


@cache
def _services() -> Any:
    from awscli.clidriver import create_clidriver

    return create_clidriver()._get_command_table()


@cache
def operations(service: str) -> frozenset[str]:
    """The subcommands of a service's command; none if there is no such command."""
    command = _services().get(service)
    return frozenset(command._get_command_table()) if command else frozenset()
