"""Clients of the embedded AWS, in its account."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session

from cloudmend.local.server import EmbeddedAws

ACCOUNT = "123456789012"
SETTLE_S = 30.0


def unheard(_: str) -> None:
    """Take a line of a log that nobody reads."""


@cache
def _session() -> Session:
    """Return one session for all tests: it keeps the service models it has read."""
    return Session()


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
