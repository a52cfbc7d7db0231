"""The pages as one WSGI application, and the guard before them."""

from __future__ import annotations

from functools import partial
from secrets import compare_digest
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, abort, render_template, request
from jinja2 import StrictUndefined
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from cloudmend.core.errors import CloudmendError
from cloudmend.core.escaping import terminal
from cloudmend.core.loopback import Guarded
from cloudmend.web.console.context import ConsoleContext
from cloudmend.web.console.pages import Pages, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

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
