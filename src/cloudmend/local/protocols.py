"""The protocols of AWS's services: how each spells a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

from cloudmend.local.api_calls import model_name
from cloudmend.local.messages import S3_CONTROL_PATH

if TYPE_CHECKING:
    from cloudmend.local.messages import ApiError, ApiRequest, ApiResponse

# JSON that kept the codes of the query protocol is "compatible" (SQS, CloudWatch). A service that sends XML over REST
# counts as "query", but for S3.
Spelling = Literal["ec2", "s3", "query", "compatible", "json", "rest-json"]
_ROOTS: Final = {"ec2": "Response", "s3": "Error", "query": "ErrorResponse"}


def spelling_of(request: ApiRequest) -> Spelling:
    """Return how the service of a request spells its refusals."""
    if request.service == "ec2":
        return "ec2"
    metadata = _metadata(request)
    if "x-amz-target" in request.headers:
        return "compatible" if "awsQueryCompatible" in metadata else "json"
    if request.is_form or metadata.get("protocol") != "rest-xml":
        return "query" if request.is_form else "rest-json"
    return "s3" if request.service == "s3" else "query"


def refusal(error: ApiError, request: ApiRequest) -> ApiResponse:
    """Return an error in the protocol of the request that it answers. S3 Control's XML is not S3's."""
    root = _ROOTS.get(spelling_of(request))
    if root == "Error" and request.path.startswith(S3_CONTROL_PATH):
        root = "ErrorResponse"
    return error.xml_response(root) if root else error.json_response()


def _metadata(request: ApiRequest) -> Any:
    try:
        return get_service_model(model_name(request)).metadata
    except UnknownServiceError:
        return {}
