"""Refuse requests without the console's whole address, or from a page that is not the console's.

The guard of all servers on this machine (`core/loopback.py`) stands before this one.

The token is in the path and not in a cookie: a browser sends cookies to every port of a host, so that any other
program on 127.0.0.1 would be told it.
"""

from __future__ import annotations

from functools import partial
from secrets import compare_digest
from typing import Final

from flask import Flask, Response, abort, request

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
