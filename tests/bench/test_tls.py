"""Connections to AWS: each is verified, and all by a trust store that is read once."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.httpsession import DEFAULT_CA_BUNDLE
from botocore.session import Session

from client import event
from cloudmend.aws.errors import translated
from cloudmend.aws.gateway import connector, trusting
from cloudmend.core.errors import AwsError
from endpoint import REGION, Endpoint


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    trusting.cache_clear()
    yield
    trusting.cache_clear()


def ec2(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Any:
    for name, value in {**endpoint.environment, **settings}.items():
        monkeypatch.setenv(name, value)
    return connector(Session(), REGION)("ec2")


def test_all_connections_of_a_mend_read_the_trust_store_once(
    endpoint: Endpoint, respond: Callable[[Any, Any], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, cafile: str, *more: Any) -> None:
        read.append(cafile)
        load(self, cafile, *more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    endpoint.reset(groups=1, every=1)
    respond(event(0), None)
    told = endpoint.told()
    assert told.open == 0
    assert told.calls["PutEvents"] == 1  # of another client than the closing write
    assert read.count(str(endpoint.store)) == 1


def test_a_server_that_nobody_vouches_for_is_refused(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.reset(groups=1, every=1)
    trusted = ec2(endpoint, monkeypatch)
    trusted.describe_security_groups()
    untrusted = ec2(endpoint, monkeypatch, AWS_CA_BUNDLE=DEFAULT_CA_BUNDLE)
    with pytest.raises(AwsError, match="CERTIFICATE_VERIFY_FAILED"), translated("ec2:DescribeSecurityGroups", REGION):
        untrusted.describe_security_groups()


def test_a_certificate_for_another_host_is_refused(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.reset(groups=1, every=1)
    elsewhere = ec2(endpoint, monkeypatch, AWS_ENDPOINT_URL=endpoint.url.replace("127.0.0.1", "localhost"))
    wrong = pytest.raises(AwsError, match="hostname 'localhost' doesn't match")
    with wrong, translated("ec2:DescribeSecurityGroups", REGION):
        elsewhere.describe_security_groups()
