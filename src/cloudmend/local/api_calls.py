"""Any service's call as botocore's model tells it: the operation, its parameters and its result, in the API's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from botocore.parsers import create_parser
from moto.core.parse import PROTOCOL_PARSERS, RequestDict
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

from cloudmend.local.messages import S3_CONTROL_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, Shape

    from cloudmend.local.messages import ApiRequest, ApiResponse

# The services whose model has another name than the one that signs.
_MODELS = {
    "api.ecr": "ecr",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}
_LABEL = re.compile(r"\\\{(\w+)(\\\+)?\\\}")


class ModelledCall(NamedTuple):
    """A call, with the model of its operation and what it asks for."""

    service: str  # the model's name: "s3control"
    model: OperationModel
    protocol: str
    params: Mapping[str, Any]

    def result(self, response: ApiResponse) -> Mapping[str, Any] | None:
        """The answer in the model's words, or None if the call was refused or its answer is a stream."""
        shape = self.model.output_shape
        if response.error_code is not None or shape is None or self.model.has_streaming_output:
            return None
        headers = {name.lower(): value for name, value in response.headers}
        return parsed(self.protocol, response.body, shape, headers, response.status)


def parsed(
    protocol: str, body: bytes, shape: Shape, headers: Mapping[str, str] | None = None, status: int = 200
) -> Mapping[str, Any]:
    """Return a body by a protocol, in the words of a shape."""
    message = {"status_code": status, "headers": headers or {}, "body": body}
    found: dict[str, Any] = create_parser(protocol).parse(message, shape)
    found.pop("ResponseMetadata", None)
    return found


def model_name(request: ApiRequest) -> str:
    """Return the name that botocore's model has for the service of a request."""
    name = _MODELS.get(request.service, request.service)
    return "s3control" if name == "s3" and request.path.startswith(S3_CONTROL_PATH) else name


def modelled(request: ApiRequest) -> ModelledCall | None:
    """Return the call in its model's words; None for a service, operation or protocol that cannot be read."""
    name = model_name(request)
    try:
        model = get_service_model(name).operation_model(request.operation)
    except (UnknownServiceError, OperationNotFoundError):
        return None
    protocol = _protocol(request, model)
    if protocol not in PROTOCOL_PARSERS:
        return None
    params = PROTOCOL_PARSERS[protocol](model).parse(_request(request, model))
    return ModelledCall(name, model, protocol, params)


def _protocol(request: ApiRequest, model: OperationModel) -> str:
    """The protocol of the call. Older SDKs send some services' calls as forms that newer ones send as JSON."""
    protocol = str(model.service_model.metadata["protocol"])
    return "query" if protocol == "json" and request.is_form else protocol


def _request(request: ApiRequest, model: OperationModel) -> RequestDict:
    body = request.body.decode(errors="replace")
    values = parse_qsl(body, keep_blank_values=True) if request.is_form else list(request.query.items())
    return {
        "body": body,
        "headers": Headers(list(request.headers.items())),
        "method": request.method,
        "url_params": _labels(model.http.get("requestUri", "/"), request.path),
        "url_path": request.path,
        "values": MultiDict(values),
    }


def _labels(template: str, path: str) -> dict[str, str]:
    """Return what the path holds for each {Label} of a template."""
    pattern = _LABEL.sub(
        lambda label: f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})",
        re.escape(template.partition("?")[0].rstrip("/")),
    )
    found = re.fullmatch(f"{pattern}/?", path, re.DOTALL)
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else {}
