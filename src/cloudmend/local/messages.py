"""The messages on the wire: a request as received, a response, an error, and the log of the calls seen."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One signed HTTP request. `service` is the signing name ("ec2", "monitoring"), `path` is percent-encoded."""

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


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A whole HTTP response. `error_code` is AWS's code of a refused call, None for one that succeeded."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class SeenCall:
    """One API call: who asked what, when (UTC), and AWS's error code if it was refused."""

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

    def query_response(self) -> ApiResponse:
        """As the query protocol sends it (CloudFormation, STS)."""
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{self.code}</Code>"
            f"<Message>{escape(self.message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        )
        return ApiResponse(self.status, (("Content-Type", "text/xml"),), body.encode(), self.code)

    def json_response(self) -> ApiResponse:
        """As the JSON protocols send it (EventBridge, Lambda)."""
        body = json.dumps({"__type": self.code, "message": self.message, "Message": self.message}).encode()
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", self.code))
        return ApiResponse(self.status, headers, body, self.code)


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
