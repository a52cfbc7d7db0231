"""Calls of AWS's APIs as the embedded AWS receives them: a client of botocore writes the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from cloudmend.local.api_calls import modelled
from cloudmend.local.calls import read
from cloudmend.local.iam.actions import seen
from cloudmend.local.iam.resources_described import ApiCall, NoState

ACCOUNT, REGION = "111122223333", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11112222-3333-4444-5555-666677778888"


class Known(NoState):
    """What the tests' account has: a ledger, its topic with a key, a tagged group in a VPC, and a role under a path."""

    def owner_of(self, arn: str) -> str:
        return "444455556666" if arn.endswith("prefix-list/pl-1234567890abcdef0") else ""

    def keys_of(self, arn: str) -> Mapping[str, Any]:
        tagged = {"aws:ResourceTag/team": "web", "ec2:Vpc": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1"}
        return tagged if arn.endswith("security-group/sg-1234567890abcdef0") else {}

    def named(self, arn: str) -> str:
        return arn.replace(":role/deploy", ":role/teams/deploy")

    def partition_key_of(self, arn: str) -> str:
        return {"ledger": "pk", "by-time": "kind"}.get(arn.rpartition("/")[2], "")

    def key_of(self, arn: str) -> str:
        return KEY if arn.endswith(":notices") else ""


KNOWN = Known()


def sent(service: str, operation: str, params: Mapping[str, Any], region: str = REGION) -> ApiCall:
    """Return a call as the embedded AWS reads it from the request that botocore's client writes."""
    session = Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    client = session.create_client(service, region_name=region, endpoint_url="http://localhost:1")
    written: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        written.append(request)
        return AWSResponse(request.url, 400, {}, None)

    client.meta.events.register("before-send", keep)
    try:
        client._make_api_call(operation, dict(params))
    except (AttributeError, BotoCoreError, ClientError):
        assert written  # the answer is none, whatever botocore makes of that
    received = read(_received(written[0]), region)
    return seen(received, ACCOUNT, modelled(received))


def _received(request: AWSPreparedRequest) -> Request:
    headers = {
        name: value.decode() if isinstance(value, bytes) else str(value) for name, value in request.headers.items()
    }
    body = request.body or b""
    data = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    path, _, query = request.url.partition("://")[2].partition("/")[2].partition("?")
    environ = EnvironBuilder(
        f"/{path}", method=request.method, query_string=query, headers=headers, data=data
    ).get_environ()
    return Request(environ | {"RAW_URI": f"/{path}"})
