"""A real botocore client whose requests are answered in memory: no socket, no network."""

from __future__ import annotations

import functools
import io
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.session import Session

from cloudmend.local.ec2 import wire
from cloudmend.local.ec2.errors import Ec2Error
from cloudmend.local.ec2.groups import SecurityGroups

OnCall = Callable[[str, dict[str, Any]], None]

_HERMETIC = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's session variables, without the environment's profile and the user's files."""


def memory_client(groups: SecurityGroups, *, on_call: OnCall | None = None) -> Any:
    """A botocore client "ec2" that speaks the wire format with `groups`.

    `on_call` is told the operation and the parameters of each call before it is answered. Nothing is
    retried. Not safe to be called from several threads at once (the client itself is).
    """
    client = _session().create_client(
        "ec2",
        region_name=groups.region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",  # noqa: S106 - AWS's own example
        config=Config(retries={"total_max_attempts": 1}, ignore_configured_endpoint_urls=True),
    )
    client.meta.events.register("before-send.ec2", functools.partial(_send, groups, on_call))
    return client


@functools.cache
def _session() -> Session:
    """One session for the process: the service model is read once, which is most of a client's cost."""
    session = Session(session_vars=_HERMETIC)
    session.register_component("data_loader", wire.loader())
    return session


def _send(groups: SecurityGroups, on_call: OnCall | None, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    request_id = str(uuid.uuid4())
    try:
        operation, params = wire.decode(_text(request.body))
        if on_call is not None:
            on_call(operation, params)
        body = wire.encode(operation, groups.call(operation, params), request_id)
        return _response(request.url, 200, body)
    except Ec2Error as error:
        return _response(request.url, error.status, wire.encode_error(error, request_id))


def _text(body: bytes | str) -> str:
    return body.decode() if isinstance(body, bytes) else body


def _response(url: str, status: int, body: bytes) -> AWSResponse:
    return AWSResponse(url, status, {"Content-Type": "text/xml;charset=UTF-8"}, _Body(body))


class _Body(io.BytesIO):
    """The part of an HTTP body's interface that botocore reads."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()
