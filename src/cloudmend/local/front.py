"""The layer in front of moto's server: it sees every call, and hands it to the service that answers it."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.session import Session
from werkzeug.wrappers import Request, Response

from cloudmend.core.loopback import START
from cloudmend.local.api_calls import modelled
from cloudmend.local.calls import read
from cloudmend.local.cloudtrail import event, recorded
from cloudmend.local.emulator import forwarded
from cloudmend.local.identity import Principal, who
from cloudmend.local.messages import ApiError, ApiRequest, ApiResponse, SeenCall, identified, refusal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call on its way: the request, its caller, and moto to forward it to."""

    request: ApiRequest
    principal: Principal
    _emulator: WSGIApplication
    _environ: WSGIEnvironment

    def forward(self, body: bytes | None = None) -> ApiResponse:
        """moto's answer, to the request as it is or with another body. Raises ApiError for what moto lacks."""
        body = self.request.body if body is None else body
        environ = {**self._environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return forwarded(self._emulator, environ, self.request)


Service = Callable[[Exchange], ApiResponse]
_TOLD_BY_THEMSELVES = frozenset({"ec2"})


class Front:
    """A WSGI application: the services given here, by signing name, and moto for all others."""

    def __init__(
        self,
        emulator: WSGIApplication,
        services: Mapping[str, Service],
        *,
        region: str,
        start: str,
        on_call: Callable[[SeenCall], None],
        put_event: Callable[[Mapping[str, Any]], None],
        log: Callable[[str], None],
    ) -> None:
        self._emulator = emulator
        self._services = services
        self._region = region
        self._start = start
        self._on_call = on_call
        self._put_event = put_event
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = read(Request(environ), self._region)
        exchange = Exchange(request, who(request.access_key, request.region), self._emulator, environ)
        answer = self._answer(exchange)
        self._record(exchange, answer)
        self._on_call(
            SeenCall(
                request.service,
                request.operation,
                exchange.principal.arn,
                answer.error_code,
                datetime.now(UTC),
            )
        )
        response = Response(answer.body, answer.status, [*identified(answer), (START, self._start)])
        return response(environ, start_response)

    def _answer(self, exchange: Exchange) -> ApiResponse:
        """The one place where a crash becomes an answer: AWS's InternalFailure, with the trace in the log."""
        service = self._services.get(exchange.request.service, Exchange.forward)
        try:
            _check_region(exchange.request.region)
            return service(exchange)
        except ApiError as error:
            return refusal(error, exchange.request)
        except Exception:  # noqa: BLE001 the boundary of the server
            self._log(traceback.format_exc())
            return refusal(ApiError("InternalFailure", "The embedded AWS failed: see its log.", 500), exchange.request)

    def _record(self, exchange: Exchange, answer: ApiResponse) -> None:
        """Put CloudTrail's event of a write on the bus. EC2's own service puts those of EC2's calls."""
        if exchange.request.service in _TOLD_BY_THEMSELVES:
            return
        try:
            call = modelled(exchange.request)
            told = recorded(exchange.request, exchange.principal, call, answer) if call else None
        except Exception:  # noqa: BLE001 a record that cannot be written must not change the answer
            self._log(traceback.format_exc())
        else:
            if told and not told.is_read:
                self._put_event(event(told))


@cache
def known_regions() -> frozenset[str]:
    """Return the names of the Regions of all partitions, as botocore has them."""
    session = Session()
    partitions = session.get_available_partitions()
    return frozenset(name for each in partitions for name in session.get_available_regions("ec2", each))


def _check_region(name: str) -> None:
    """Raise ApiError for a Region that there is not. AWS itself has no server there to say so."""
    if name not in known_regions():
        raise ApiError("InvalidRegion", f"{name} is not the name of a Region that the embedded AWS knows.", 400)
