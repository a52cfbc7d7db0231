"""Reads an HTTP request as the AWS API call that it is: which service, which operation, signed with which key."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from werkzeug.wrappers import Request

from cloudmend.local.messages import S3_CONTROL_PATH, ApiRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel
    from werkzeug.datastructures import Headers

_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_RPC_V2 = re.compile(r"/service/[^/]+/operation/(\w+)")
_LABEL = re.compile(r"\{(\w+)(\+?)\}")
_FORM = "application/x-www-form-urlencoded"


class _Route(NamedTuple):
    """An operation of a REST service, and what a request for it has: a method, a path, and fields."""

    operation: str
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str]
    required: frozenset[str]

    def weight(self) -> tuple[int, int, int]:
        """The more a route demands, the better it describes a request that satisfies it."""
        return len(self.query) + len(self.required), -self.path.groups, len(self.path.pattern)


def read(request: Request, default_region: str) -> ApiRequest:
    """The API call in an HTTP request. An unsigned request counts as S3's, as it does on moto's server."""
    body = request.get_data()
    query = dict(parse_qsl(request.query_string.decode(), keep_blank_values=True))
    scope = _SCOPE.search(_credential(request.headers, query))
    service = scope["service"].lower() if scope else "s3"
    path = request.environ.get("RAW_URI", request.path).partition("?")[0]
    return ApiRequest(
        service=service,
        operation=_operation(service, request, path, query, body),
        region=scope["region"] if scope else default_region,
        access_key=scope["key"] if scope else "",
        method=request.method,
        path=path,
        query=query,
        headers={name.lower(): value for name, value in request.headers},
        body=body,
        source_ip=request.remote_addr or "127.0.0.1",
    )


def _credential(headers: Headers, query: Mapping[str, str]) -> str:
    return headers.get("Authorization") or f"Credential={query.get('X-Amz-Credential', '')}"


def _operation(service: str, request: Request, path: str, query: Mapping[str, str], body: bytes) -> str:
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    if (request.content_type or "").startswith(_FORM):
        return dict(parse_qsl(body.decode())).get("Action", "")
    if match := _RPC_V2.fullmatch(path):
        return match[1]
    return query.get("Action") or _rest_operation(service, request, path, query)


def _rest_operation(service: str, request: Request, path: str, query: Mapping[str, str]) -> str:
    """The operation of a REST service (S3, Lambda), found by botocore's model of it; method and path if unknown."""
    if service == "s3" and path.startswith(S3_CONTROL_PATH):
        service = "s3control"  # which signs as S3
    present = query.keys() | {name.lower() for name, _ in request.headers}
    fits = [
        route
        for route in _routes(service)
        if route.method == request.method
        and route.path.fullmatch(unquote(path))
        and route.query.items() <= query.items()
        and route.required <= present
    ]
    return max(fits, key=_Route.weight).operation if fits else f"{request.method} {path}"


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    model = _model(service) or _model(service.replace("-", ""))  # "access-analyzer" signs for accessanalyzer
    if model is None:
        return ()
    return tuple(_route(model.operation_model(name)) for name in model.operation_names)


def _model(name: str) -> ServiceModel | None:
    try:
        return ServiceModel(Loader().load_service_model(name, "service-2"), name)
    except UnknownServiceError:
        return None


def _route(operation: OperationModel) -> _Route:
    path, _, query = operation.http["requestUri"].partition("?")
    # S3's own model says /{Bucket}/{Key+}; a bucket alone comes with and without the closing slash.
    labels = _LABEL.sub(lambda label: "(.+)" if label[2] else "([^/]+)", path.rstrip("/"))
    return _Route(
        operation.name,
        operation.http["method"],
        re.compile(f"{labels}/?", re.DOTALL),
        dict(parse_qsl(query, keep_blank_values=True)),
        _required(operation),
    )


def _required(operation: OperationModel) -> frozenset[str]:
    """Names of the query parameters and headers (in lower case) without which the call is not this operation."""
    shape = operation.input_shape
    if shape is None:
        return frozenset()
    places = [shape.members[name].serialization for name in shape.required_members]
    return frozenset(
        place["name"].lower() if place["location"] == "header" else place["name"]
        for place in places
        if place.get("location") in {"header", "querystring"}
    )
