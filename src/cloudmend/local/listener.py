"""The addresses on which the embedded AWS listens: one for this machine, and one more for containers, for a few calls.

In a container 127.0.0.1 is the container itself. Engines have a name for the machine that runs it, and, but for Docker
Desktop, it leads to an address of a bridge, which other machines may reach too. So nothing that runs code is answered
there: only what is named.
"""

from __future__ import annotations

import io
import re
import socket
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from threading import Thread
from typing import TYPE_CHECKING, Final

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.wrappers import Request

from cloudmend.core.errors import CloudmendError
from cloudmend.core.loopback import Guarded
from cloudmend.local.calls import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_IDLE_S = 10
_ACCOUNT = re.compile(r"^[0-9]{12}\.(?=localhost:)", re.IGNORECASE)
# How a container calls the machine that runs it: Docker Desktop's name, and what `--add-host` makes of it elsewhere.
NAME: Final = "host.docker.internal"
LOOPBACK: Final = "127.0.0.1"


class _Handler(MotoRequestHandler):
    """Gives up a connection on which nothing comes, so that closing never hangs; says only what went wrong."""

    timeout = _IDLE_S

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 werkzeug's signature
        if type != "info":
            super().log(type, message, *args)


class _Server(ThreadedWSGIServer):
    """A server with a thread for each request. Closing waits for the requests at work."""

    daemon_threads = False


class Listener:
    """A port that is taken when the listener is made, and answers from `serve` until `close`."""

    def __init__(self, host: str, port: int) -> None:
        """Port 0 stands for any free one. Raises OSError if the address is not this machine's, or the port taken."""
        self._host = host
        self._socket = socket.create_server((host, port))
        self.port: int = self._socket.getsockname()[1]
        self._server: _Server | None = None

    def serve(self, app: WSGIApplication) -> None:
        self._server = _Server(self._host, self.port, app, handler=_Handler, fd=self._socket.fileno())
        self._socket.close()
        self._thread = Thread(target=partial(self._server.serve_forever, 0.01), name="cloudmend-server")
        self._thread.start()

    def close(self) -> None:
        """Wait for the requests at work."""
        self._socket.close()
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@dataclass(frozen=True, slots=True)
class Containers:
    """The address at which containers are answered, and the allowed calls, such as `ec2:DescribeSecurityGroups`."""

    address: str
    operations: frozenset[str]

    @property
    def needs_listener(self) -> bool:
        """True if the address is another one than the embedded AWS listens on anyway."""
        return self.address != LOOPBACK

    def guarded(self, app: WSGIApplication) -> WSGIApplication:
        """Return what answers a container: under its name for this machine, and nothing but the operations."""
        return Guarded(_Only(app, self.operations), names=(NAME,))


def checked_address(text: str) -> str:
    """Return an address of this machine that is not the whole internet's. Raises CloudmendError."""
    try:
        address = IPv4Address(text)
    except ValueError:
        raise CloudmendError(
            f"{text!r} is not an IPv4 address. Name the one at which containers reach this machine: 172.17.0.1 for "
            "Docker's own bridge, 127.0.0.1 for Docker Desktop."
        ) from None
    if address.is_unspecified or address.is_global or address.is_multicast:
        raise CloudmendError(
            f"{text} would let other machines in. Name one address at which containers reach this machine: 172.17.0.1 "
            "for Docker's own bridge, 127.0.0.1 for Docker Desktop."
        )
    return text


def by_name(name: str, port: int, named: WSGIApplication, other: WSGIApplication) -> WSGIApplication:
    """Return an application that hands requests for a name of this server to one, and all else to another."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chosen = named if environ.get("HTTP_HOST", "").lower() == f"{name}:{port}" else other
        return chosen(environ, start_response)

    return app


def without_account(app: WSGIApplication) -> WSGIApplication:
    """Return an application that takes 111122223333.localhost, as SDKs call S3 Control, for localhost."""

    def named(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = _ACCOUNT.sub("", environ.get("HTTP_HOST", ""))
        return app({**environ, "HTTP_HOST": host} if "HTTP_HOST" in environ else environ, start_response)

    return named


class _Only:
    """A WSGI application that hands on a few operations, and refuses all others."""

    def __init__(self, app: WSGIApplication, operations: frozenset[str]) -> None:
        self._app = app
        self._operations = operations

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = read(Request(environ), "")
        operation = f"{request.service}:{request.operation}"
        if operation in self._operations:
            return self._app({**environ, "wsgi.input": io.BytesIO(request.body)}, start_response)
        body = (
            f"Refused, and nothing was done: {operation} is not among the calls that containers may make here: "
            f"{', '.join(sorted(self._operations))}.\n"
        ).encode()
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
