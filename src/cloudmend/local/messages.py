"""The messages on the wire: a request as received, a response, an error, and the log of the calls seen."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

REQUEST_ID = "x-amzn-requestid"
_REQUEST_ID = re.compile(rb"<requestid>([^<]+)<", re.IGNORECASE)
S3_CONTROL_PATH = "/v20180820/"
_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A signed HTTP request. `service` is the signing name ("ec2", "monitoring"), `path` is percent-encoded."""

    service: str
    operation: str
    region: str
    access_key: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    source_ip: str

    @property
    def is_form(self) -> bool:
        """True for the query protocols: the parameters come as a form."""
        return self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A whole HTTP response. `error_code` is AWS's code of a refused call, None for one that succeeded."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    error_code: str | None = None


def json_answer(result: Mapping[str, Any], kind: str = "x-amz-json-1.1") -> ApiResponse:
    """Return the answer to a call that succeeded, in a protocol of JSON: x-amz-json-1.1, or json for REST."""
    return ApiResponse(200, (("Content-Type", f"application/{kind}"),), json.dumps(result).encode())


@dataclass(frozen=True, slots=True)
class SeenCall:
    """An API call: who asked what, when (UTC), and AWS's error code if it was refused."""

    service: str
    operation: str
    principal: str
    error: str | None
    time: datetime


class ApiError(Exception):
    """A refusal by the embedded AWS, with the code and the sentence that AWS uses."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def xml_response(self, root: str) -> ApiResponse:
        """Return it in XML. `root` is "Error" for S3, "Response" for EC2, and "ErrorResponse" for others."""
        error = f"<Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
        request_id = f"<RequestId>{uuid.uuid4()}</RequestId>"
        body = {
            "Error": f"<Error>{error}{request_id}</Error>",
            "ErrorResponse": f"<ErrorResponse><Error>{error}</Error>{request_id}</ErrorResponse>",
            "Response": f"<Response><Errors><Error>{error}</Error></Errors>{request_id}</Response>",
        }[root]
        return ApiResponse(self.status, (("Content-Type", "text/xml"),), body.encode(), self.code)

    def json_response(self) -> ApiResponse:
        """Return it as the JSON protocols send it (EventBridge, Lambda)."""
        body = json.dumps({"__type": self.code, "message": self.message, "Message": self.message}).encode()
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", self.code))
        return ApiResponse(self.status, headers, body, self.code)


def identified(response: ApiResponse) -> tuple[tuple[str, str], ...]:
    """Return the headers of an answer, with the request's id that each answer of AWS has."""
    if any(name.lower() == REQUEST_ID for name, _ in response.headers):
        return response.headers
    found = _REQUEST_ID.search(response.body)
    return (*response.headers, (REQUEST_ID, found[1].decode() if found else str(uuid.uuid4())))


def error_code(status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    """AWS's error code in a response of any of its protocols; the status where there is none to be found."""
    if status < 400:
        return None
    if match := _XML_CODE.search(body):
        return match[1].decode()
    named = headers.get("x-amzn-errortype") or _json_type(body)
    return named.split(":")[0].rpartition("#")[2] if named else str(status)


def _json_type(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("__type", "")) if isinstance(document, dict) else ""
