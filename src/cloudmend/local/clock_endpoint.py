"""The time of the embedded AWS over HTTP, for tests in any language: GET reads it, POST moves it forward."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Request, Response

from cloudmend.local.clock import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# No bucket has a name with an underscore, so no request to S3 has this path.
PATH: Final = "/_cloudmend/clock"
_USAGE: Final = 'Send {"seconds": 3600}: how far the clock moves forward.'


def with_clock(app: WSGIApplication, advance: Callable[[timedelta], None]) -> WSGIApplication:
    """Return an application that answers for the clock, and hands on all else."""

    def answering(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            return app(environ, start_response)
        return _answer(Request(environ), advance)(environ, start_response)

    return answering


def _answer(request: Request, advance: Callable[[timedelta], None]) -> Response:
    if request.method == "POST":
        seconds = _seconds(request.get_data())
        if seconds is None:
            return Response(json.dumps({"error": _USAGE}), 400, content_type="application/json")
        advance(timedelta(seconds=seconds))
    return Response(json.dumps({"now": CLOCK.now().isoformat(timespec="seconds")}), content_type="application/json")


def _seconds(body: bytes) -> float | None:
    """Return the seconds that a request asks for; None if it asks for none, or to go back."""
    try:
        seconds = json.loads(body)["seconds"]
    except (ValueError, TypeError, KeyError):
        return None
    return seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds >= 0 else None
