"""The layer in front of moto's server: it sees every call, and hands it to the service that answers it.

A call is answered only if its key is somebody's, and if the policies allow that caller what the call requests.
"""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from botocore.session import Session
from werkzeug.wrappers import Request, Response

from cloudmend.core.loopback import START
from cloudmend.local.api_calls import ModelledCall, modelled
from cloudmend.local.calls import read
from cloudmend.local.clock import CLOCK
from cloudmend.local.cloudtrail import recorded
from cloudmend.local.emulator import forwarded
from cloudmend.local.iam.actions import seen
from cloudmend.local.iam.enforce import authenticated, denial_of
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.refusals import denied
from cloudmend.local.identity import Principal, who
from cloudmend.local.messages import ApiError, ApiRequest, ApiResponse, SeenCall, identified
from cloudmend.local.protocols import refusal, spelling_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from cloudmend.local.iam.collect import Identity
    from cloudmend.local.iam.request import AccessRequest, Policy
    from cloudmend.local.iam.resources_described import State
    from cloudmend.local.lag import LaggingReads
    from cloudmend.local.trails import CloudTrail, Listener

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Exchange:
    """A call on its way: the request, its caller, and moto to forward it to."""

    request: ApiRequest
    principal: Principal
    _identity: Identity
    _state: State
    _emulator: WSGIApplication
    _environ: WSGIEnvironment

    @cached_property
    def call(self) -> ModelledCall | None:
        """The call in its model's words; None if it cannot be read."""
        return modelled(self.request)

    @property
    def is_anonymous(self) -> bool:
        """True if nobody signed the request."""
        return self._identity.caller.kind == "anonymous"

    def authorize(self, shown: Mapping[str, str] = _NOTHING) -> None:
        """Raise ApiError, in the words of the service, if the policies do not allow the call.

        `shown` are the condition keys of what the caller shows with this call alone, such as a code of its MFA device.
        """
        account = self._identity.caller.account
        sentence = denial_of(self._identity, lambda: seen(self.request, account, self.call), self._state, shown)
        if sentence:
            raise denied(self.request.service, spelling_of(self.request), sentence)

    def is_shared(self, asked: AccessRequest, policy: Policy) -> bool:
        """Return whether the policy of a resource, and those of the caller, allow a request."""
        return evaluate(asked, self._identity.caller, replace(self._identity.policies, resource=policy)).allowed

    def forward(self, body: bytes | None = None, account: str = "") -> ApiResponse:
        """moto's answer, to the request as it is, with another body, or as one of another account.

        moto is told the account: by itself it looks for the key in all partitions of all accounts, and so makes them.
        Raises ApiError for what moto lacks.
        """
        body = self.request.body if body is None else body
        account = account or self._identity.caller.account
        as_account = {"HTTP_X_MOTO_ACCOUNT_ID": account} if account else {}
        environ = {**self._environ, **as_account, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return forwarded(self._emulator, environ, self.request)


Service = Callable[[Exchange], ApiResponse]
_TOLD_BY_THEMSELVES = frozenset({"ec2"})
# The services that call Exchange.authorize: EC2 records what is denied, STS knows what the caller shows.
_AUTHORIZED_BY_THEMSELVES = frozenset({"ec2", "sts"})


class Front:
    """A WSGI application: the services given here, by signing name, and moto for all others."""

    def __init__(
        self,
        emulator: WSGIApplication,
        services: Mapping[str, Service],
        state: State,
        *,
        region: str,
        start: str,
        reads: LaggingReads,
        on_call: Callable[[SeenCall], None],
        trails: CloudTrail,
        log: Callable[[str], None],
    ) -> None:
        self._emulator = emulator
        self._services = services
        self._state = state
        self._region = region
        self._start = start
        self._reads = reads
        self._on_call = on_call
        self._trails = trails
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = read(Request(environ), self._region)
        principal = who(request.access_key, request.region)
        answer = self._answer(request, principal, environ)
        self._on_call(
            SeenCall(
                request.service,
                request.operation,
                principal.arn,
                answer.error_code,
                CLOCK.now(),
            )
        )
        response = Response(answer.body, answer.status, [*identified(answer), (START, self._start)])
        return response(environ, start_response)

    def _answer(self, request: ApiRequest, principal: Principal, environ: WSGIEnvironment) -> ApiResponse:
        """Answer a call, and record it if its key is somebody's."""
        try:
            _check_region(request.region)
            identity = authenticated(request)
        except ApiError as error:
            return refusal(error, request)
        exchange = Exchange(request, principal, identity, self._state, self._emulator, environ)
        before = self._trails.before(request.service)
        answer = self._served(exchange)
        self._record(exchange, answer, before)
        return answer

    def _served(self, exchange: Exchange) -> ApiResponse:
        """The one place where a crash becomes an answer: AWS's InternalFailure, with the trace in the log."""
        service = self._services.get(exchange.request.service, Exchange.forward)
        try:
            if exchange.request.service not in _AUTHORIZED_BY_THEMSELVES:
                exchange.authorize()
            return self._reads.answer(exchange.request, exchange.principal.account, service(exchange))
        except ApiError as error:
            return refusal(error, exchange.request)
        except Exception:  # noqa: BLE001 the boundary of the server
            self._log(traceback.format_exc())
            return refusal(ApiError("InternalFailure", "The embedded AWS failed: see its log.", 500), exchange.request)

    def _record(self, exchange: Exchange, answer: ApiResponse, before: Sequence[Listener]) -> None:
        """Report a call to CloudTrail. EC2's own service reports EC2's calls."""
        if exchange.request.service in _TOLD_BY_THEMSELVES or exchange.is_anonymous:
            return
        try:
            call = exchange.call
            told = recorded(exchange.request, exchange.principal, call, answer) if call else None
        except Exception:  # noqa: BLE001 a record that cannot be written must not change the answer
            self._log(traceback.format_exc())
        else:
            if told:
                self._trails.report(told, before)


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
