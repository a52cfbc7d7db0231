"""The console in the foreground, on this machine only: the pages as one WSGI application, and the guard before them."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import webbrowser
from contextlib import suppress
from functools import partial
from secrets import compare_digest
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, abort, render_template, request
from jinja2 import StrictUndefined
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from cloudmend.cli.console.pages import ConsoleContext, Pages, status_of
from cloudmend.cli.screen import has_browser
from cloudmend.core.errors import CloudmendError
from cloudmend.core.escaping import terminal
from cloudmend.core.loopback import Guarded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_HOST: Final = "127.0.0.1"
_IDLE_S: Final = 2
_WELCOME: Final = """
The console is at {url}
Whoever has this address may do what your credentials may: do not share it. Press Ctrl-C to stop it.
"""
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    # Not no-referrer: browsers would send "Origin: null" with our own forms, and nobody could tell whose they are.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


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


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        raise CloudmendError(
            f"Port {port} cannot be used ({os.strerror(error.errno or 0)}). "
            "Pass another with --port; --port 0 takes a free one."
        ) from None


def create_app(context: ConsoleContext, token: str) -> Flask:
    """Pages below /TOKEN/, and nothing elsewhere."""
    app = Flask(__name__, static_url_path=f"/{token}/static")
    app.jinja_options = {"finalize": _visible, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    guard(app, token)
    app.register_blueprint(Pages(context).blueprint(), url_prefix=f"/{token}")
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(CloudmendError, _failed)
    one_at_a_time = partial(_one_at_a_time, app.wsgi_app, Lock())
    app.wsgi_app = Guarded(one_at_a_time, own_pages=True)  # type: ignore[method-assign]
    return app


def _visible(value: Any) -> Any:
    """Return what every {{ }} of a template goes through, so that none can be forgotten: only what can be seen.

    Jinja escapes it besides. What is Markup was made by us, from what is escaped.
    """
    return terminal(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _refused(error: HTTPException) -> Response:
    """Return the error as plain text. A client without the token learns nothing from it."""
    return Response(f"{error.description}\n", error.code, mimetype="text/plain")


def _failed(error: CloudmendError) -> tuple[str, int]:
    return render_template("error.html", problem=str(error)), status_of(error)


def _one_at_a_time(
    app: WSGIApplication, lock: Lock, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Serve one request at a time, so that no page shows what another request is about to change."""
    with lock:
        return app(environ, start_response)


def guard(app: Flask, token: str) -> None:
    """Put the guard before every request to the app, and the headers on every answer, also of what is not there."""
    app.before_request(partial(_refuse_other_tokens, token.encode()))
    app.before_request(_refuse_no_page)
    app.after_request(_with_headers)


def _refuse_other_tokens(token: bytes) -> None:
    given = request.path.split("/")[1]
    if not compare_digest(given.encode(), token):
        abort(404, "There is nothing here. Use the whole address that cloudmend console printed.")


def _refuse_no_page() -> None:
    """A browser says where a form was sent from. One that says nothing is no browser."""
    if request.method == "POST" and "Origin" not in request.headers:
        abort(403, "This form was not sent from the console's own page. Nothing was changed.")


def _with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
