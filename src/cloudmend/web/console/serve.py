"""The console in the foreground, on this machine only."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import webbrowser
from contextlib import suppress
from threading import Thread
from typing import Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from cloudmend.core.errors import CloudmendError
from cloudmend.web.console.app import create_app
from cloudmend.web.console.context import ConsoleContext

_HOST: Final = "127.0.0.1"
_IDLE_S: Final = 2
_WELCOME: Final = """
The console is at {url}
Whoever has this address may do what your credentials may: do not share it. Press Ctrl-C to stop it.
"""


class _Handler(WSGIRequestHandler):
    """Gives up a connection on which nothing comes, so that closing never hangs; says only what went wrong."""

    timeout = _IDLE_S

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: the address holds the token."""


class _Server(ThreadedWSGIServer):
    """A server with a thread for each request: browsers open connections early. Closing waits for running requests."""

    daemon_threads = False


def serve(context: ConsoleContext, port: int, *, open_browser: bool) -> None:
    """Run until interrupted. Raises CloudmendError if the port is taken."""
    token = secrets.token_urlsafe(32)
    with _listener(port) as listener:
        port = listener.getsockname()[1]
        server = _Server(_HOST, port, create_app(context, token), handler=_Handler, fd=listener.fileno())
    with suppress(KeyboardInterrupt):
        _announce(f"http://{_HOST}:{port}/{token}/", open_browser=open_browser)
        server.serve_forever()  # which takes a KeyboardInterrupt for the end
    sys.stdout.write("\nStopping ...\n")


def _announce(url: str, *, open_browser: bool) -> None:
    sys.stdout.write(_WELCOME.format(url=url))
    sys.stdout.flush()
    if open_browser and has_browser():
        # A browser in the terminal only returns when its user leaves it.
        Thread(target=webbrowser.open, args=[url], daemon=True).start()


def has_browser() -> bool:
    """Return whether somebody is there to look, and has something to look with."""
    if not sys.stdout.isatty():
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        raise CloudmendError(
            f"Port {port} cannot be used ({os.strerror(error.errno or 0)}). "
            "Pass another with --port; --port 0 takes a free one."
        ) from None
