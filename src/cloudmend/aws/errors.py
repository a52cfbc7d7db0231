"""botocore's exceptions -> AwsError, in a sentence that says what, where and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from cloudmend.core.errors import AwsError, InputError

_NO_CREDENTIALS: Final = (
    "There are no AWS credentials. Run `aws configure`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY"
)
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")
_ADVICE: Final = {
    "AccessDenied": "Grant the caller that action",
    "AccessDeniedException": "Grant the caller that action",
    "UnauthorizedOperation": "Grant the caller that action",
    "AuthFailure": "Check the credentials and their Region",
    "InvalidClientTokenId": "Check the credentials",
    "ExpiredToken": "Renew the credentials",
    "RequestExpired": "Renew the credentials, and check this machine's clock",
    "RequestLimitExceeded": "Too many calls at once: it will be tried again",
}


# AWS did nothing, whatever the status: EC2 throttles with 503.
_THROTTLED: Final = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"})


@contextmanager
def readable_settings() -> Iterator[None]:
    """Raise InputError in place of what botocore raises for settings that it cannot use: a profile, an endpoint."""
    try:
        yield
    except InvalidRegionError as error:  # an event, or an option, may name anything
        named = error.kwargs.get("region_name", "")
        raise InputError(f"{named!r} is not the name of a Region. Pass --region, such as eu-west-1.") from error
    except (BotoCoreError, ValueError) as error:
        problem = str(error).rstrip(".")
        raise InputError(
            f"Your AWS settings cannot be used: {problem}. AWS was not called. "
            "Check AWS_PROFILE, AWS_ENDPOINT_URL, AWS_REGION and the files ~/.aws/config and ~/.aws/credentials."
        ) from error


@contextmanager
def translated(action: str, region: str) -> Iterator[None]:
    """Raises AwsError in place of what botocore raises for a call of this IAM action in this Region."""
    where = f"{action} in {region}"
    try:
        yield
    except ClientError as error:
        raise _answered(error, action, where) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise AwsError(f"{where}: {_NO_CREDENTIALS}.", action=action, code="", refused=True) from error
    except (ConnectionError, HTTPClientError, ResponseParserError) as error:
        message = f"{where}: no answer ({error}). {_unanswered(error)}."
        raise AwsError(message, action=action, code="", refused=False) from error
    except BotoCoreError as error:
        raise AwsError(f"{where}: not sent ({error}).", action=action, code="", refused=True) from error


def _unanswered(error: Exception) -> str:
    """Return what to do about a server that does not answer."""
    asked = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", "")))
    if asked.hostname in _THIS_MACHINE:
        return (
            f"AWS_ENDPOINT_URL names this machine. Start `cloudmend local --port {asked.port}`, or, to use your own "
            "AWS account, open a terminal without the lines that it printed"
        )
    return "Check the network, the Region's name and AWS_ENDPOINT_URL"


def _answered(error: ClientError, action: str, where: str) -> AwsError:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    message = str(error.response.get("Error", {}).get("Message", "")).rstrip(".")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    advice = f" {_ADVICE[code]}." if code in _ADVICE else ""
    return AwsError(
        f"{where}: AWS answered {code} ({message}).{advice}",
        action=action,
        code=code,
        refused=status < 500 or code in _THROTTLED,
    )
