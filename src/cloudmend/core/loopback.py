"""The requests that a server on this machine answers: those of this machine's programs, not those of web pages.

A page of any origin can make its browser send requests to a server on 127.0.0.1, and a name of the page's own site can
be made to point there (DNS rebinding). The first carry headers that only browsers send, the second a foreign Host.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# How this machine names itself in a URL.
NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
# The header by which the embedded AWS says which start of it answers.
START: Final = "x-cloudmend-start"

_ACCOUNT: Final = re.compile(r"^(https?://)[0-9]{12}\.(?=localhost[:/])", re.IGNORECASE)
_DEFAULT_PORT: Final = "80"  # a client leaves it out of Host
_PLAIN: Final = (
    ("Content-Type", "text/plain; charset=utf-8"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)


def without_account(url: str) -> str:
    """Return a URL without the account that S3 Control puts before the host, if the host is this machine.

    Not every machine takes 111122223333.localhost for itself.
    """
    return _ACCOUNT.sub(r"\1", url)


def refusal(
    headers: Mapping[str, str], port: str, *, names: Collection[str] = NAMES, own_pages: bool = False
) -> str | None:
    """Return why a request must be refused, as a sentence for whoever sent it; None if it may be answered.

    The names of `headers` are in lower case. `port` is the server's own. `own_pages`: the server has pages that may
    send requests to it.
    """
    host = headers.get("host")
    if host is None or host.lower() not in _hosts(names, port):
        return f"this server answers only to the names {', '.join(names)}, with port {port}. Use the printed address."
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "none")
    if own_pages and origin in (None, f"http://{host.lower()}") and site in ("none", "same-origin"):
        return None
    if own_pages:
        return "another page sent this request. Paste the printed address into the browser's address bar."
    if origin is not None or site != "none":
        return "a web page sent this request, and this server answers programs only."
    return None


def _hosts(names: Collection[str], port: str) -> Collection[str]:
    with_port = [f"{name}:{port}" for name in names]
    return [*with_port, *names] if port == _DEFAULT_PORT else with_port


class Guarded:
    """A WSGI application in front of another one: it refuses before a body is read, and grants no page anything."""

    def __init__(self, app: WSGIApplication, *, names: Collection[str] = NAMES, own_pages: bool = False) -> None:
        """Take the rules of `refusal`."""
        self._app = app
        self._names = names
        self._own_pages = own_pages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key[:5] == "HTTP_"}
        why = refusal(headers, environ["SERVER_PORT"], names=self._names, own_pages=self._own_pages)
        if why is None:
            return self._app(environ, partial(_without_cors, start_response))
        body = f"Refused, and nothing was done: {why}\n".encode()
        start_response("403 Forbidden", [*_PLAIN, ("Content-Length", str(len(body)))])
        return [body]


def _without_cors(start_response: StartResponse, status: str, fields: list[tuple[str, str]], *error: Any) -> Any:
    kept = [(name, value) for name, value in fields if not name.lower().startswith("access-control-")]
    return start_response(status, kept, *error)
