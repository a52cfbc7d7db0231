"""moto behind the front: its answers, and one final error for each operation or service that it lacks.

Where moto lacks an operation it raises, answers with a page, or looks for a server of that name. AWS's SDKs would try
such a failure again and again; an error with status 400 is final to all of them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from moto.backends import list_of_moto_modules
from moto.core.base_backend import BackendDict, BaseBackend, backend_lock
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.organizations.models import organizations_backends
from werkzeug.test import run_wsgi_app

from cloudmend.local.messages import ApiError, ApiResponse, error_code

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from cloudmend.local.messages import ApiRequest

_NOT_FOUND: Final = 404
_CODE: Final = "UnsupportedOperation"
# moto's words for a whole operation, and the host of a whole service.
_ADVICE: Final = re.compile(r" in Moto(?= yet)| Feel free to open an issue.*")
_WHOLE: Final = re.compile(r"The \w+ action has not been implemented|[\w.-]+")


# A service's routes, which take a while to make, and hold no state: that is in the accounts.
_routes: Final = cache(create_backend_app)


def forget_accounts() -> None:
    """Drop all that moto knows. moto itself would make every account again, needed or not."""
    with backend_lock:
        for accounts in BackendDict._instances:  # type: ignore[misc] # noqa: SLF001
            for account in accounts.values():
                for backend in account.values():
                    if type(backend).reset is not BaseBackend.reset:  # it holds more than memory, as S3 does files
                        backend.reset()
            accounts.clear()
        BackendDict._instances.clear()  # type: ignore[misc] # noqa: SLF001
    organizations_backends.master_accounts.clear()  # which moto keeps beside the accounts


class Emulator(DomainDispatcherApplication):
    """moto's server, which here fails for a service that it lacks rather than print and look for it."""

    def __init__(self) -> None:
        super().__init__(_routes)

    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the name of the service at a host; None for no host. Raises NotImplementedError."""
        if host is None or host in {"moto_api", *list_of_moto_modules()}:
            return host
        for service, pattern in self.backend_url_patterns:
            if pattern.match(f"http://{host}"):
                return service
        raise NotImplementedError(host)


def forwarded(emulator: WSGIApplication, environ: WSGIEnvironment, request: ApiRequest) -> ApiResponse:
    """Return moto's answer. Raises ApiError for an operation that moto lacks."""
    try:
        chunks, status, headers = run_wsgi_app(emulator, environ, buffered=True)
    except NotImplementedError as error:
        raise _lacking(request, str(error)) from None
    content, code = b"".join(chunks), int(status.split()[0])
    named = {name.lower(): value for name, value in headers}
    if code == _NOT_FOUND and content.startswith(b"<!doctype html>"):  # the page of a path without a handler
        raise _lacking(request)
    return ApiResponse(code, tuple(headers), content, error_code(code, named, content))


def _lacking(request: ApiRequest, reason: str = "") -> ApiError:
    """Return the error that names an operation, or a part of one, that exists nowhere here."""
    called = f"{request.operation} of {request.service}"
    if not reason or _WHOLE.fullmatch(reason):
        return ApiError(_CODE, f"The embedded AWS has no {called}. Nothing was done.")
    return ApiError(_CODE, f"The embedded AWS lacks what this {called} asks for. {_ADVICE.sub('', reason)}")
