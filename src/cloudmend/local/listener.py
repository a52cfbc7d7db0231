"""An address on which the embedded AWS listens."""

from __future__ import annotations

import socket
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_IDLE_S = 10


class _Handler(MotoRequestHandler):
    """Gives up a connection on which nothing comes, so that closing never hangs; says only what went wrong."""

    timeout = _IDLE_S

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 werkzeug's signature
        if type != "info":
            super().log(type, message, *args)


class _Server(ThreadedWSGIServer):
    """One thread a request; closing waits for the requests at work."""

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
        self._thread = Thread(target=partial(self._server.serve_forever, 0.05), name="cloudmend-server")
        self._thread.start()

    def close(self) -> None:
        """Wait for the requests at work."""
        self._socket.close()
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
