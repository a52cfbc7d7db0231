"""A Lambda function, invoked and waited for."""

from __future__ import annotations

import json
from typing import Any, Final

from botocore.config import Config
from botocore.session import Session

from cloudmend.aws.errors import translated
from cloudmend.aws.gateway import connector
from cloudmend.core.model import Json

_SPARE_S: Final = 30  # beside the function's own time: a cold start


class FunctionFailed(Exception):
    """The function raised. `kind` is the name of its exception, or one of Lambda's own for what ended it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def invoke(configuration: Json, region: str, event: Any) -> Any:
    """Return what the function returned; it is invoked once, whatever becomes of it.

    Raises FunctionFailed, and AwsError where AWS did not invoke it.
    """
    patience = Config(
        connect_timeout=2,
        read_timeout=configuration["Timeout"] + _SPARE_S,
        retries={"total_max_attempts": 1},
        user_agent="cloudmend",
    )
    with translated("lambda:InvokeFunction", region):
        client = connector(Session(), region, patience)("lambda")
        answer = client.invoke(FunctionName=configuration["FunctionName"], Payload=json.dumps(event).encode())
        returned = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise FunctionFailed(str(returned.get("errorType", "Error")), str(returned.get("errorMessage", "")))
    return returned
